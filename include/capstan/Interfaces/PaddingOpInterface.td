//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_PADDINGOPINTERFACE
#define CAPSTAN_PADDINGOPINTERFACE

include "mlir/IR/OpBase.td"

def PaddingOpInterface : OpInterface<"PaddingOpInterface"> {
  let cppNamespace = "::capstan";
  let description = [{
    An operation that can be made anew on padded tensors. The new operation must
    give live slots of its results what the original gives them, whatever padded
    slots of its operands hold, as far as their state doesn't say; it must not
    fail or fault on them. Dialects that are linked in implement or attach the
    interface. An operation without it is only cloned where it touches no
    padding, and is an error elsewhere.

    ```c++
    struct TransposeModel
        : PaddingOpInterface::ExternalModel<TransposeModel, MyTransposeOp> {
      LogicalResult rebuildPadded(Operation *op, Padder &padder) const {
        PaddedTensor source = padder.lookup(op->getOperand(0));
        ...
        return padder.define(op->getResult(0), result);
      }
    };
    ```
  }];
  let methods = [
    InterfaceMethod<[{Makes the operation anew at `padder.builder()`, and defines
      what stands for its tensor results. Failure after an error that says what
      can't be proven (`padder.fail`).}],
      "::llvm::LogicalResult", "rebuildPadded", (ins "::capstan::Padder &":$padder)>,
  ];
}

#endif // CAPSTAN_PADDINGOPINTERFACE
