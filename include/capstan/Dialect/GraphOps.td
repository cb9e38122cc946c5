//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_GRAPHOPS
#define CAPSTAN_GRAPHOPS

include "capstan/Dialect/CapstanDialect.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
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
    Pure, Terminator, ReturnLike,
    ParentOneOf<["GraphOp", "WithDeviceOp"]>]> {
  let summary = "ends the body of a graph, or of `capstan.with_device`";
  let description = [{
    ```mlir
    capstan.yield %y : tensor<64x4xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$results);
  let assemblyFormat = "($results^ `:` type($results))? attr-dict";
}

def Capstan_CallGraphOp : Op<Capstan_Dialect, "call_graph", [
    AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "runs a graph's body, or replays what was captured of it";
  let description = [{
    The callee is the body of a graph, on buffers of static sizes. For an argument
    of it, the operand is one of

    - a buffer of the same type, which a replay reads where it is,
    - a row-major buffer with the argument's first elements: all sizes behind the
      first dynamic one are the argument's. The body gets a copy in memory of the
      graph, where the other elements may be anything,
    - a host value of the element type, for an argument of rank 0.

    A result is memory of the caller, as of `memref.alloc`: all of the callee's
    result, or its first elements in the sizes given.

    ```mlir
    %y = capstan.call_graph @main_graph(%x, %w, %n) sizes(%rows)
         : (memref<?x8xf32>, memref<8x4xf32>, i64) -> memref<?x4xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee,
      Variadic<AnyTypeOf<[AnyMemRef, AnySignlessInteger, AnyFloat]>>:$inputs,
      Variadic<Index>:$sizes);
  let results = (outs Variadic<AnyMemRef>:$results);
  let assemblyFormat = [{
    $callee `(` $inputs `)` (`sizes` `(` $sizes^ `)`)? attr-dict
    `:` functional-type($inputs, $results)
  }];
}

//===----------------------------------------------------------------------===//
// Buckets
//===----------------------------------------------------------------------===//

def Capstan_CounterResource : Resource<"::capstan::CounterResource">;

// The values are those of CAPSTAN_RT_FALLBACK_* in capstan_rt/compiled.h.
def Capstan_FallbackReason : I32EnumAttr<
    "FallbackReason", "why a batch runs the dynamic original", [
      I32EnumAttrCase<"TooLarge", 0, "too_large">,
      I32EnumAttrCase<"NoCombination", 1, "no_combination">,
      I32EnumAttrCase<"BadSizes", 2, "bad_sizes">]> {
  let cppNamespace = "::capstan";
}

def Capstan_CountFallbackOp : Op<Capstan_Dialect, "count_fallback", [
    MemoryEffects<[MemWrite<Capstan_CounterResource>]>]> {
  let summary = "counts a batch that runs the dynamic original";
  let description = [{
    The runtime counts it by its reason: a size is above every bucket
    (`too_large`), no bucket holds all sizes (`no_combination`), or sizes of
    arguments contradict each other or their declared bounds (`bad_sizes`).

    ```mlir
    capstan.count_fallback too_large
    ```
  }];
  let arguments = (ins Capstan_FallbackReason:$reason);
  let assemblyFormat = "$reason attr-dict";
}

def Capstan_CountPaddingOp : Op<Capstan_Dialect, "count_padding", [
    MemoryEffects<[MemWrite<Capstan_CounterResource>]>]> {
  let summary = "counts what a bucket adds to a batch";
  let description = [{
    `live` elements of inputs were padded to `padded`.

    ```mlir
    capstan.count_padding %live of %padded
    ```
  }];
  let arguments = (ins I64:$live, I64:$padded);
  let assemblyFormat = "$live `of` $padded attr-dict";
}

#endif // CAPSTAN_GRAPHOPS
