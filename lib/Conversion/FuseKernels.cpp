//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Fuses elementwise work into fewer kernels, with upstream's patterns.
//
//   %a = linalg.map { arith.negf } ins(%x : ...) outs(%e : ...)
//   %b = linalg.map { math.exp } ins(%a : ...) outs(%e : ...)
//   // becomes
//   %b = linalg.generic {...} ins(%x : ...) outs(%e : ...) {negf, exp}
//
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANFUSEKERNELS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

namespace {

/// Named operations become generic; fills stay, other patterns know them.
struct Generalize : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    if (isa<linalg::GenericOp, linalg::FillOp>(op.getOperation()))
      return failure();
    return linalg::generalizeNamedOp(rewriter, op);
  }
};

bool hasCheck(linalg::GenericOp op) {
  return llvm::any_of(op.getBody()->getOperations(), [](Operation &inner) {
    return !isPure(&inner) && !inner.hasTrait<OpTrait::IsTerminator>() &&
           !isa<tensor::ExtractOp>(inner);
  });
}

/// Costs more to compute again than to read back.
bool isCostly(linalg::GenericOp op) {
  return llvm::any_of(op.getBody()->getOperations(), [](Operation &inner) {
    return isa<math::MathDialect>(inner.getDialect()) ||
           isa<tensor::ExtractOp, arith::DivFOp, arith::DivSIOp>(inner);
  });
}

bool mayFuse(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer || hasCheck(producer) || hasCheck(consumer))
    return false;
  for (Operation *user : producer->getUsers())
    if (user != consumer)
      return false;
  AffineMap map = consumer.getMatchingIndexingMap(operand);
  return map.isPermutation() || !isCostly(producer);
}

struct FuseKernels : public capstan::impl::CapstanFuseKernelsBase<FuseKernels> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    auto run = [&](llvm::function_ref<void(RewritePatternSet &)> populate) {
      RewritePatternSet patterns(context);
      populate(patterns);
      (void)applyPatternsGreedily(getOperation(), std::move(patterns));
    };
    run([&](RewritePatternSet &patterns) {
      patterns.add<Generalize>(context);
      tensor::populateDecomposeTensorConcatPatterns(patterns);
    });
    run([&](RewritePatternSet &patterns) {
      linalg::ControlDropUnitDims control;
      linalg::populateFoldUnitExtentDimsPatterns(patterns, control);
      linalg::populateMoveInitOperandsToInputPattern(patterns);
    });
    run([&](RewritePatternSet &patterns) {
      linalg::populateElementwiseOpsFusionPatterns(patterns, mayFuse);
      linalg::populateFoldReshapeOpsByExpansionPatterns(patterns, mayFuse);
      tensor::populateFoldTensorEmptyPatterns(patterns);
      linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
      tensor::populateReassociativeReshapeFoldingPatterns(patterns);
      linalg::GenericOp::getCanonicalizationPatterns(patterns, context);
      tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, context);
      tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, context);
      tensor::DimOp::getCanonicalizationPatterns(patterns, context);
    });
  }
};
} // namespace
