//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_HOSTSYNCOPINTERFACE
#define CAPSTAN_HOSTSYNCOPINTERFACE

include "mlir/IR/OpBase.td"

def HostSyncOpInterface : OpInterface<"HostSyncOpInterface"> {
  let cppNamespace = "::capstan";
  let description = [{
    An operation that turns device data into host data. Dialects that are linked
    in implement or attach this interface; others are described by a model file
    (`docs/op-models.md`). The operation must be deterministic in its operands
    and have no effect but reading the `HostSync` resource (and memory operands).

    ```mlir
    %longest = capstan.item %max[] : tensor<i32>
    ```
  }];
  let methods = [
    InterfaceMethod<"The operands whose contents are read from the device.",
      "::llvm::SmallVector<::mlir::OpOperand *>", "getSyncSources", (ins)>,
    InterfaceMethod<[{How result `index` is made of its source: two results of
      equal conversion, source, indices and type are the same host value.}],
      "::llvm::StringRef", "getSyncConversion", (ins "unsigned":$index)>,
    InterfaceMethod<"Whether the operation blocks the host where it stands.",
      "bool", "isBlocking", (ins), "", "return true;">,
    InterfaceMethod<[{Whether the sizes of all results are known on the host
      before the operation, so that it can join a packed transfer.}],
      "bool", "hasHostKnownSizes", (ins), "", "return true;">,
  ];
}

#endif // CAPSTAN_HOSTSYNCOPINTERFACE
