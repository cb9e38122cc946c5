//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Says that the tensors of a caller are not bufferized in place.
//
//   func.func @main(%x: tensor<4xf32>)
//   // becomes
//   func.func @main(%x: tensor<4xf32> {bufferization.writable = false})
//
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANPROTECTARGUMENTS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

namespace {
struct ProtectArguments
    : public capstan::impl::CapstanProtectArgumentsBase<ProtectArguments> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isPrivate())
      return;
    for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
      if (isa<TensorType>(type))
        function.setArgAttr(
            i, bufferization::BufferizationDialect::kWritableAttrName,
            BoolAttr::get(&getContext(), false));
  }
};
} // namespace
