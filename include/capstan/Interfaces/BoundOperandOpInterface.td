//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_BOUNDOPERANDOPINTERFACE
#define CAPSTAN_BOUNDOPERANDOPINTERFACE

include "mlir/IR/OpBase.td"

def BoundOperandOpInterface : OpInterface<"BoundOperandOpInterface"> {
  let cppNamespace = "::capstan";
  let description = [{
    An operation some of whose operands are upper bounds only: the longest
    length of a packed attention, a grid size, a capacity. Any larger value
    gives the same results, and no result shape depends on it.

    ```mlir
    capstan.foreign_op "torch.operator" {match = {name = "torch.varlen.attention"},
        bound_operands = [{operand = 4, at_most = {operand = 0, dim = 0}}]}
    ```
  }];
  let methods = [
    InterfaceMethod<"The operands that are upper bounds, and what bounds them.",
      "::llvm::SmallVector<::capstan::BoundOperand>", "getBoundOperands", (ins)>,
  ];
}

#endif // CAPSTAN_BOUNDOPERANDOPINTERFACE
