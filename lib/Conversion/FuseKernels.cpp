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

/// Groups of dimensions that have one that isn't of size 1; empty if there are
/// as many as dimensions.
SmallVector<ReassociationIndices> withoutUnits(ArrayRef<int64_t> shape,
                                               std::optional<unsigned> kept) {
  SmallVector<ReassociationIndices> groups;
  bool hasOther = false;
  for (auto [i, size] : llvm::enumerate(shape)) {
    bool isUnit = size == 1 && i != kept;
    if (groups.empty() || (hasOther && !isUnit)) {
      groups.push_back({});
      hasOther = false;
    }
    groups.back().push_back(i);
    hasOther |= !isUnit;
  }
  if (groups.size() == shape.size())
    groups.clear();
  return groups;
}

/// A concatenation of dimensions that aren't of size 1.
struct UnitDimsOfConcat : OpRewritePattern<tensor::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tensor::ConcatOp op,
                                PatternRewriter &rewriter) const override {
    unsigned dim = op.getDim();
    auto type = cast<RankedTensorType>(op.getType());
    auto groups = withoutUnits(type.getShape(), dim);
    if (groups.empty() || type.isDynamicDim(dim))
      return failure();
    SmallVector<Value> parts;
    for (Value part : op.getInputs()) {
      if (withoutUnits(cast<ShapedType>(part.getType()).getShape(), dim) !=
          groups)
        return failure();
      parts.push_back(
          tensor::CollapseShapeOp::create(rewriter, op.getLoc(), part, groups));
    }
    auto at = llvm::find_if(groups, [&](const ReassociationIndices &group) {
      return llvm::is_contained(group, int64_t(dim));
    });
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(rewriter, op.getLoc(), op.getInputs()[0]);
    sizes[dim] = rewriter.getIndexAttr(type.getDimSize(dim));
    Value small = tensor::ConcatOp::create(rewriter, op.getLoc(),
                                           at - groups.begin(), parts);
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(op, type, small, groups,
                                                       sizes);
    return success();
  }
};

/// A slice of dimensions that aren't of size 1.
struct UnitDimsOfSlice : OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tensor::ExtractSliceOp op,
                                PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> shape = op.getSourceType().getShape();
    auto groups = withoutUnits(shape, std::nullopt);
    if (groups.empty() || op.getType().getRank() != int64_t(shape.size()))
      return failure();
    // Of a dimension of size 1, there may be nothing.
    for (auto [i, size] : llvm::enumerate(shape))
      if (size == 1 && op.getType().getDimSize(i) != 1)
        return failure();
    SmallVector<OpFoldResult> offsets, sizes, strides;
    for (const ReassociationIndices &group : groups) {
      auto other =
          llvm::find_if(group, [&](int64_t i) { return shape[i] != 1; });
      int64_t dim = other == group.end() ? group.back() : *other;
      offsets.push_back(op.getMixedOffsets()[dim]);
      sizes.push_back(op.getMixedSizes()[dim]);
      strides.push_back(op.getMixedStrides()[dim]);
    }
    Value source = tensor::CollapseShapeOp::create(rewriter, op.getLoc(),
                                                   op.getSource(), groups);
    Value small = tensor::ExtractSliceOp::create(rewriter, op.getLoc(), source,
                                                 offsets, sizes, strides);
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(
        op, op.getType(), small, groups, op.getMixedSizes());
    return success();
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
  // A product reads each element often.
  return map.isPermutation() ||
         !(isCostly(producer) || linalg::isaContractionOpInterface(consumer));
}

struct FuseKernels : public capstan::impl::CapstanFuseKernelsBase<FuseKernels> {
  using CapstanFuseKernelsBase::CapstanFuseKernelsBase;

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    auto run = [&](llvm::function_ref<void(RewritePatternSet &)> populate) {
      RewritePatternSet patterns(context);
      populate(patterns);
      (void)applyPatternsGreedily(getOperation(), std::move(patterns));
    };
    run([&](RewritePatternSet &patterns) {
      patterns.add<Generalize, UnitDimsOfConcat, UnitDimsOfSlice>(context);
      if (!keepConcats)
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
