//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "VectorizeRows.h"
#include "RowGather.h"
#include "capstan/Conversion/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace capstan;

namespace {
/// A number of a row that was written to this tensor, or null.
Value numberIn(OpBuilder &b, Location loc, Value tensor) {
  auto write = tensor.getDefiningOp<vector::TransferWriteOp>();
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!write || !type || !type.hasStaticShape() || type.getNumElements() != 1 ||
      write.getMask() || write.hasOutOfBoundsDim())
    return {};
  SmallVector<int64_t> first(write.getVectorType().getRank(), 0);
  return vector::ExtractOp::create(b, loc, write.getVector(), first);
}

/// A number that is read again, as another type of one element than upstream's
/// folder looks for.
struct ForwardNumber : OpRewritePattern<vector::TransferReadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::TransferReadOp read,
                                PatternRewriter &rewriter) const override {
    if (read.getMask() || read.hasOutOfBoundsDim() ||
        read.getVectorType().getNumElements() != 1)
      return failure();
    Value number = numberIn(rewriter, read.getLoc(), read.getBase());
    if (!number)
      return failure();
    rewriter.replaceOpWithNewOp<vector::BroadcastOp>(read, read.getVectorType(),
                                                     number);
    return success();
  }
};

/// A number that picks a row.
struct ForwardIndex : OpRewritePattern<tensor::ExtractOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractOp read,
                                PatternRewriter &rewriter) const override {
    Value number = numberIn(rewriter, read.getLoc(), read.getTensor());
    if (!number)
      return failure();
    rewriter.replaceOp(read, number);
    return success();
  }
};
} // namespace

/// Parts of a row, side by side.
static void vectorize(IRRewriter &rewriter, tensor::ConcatOp op) {
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(op.getType());
  auto vectorOf = [](RankedTensorType type) {
    return VectorType::get(type.getShape(), type.getElementType());
  };
  Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
  SmallVector<Value> first(type.getRank(), zero);
  SmallVector<bool> inBounds(type.getRank(), true);
  Value row = arith::ConstantOp::create(rewriter, loc,
                                        rewriter.getZeroAttr(vectorOf(type)));
  SmallVector<int64_t> place(type.getRank(), 0), strides(type.getRank(), 1);
  for (Value part : op.getInputs()) {
    auto partType = cast<RankedTensorType>(part.getType());
    Value read = vector::TransferReadOp::create(
        rewriter, loc, vectorOf(partType), part, first,
        /*padding=*/std::nullopt, inBounds);
    row = vector::InsertStridedSliceOp::create(rewriter, loc, read, row, place,
                                               strides);
    place.back() += partType.getShape().back();
  }
  Value empty = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                        type.getElementType());
  auto write = vector::TransferWriteOp::create(rewriter, loc, row, empty, first,
                                               inBounds);
  rewriter.replaceOp(op, write.getResult());
}

/// Whether both pick the same rows.
static bool areEqual(linalg::GenericOp a, linalg::GenericOp b) {
  return a.getInputs() == b.getInputs() && a->getBlock() == b->getBlock() &&
         a.getIndexingMaps() == b.getIndexingMaps() &&
         a.getResultTypes() == b.getResultTypes() &&
         OperationEquivalence::isRegionEquivalentTo(
             &a.getRegion(), &b.getRegion(),
             OperationEquivalence::IgnoreLocations);
}

LogicalResult capstan::vectorizeRows(Operation *root) {
  IRRewriter rewriter(root->getContext());
  SmallVector<linalg::GenericOp> gathers;
  SmallVector<Operation *> work;
  auto inRows = [&](llvm::function_ref<void(Operation *)> visit) {
    root->walk([&](scf::ForallOp loop) {
      if (loop->hasAttr(kRowsAttr))
        loop.getBody()->walk(visit);
    });
  };
  auto isGather = [](Operation *op) {
    return isa<linalg::GenericOp>(op) &&
           llvm::any_of(op->getRegion(0).front(), [](Operation &inner) {
             return isa<linalg::IndexOp, tensor::ExtractOp, cf::AssertOp>(
                 inner);
           });
  };
  // A row is checked once for all that read it.
  DominanceInfo dominance(root);
  eliminateCommonSubExpressions(rewriter, dominance, root);
  inRows([&](Operation *op) {
    if (isGather(op))
      gathers.push_back(cast<linalg::GenericOp>(op));
  });
  for (auto [i, op] : llvm::enumerate(gathers)) {
    for (linalg::GenericOp other : ArrayRef(gathers).drop_front(i + 1))
      if (areEqual(op, other))
        for (Operation &inner : llvm::make_early_inc_range(*other.getBody()))
          if (isa<cf::AssertOp>(inner))
            rewriter.eraseOp(&inner);
    takeRows(rewriter, op);
  }
  inRows([&](Operation *op) {
    if (isa<linalg::LinalgOp, tensor::ConcatOp>(op))
      work.push_back(op);
  });
  for (Operation *op : work) {
    rewriter.setInsertionPoint(op);
    if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
      vectorize(rewriter, concat);
      continue;
    }
    auto result = linalg::vectorize(rewriter, op);
    if (failed(result))
      return op->emitOpError("of a row can't be made vectors");
    rewriter.replaceOp(op, result->replacements);
  }
  // Vectors of one row become vectors of its elements.
  MLIRContext *context = root->getContext();
  RewritePatternSet patterns(context);
  linalg::populateLinalgTilingCanonicalizationPatterns(patterns);
  vector::populateCastAwayVectorLeadingOneDimPatterns(patterns);
  tensor::populateFoldTensorSubsetIntoVectorTransferPatterns(patterns);
  tensor::populateFoldTensorSubsetOpPatterns(patterns);
  vector::populateVectorTransferPermutationMapLoweringPatterns(patterns);
  vector::populateVectorMultiReductionLoweringPatterns(
      patterns, vector::VectorMultiReductionLowering::InnerReduction);
  vector::populateDropUnitDimWithShapeCastPatterns(patterns);
  // What is the same for the row is computed once.
  vector::populateSinkVectorOpsPatterns(patterns);
  patterns.add<ForwardNumber, ForwardIndex>(context);
  for (RegisteredOperationName op : context->getRegisteredOperations())
    if (isa<vector::VectorDialect>(op.getDialect()))
      op.getCanonicalizationPatterns(patterns, context);
  return applyPatternsGreedily(root, std::move(patterns));
}
