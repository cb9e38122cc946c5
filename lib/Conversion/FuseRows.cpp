//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Joins what is computed row by row, sums of rows included, and makes vectors
// of the rows.
//
//   %s = linalg.generic {sum of squares} ins(%x) outs(%zero) -> tensor<?xf32>
//   %y = linalg.generic {x / sqrt(s)} ins(%x, %s) outs(%e) ->
//   tensor<?x1024xf32>
//   // becomes
//   %y = scf.forall (%i) in (%n) shared_outs(%o = %e) -> tensor<?x1024xf32> {
//     %row = vector.transfer_read %x[%i, %c0] : vector<1024xf32>
//     %sum = vector.reduction <add>, %squares : vector<1024xf32> into f32
//     ...
//   } {capstan.rows}
//
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANFUSEROWS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {

/// A block of 256 threads holds a row in registers: 64 elements a thread.
constexpr int64_t longestRow = 16384;

/// Arithmetic on elements only: no indices, no reads of other elements, no
/// checks, all of which need one thread for each element.
bool isArithmetic(linalg::GenericOp op) {
  return llvm::all_of(op.getBody()->without_terminator(), [](Operation &inner) {
    return inner.getNumResults() == 1 && isPure(&inner) &&
           (OpTrait::hasElementwiseMappableTraits(&inner) ||
            inner.hasTrait<OpTrait::ConstantLike>());
  });
}

/// The elements of an innermost loop that 16-byte accesses can do; 0 if they
/// can't: the length isn't known, or has a rest.
int64_t rowLength(linalg::GenericOp op) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  if (ranges.empty() || ShapedType::isDynamic(ranges.back()) ||
      ranges.back() > longestRow)
    return 0;
  int64_t bits = 64;
  for (Value operand : op->getOperands()) {
    Type element = getElementTypeOrSelf(operand.getType());
    if (!element.isIntOrFloat() || element.getIntOrFloatBitWidth() < 8)
      return 0;
    bits = std::min<int64_t>(bits, element.getIntOrFloatBitWidth());
  }
  return ranges.back() % (128 / bits) == 0 ? ranges.back() : 0;
}

/// All operands are whole rows, one row for all, or one element for each row:
/// what the threads of a row can read without each other.
bool readsRows(linalg::GenericOp op) {
  unsigned last = op.getNumLoops() - 1;
  return llvm::all_of(op.getIndexingMapsArray(), [&](AffineMap map) {
    if (!map.isProjectedPermutation())
      return false;
    for (auto [i, expr] : llvm::enumerate(map.getResults()))
      if (expr == getAffineDimExpr(last, op.getContext()) &&
          i + 1 != map.getNumResults())
        return false;
    return true;
  });
}

/// The end of a chain: rows are computed of rows.
bool isRowWork(linalg::GenericOp op) {
  return op.hasPureTensorSemantics() && op.getNumLoops() >= 2 &&
         op.getNumParallelLoops() == op.getNumLoops() &&
         op.getNumDpsInits() == 1 &&
         op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity() &&
         isArithmetic(op) && readsRows(op) && rowLength(op) > 0;
}

/// Computes rows of the same length, or a number for each row.
bool mayJoin(Operation *producer, linalg::GenericOp anchor, int64_t length) {
  if (isa<linalg::FillOp>(producer))
    return true;
  auto op = dyn_cast<linalg::GenericOp>(producer);
  if (!op || !op.hasPureTensorSemantics() || op.getNumDpsInits() != 1 ||
      !isArithmetic(op) || !readsRows(op) ||
      op->getBlock() != anchor->getBlock())
    return false;
  unsigned rows = anchor.getNumLoops() - 1;
  AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  // Reductions are those of the row; numbers have the loops of the rows.
  unsigned reductions = op.getNumLoops() - op.getNumParallelLoops();
  if (!result.isMinorIdentity() && !result.isIdentity() &&
      result !=
          AffineMap::getMultiDimIdentityMap(op.getNumLoops(), op.getContext())
              .getMajorSubMap(rows))
    return false;
  if (reductions == 0 && op.getNumLoops() == rows)
    return true;
  return op.getNumLoops() == rows + 1 && reductions <= 1 &&
         rowLength(op) == length &&
         (reductions == 0 ||
          op.getIteratorTypesArray().back() == utils::IteratorType::reduction);
}

/// A number of a row that was written and is read again, as another type of one
/// element than upstream's folder looks for.
struct ForwardNumber : OpRewritePattern<vector::TransferReadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::TransferReadOp read,
                                PatternRewriter &rewriter) const override {
    auto write = read.getBase().getDefiningOp<vector::TransferWriteOp>();
    auto type = dyn_cast<RankedTensorType>(read.getBase().getType());
    if (!write || !type || !type.hasStaticShape() ||
        type.getNumElements() != 1 || read.getMask() || write.getMask() ||
        read.hasOutOfBoundsDim() || write.hasOutOfBoundsDim() ||
        read.getVectorType().getNumElements() != 1)
      return failure();
    SmallVector<int64_t> first(write.getVectorType().getRank(), 0);
    Value number = vector::ExtractOp::create(rewriter, read.getLoc(),
                                             write.getVector(), first);
    rewriter.replaceOpWithNewOp<vector::BroadcastOp>(read, read.getVectorType(),
                                                     number);
    return success();
  }
};

struct FuseRows : public capstan::impl::CapstanFuseRowsBase<FuseRows> {
  void runOnOperation() override {
    SmallVector<linalg::GenericOp> work;
    getOperation().walk([&](linalg::GenericOp op) { work.push_back(op); });
    IRRewriter rewriter(&getContext());
    // Ends of chains first. Those that were joined are gone when their turn
    // comes, unless somebody else uses them.
    llvm::DenseSet<Operation *> joined;
    bool changed = false;
    for (linalg::GenericOp op : llvm::reverse(work))
      if (!joined.contains(op) && isRowWork(op)) {
        if (failed(join(rewriter, op, joined)))
          return signalPassFailure();
        changed = true;
      }
    if (!changed)
      return markAllAnalysesPreserved();
    if (failed(vectorize(rewriter)))
      return signalPassFailure();
  }

  LogicalResult join(IRRewriter &rewriter, linalg::GenericOp anchor,
                     llvm::DenseSet<Operation *> &joined) {
    int64_t length = rowLength(anchor);
    unsigned rows = anchor.getNumLoops() - 1;
    SmallVector<OpFoldResult> sizes(rows, rewriter.getIndexAttr(1));
    sizes.push_back(rewriter.getIndexAttr(0));
    scf::SCFTileAndFuseOptions options;
    options.tilingOptions.setTileSizes(sizes);
    options.tilingOptions.setLoopType(
        scf::SCFTilingOptions::LoopType::ForallOp);
    llvm::SetVector<Operation *> members = membersOf(anchor, length);
    // Results that others need whole. A fill is made again for them.
    llvm::DenseSet<Operation *> kept;
    for (Operation *op : members)
      if (!isa<linalg::FillOp>(op) &&
          llvm::any_of(op->getUsers(), [&](Operation *user) {
            return !members.contains(user);
          }))
        kept.insert(op);
    joined.insert_range(members);
    options.setFusionControlFn(
        [&](tensor::ExtractSliceOp, OpResult producer, bool)
            -> std::optional<scf::SCFTileAndFuseOptions::ControlFnResult> {
          Operation *op = producer.getOwner();
          if (!members.contains(op))
            return std::nullopt;
          return scf::SCFTileAndFuseOptions::ControlFnResult{kept.contains(op)};
        });
    rewriter.setInsertionPoint(anchor);
    FailureOr<scf::SCFTileAndFuseResult> result =
        scf::tileConsumerAndFuseProducersUsingSCF(
            rewriter, cast<TilingInterface>(anchor.getOperation()), options);
    if (failed(result))
      return anchor.emitOpError("can't be split into rows");
    auto loop = cast<scf::ForallOp>(result->loops.front());
    loop->setAttr(kRowsAttr, rewriter.getI64IntegerAttr(length));
    for (auto [value, replacement] : result->replacements)
      replaceOutside(rewriter, value, replacement, loop);
    ++numRows;
    return success();
  }

  /// What the loop of `anchor` computes. It stands where the anchor does: what
  /// else uses a result must come later. A fill is left where it is.
  static llvm::SetVector<Operation *> membersOf(linalg::GenericOp anchor,
                                                int64_t length) {
    llvm::SetVector<Operation *> members;
    members.insert(anchor);
    auto follows = [&](Operation *user) {
      Operation *here = anchor->getBlock()->findAncestorOpInBlock(*user);
      return members.contains(user) || (here && anchor->isBeforeInBlock(here));
    };
    // One may be able to follow only after another did.
    for (size_t before = 0; before != members.size();) {
      before = members.size();
      for (size_t i = 0; i < members.size(); ++i)
        for (Value operand : members[i]->getOperands())
          if (Operation *op = operand.getDefiningOp();
              op && mayJoin(op, anchor, length) &&
              (isa<linalg::FillOp>(op) ||
               llvm::all_of(op->getUsers(), follows)))
            members.insert(op);
    }
    return members;
  }

  /// Sizes that the loop needs are those of what is written.
  static void replaceOutside(IRRewriter &rewriter, Value value,
                             Value replacement, scf::ForallOp loop) {
    auto op = value.getDefiningOp<linalg::LinalgOp>();
    for (OpOperand &use : llvm::make_early_inc_range(value.getUses())) {
      Operation *user = use.getOwner();
      if (loop->isProperAncestor(user))
        continue;
      bool isBefore =
          user->getBlock() == loop->getBlock() && user->isBeforeInBlock(loop);
      if (!isBefore)
        rewriter.modifyOpInPlace(user, [&] { use.set(replacement); });
      else if (auto dim = dyn_cast<tensor::DimOp>(user); dim && op)
        rewriter.modifyOpInPlace(user, [&] {
          use.set(op.getDpsInitOperand(cast<OpResult>(value).getResultNumber())
                      ->get());
        });
    }
  }

  LogicalResult vectorize(IRRewriter &rewriter) {
    SmallVector<linalg::LinalgOp> work;
    getOperation().walk([&](scf::ForallOp loop) {
      if (loop->hasAttr(kRowsAttr))
        loop.walk([&](linalg::LinalgOp op) { work.push_back(op); });
    });
    for (linalg::LinalgOp op : work) {
      rewriter.setInsertionPoint(op);
      auto result = linalg::vectorize(rewriter, op);
      if (failed(result))
        return op.emitOpError("of a row can't be made vectors");
      rewriter.replaceOp(op, result->replacements);
    }
    // Vectors of one row become vectors of its elements.
    MLIRContext *context = &getContext();
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
    patterns.add<ForwardNumber>(context);
    for (RegisteredOperationName op : context->getRegisteredOperations())
      if (isa<vector::VectorDialect>(op.getDialect()))
        op.getCanonicalizationPatterns(patterns, context);
    return applyPatternsGreedily(getOperation(), std::move(patterns));
  }
};
} // namespace
