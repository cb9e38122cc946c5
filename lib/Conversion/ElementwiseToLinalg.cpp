//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Makes arithmetic on whole tensors linalg operations, as upstream's
// convert-elementwise-to-linalg does, but for a choice between tensors.
//
//   %c = arith.cmpi sgt, %a, %b : tensor<?xi32>
//   // becomes
//   %c = linalg.generic {...} ins(%a, %b : tensor<?xi32>, tensor<?xi32>) ...
//
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Transforms/DialectConversion.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANELEMENTWISETOLINALG
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

/// The tensors of a choice may differ in size.
static bool isChoice(Operation *op) {
  auto select = dyn_cast<arith::SelectOp>(op);
  return select && !isa<TensorType>(select.getCondition().getType());
}

namespace {
struct ElementwiseToLinalg
    : public capstan::impl::CapstanElementwiseToLinalgBase<
          ElementwiseToLinalg> {
  void runOnOperation() override {
    ConversionTarget target(getContext());
    target.markUnknownOpDynamicallyLegal([](Operation *op) {
      return isChoice(op) || !OpTrait::hasElementwiseMappableTraits(op) ||
             !llvm::any_of(op->getOperandTypes(), [](Type type) {
               return isa<RankedTensorType>(type);
             });
    });
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseToLinalgConversionPatterns(patterns);
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
