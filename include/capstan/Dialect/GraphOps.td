//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_GRAPHOPS
#define CAPSTAN_GRAPHOPS

include "capstan/Dialect/CapstanDialect.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Capstan_GraphOp : Op<Capstan_Dialect, "graph", [
    IsolatedFromAbove, RecursiveMemoryEffects, RecursivelySpeculatable,
    SingleBlock]> {
  let summary = "work on the device that is captured once and then replayed";
  let description = [{
    The body is the same work each time: `--capstan-outline-graphs` makes it a
    function whose first run is an ordinary one, whose second is captured, and
    which is replayed afterwards. Only contents of device memory are fresh.

    Inputs are tensors on the device of static sizes. A host value is allowed
    inside if it is a constant, or computed from constants and induction variables
    of loops with constant bounds. One that changes from batch to batch has to be
    guarded (a bucket makes it a constant) or to come through device memory. Every
    operation inside has to be capturable (`CaptureSafeOpInterface`): it doesn't
    wait for the device, allocate by a size of run time, or call unknown code.

    ```mlir
    %z = capstan.graph(%x, %w : tensor<64x8xf32>, tensor<8x4xf32>) -> tensor<64x4xf32> {
    ^bb0(%a: tensor<64x8xf32>, %b: tensor<8x4xf32>):
      %e = tensor.empty() : tensor<64x4xf32>
      %y = linalg.matmul ins(%a, %b : tensor<64x8xf32>, tensor<8x4xf32>)
                         outs(%e : tensor<64x4xf32>) -> tensor<64x4xf32>
      capstan.yield %y : tensor<64x4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$inputs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `(` ($inputs^ `:` type($inputs))? `)` (`->` type($results)^)? attr-dict-with-keyword
    $body
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Capstan_YieldOp : Op<Capstan_Dialect, "yield", [
    Pure, Terminator, ReturnLike, HasParent<"GraphOp">]> {
  let summary = "ends the body of a graph";
  let description = [{
    ```mlir
    capstan.yield %y : tensor<64x4xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = "($results^ `:` type($results))? attr-dict";
}

#endif // CAPSTAN_GRAPHOPS
