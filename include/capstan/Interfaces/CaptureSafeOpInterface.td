//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_CAPTURESAFEOPINTERFACE
#define CAPSTAN_CAPTURESAFEOPINTERFACE

include "mlir/IR/OpBase.td"

def CaptureSafeOpInterface : OpInterface<"CaptureSafeOpInterface"> {
  let cppNamespace = "::capstan";
  let description = [{
    An operation whose work on the device may be captured in a graph and replayed.
    Static sizes and host operands that are the same each time are asked of all
    such operations; the interface adds what else one needs.

    ```mlir
    %y = linalg.exp ins(%x : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
    ```
  }];
  let methods = [
    InterfaceMethod<[{Why this operation can't be captured, apart from what holds
      for all; empty if it can.}],
      "::std::string", "getCaptureObstacle", (ins), "", "return {};">,
    InterfaceMethod<[{Whether it enqueues work. Views and fresh memory don't.}],
      "bool", "enqueuesWork", (ins), "", "return true;">,
  ];
}

#endif // CAPSTAN_CAPTURESAFEOPINTERFACE
