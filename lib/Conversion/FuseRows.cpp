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

#include "RowSiblings.h"
#include "RowWork.h"
#include "VectorizeRows.h"
#include "capstan/Conversion/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANFUSEROWS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {

/// Slices and concatenations of a loop: each may have what it reads computed
/// once more, before equal things are merged.
constexpr unsigned mostParts = 16;

/// A part of rows side by side is parts of those, side by side.
struct SliceOfConcat : OpRewritePattern<tensor::ExtractSliceOp> {
  SliceOfConcat(MLIRContext *context,
                const llvm::SetVector<Operation *> &members)
      : OpRewritePattern(context), members(members) {}

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp slice,
                                PatternRewriter &rewriter) const override {
    auto concat = slice.getSource().getDefiningOp<tensor::ConcatOp>();
    if (!concat || !members.contains(concat) ||
        slice.getType().getRank() != slice.getSourceType().getRank() ||
        !slice.hasUnitStride())
      return failure();
    int64_t begin = slice.getStaticOffsets().back();
    int64_t size = slice.getStaticSizes().back(), first = 0;
    if (ShapedType::isDynamic(begin) || ShapedType::isDynamic(size))
      return failure();
    SmallVector<OpFoldResult> offsets = slice.getMixedOffsets(),
                              sizes = slice.getMixedSizes();
    SmallVector<Value> parts;
    for (Value part : concat.getInputs()) {
      int64_t length = cast<ShapedType>(part.getType()).getShape().back();
      int64_t from = std::max(begin, first);
      int64_t to = std::min(begin + size, first + length);
      if (from < to) {
        offsets.back() = rewriter.getIndexAttr(from - first);
        sizes.back() = rewriter.getIndexAttr(to - from);
        parts.push_back(tensor::ExtractSliceOp::create(
            rewriter, slice.getLoc(), part, offsets, sizes,
            slice.getMixedStrides()));
      }
      first += length;
    }
    if (parts.size() == 1)
      rewriter.replaceOp(slice, parts[0]);
    else
      rewriter.replaceOpWithNewOp<tensor::ConcatOp>(slice, slice.getType(),
                                                    concat.getDim(), parts);
    return success();
  }

  const llvm::SetVector<Operation *> &members;
};

/// What has the sizes of a value, and isn't computed: its sizes are no reason
/// to compute the value.
Value sizedLike(Value value) {
  while (Operation *op = value.getDefiningOp())
    if (auto concat = dyn_cast<tensor::ConcatOp>(op))
      value = concat.getInputs()[0]; // only the last size differs; it is static
    else if (auto from = dyn_cast<DestinationStyleOpInterface>(op))
      value = from.getTiedOpOperand(cast<OpResult>(value))->get();
    else
      break;
  return value;
}

struct FuseRows : public capstan::impl::CapstanFuseRowsBase<FuseRows> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<tensor::ConcatOp> concats;
    getOperation().walk([&](tensor::ConcatOp op) {
      if (isPart(op))
        concats.push_back(op);
    });
    for (tensor::ConcatOp op : concats)
      copyBehind(rewriter, op);
    joinSiblings(rewriter, getOperation());
    SmallVector<linalg::GenericOp> work;
    getOperation().walk([&](linalg::GenericOp op) { work.push_back(op); });
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
    if (changed && failed(vectorizeRows(getOperation())))
      return signalPassFailure();
    // Concatenations that are left.
    RewritePatternSet patterns(&getContext());
    tensor::populateDecomposeTensorConcatPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }

  /// Rows side by side are written by a copy of them, unless that is joined.
  static void copyBehind(IRRewriter &rewriter, tensor::ConcatOp op) {
    rewriter.setInsertionPointAfter(op);
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(op.getType());
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(rewriter, loc, sizedLike(op.getInputs()[0]));
    sizes.back() = rewriter.getIndexAttr(type.getShape().back());
    Value init =
        tensor::EmptyOp::create(rewriter, loc, sizes, type.getElementType());
    AffineMap map = rewriter.getMultiDimIdentityMap(type.getRank());
    auto copy = linalg::GenericOp::create(
        rewriter, loc, TypeRange(type), op.getResult(), init, {map, map},
        SmallVector(type.getRank(), utils::IteratorType::parallel),
        [](OpBuilder &b, Location loc, ValueRange arguments) {
          linalg::YieldOp::create(b, loc, arguments[0]);
        });
    rewriter.replaceAllUsesExcept(op.getResult(), copy.getResult(0), copy);
  }

  LogicalResult join(IRRewriter &rewriter, linalg::GenericOp anchor,
                     llvm::DenseSet<Operation *> &joined) {
    unsigned rows = anchor.getNumLoops() - 1;
    SmallVector<OpFoldResult> sizes(rows, rewriter.getIndexAttr(1));
    sizes.push_back(rewriter.getIndexAttr(partOfRow(anchor)));
    scf::SCFTileAndFuseOptions options;
    options.tilingOptions.setTileSizes(sizes);
    options.tilingOptions.setLoopType(
        scf::SCFTilingOptions::LoopType::ForallOp);
    llvm::SetVector<Operation *> members = membersOf(anchor);
    // Results that others need whole. A fill is made again for them.
    llvm::DenseSet<Operation *> kept;
    for (Operation *op : members)
      if (!isa<linalg::FillOp>(op) && !isPart(op) &&
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
    RewritePatternSet patterns(&getContext());
    patterns.add<SliceOfConcat>(&getContext(), members);
    tensor::populateMergeConsecutiveInsertExtractSlicePatterns(patterns);
    options.cleanupPatterns = std::move(patterns);
    rewriter.setInsertionPoint(anchor);
    FailureOr<scf::SCFTileAndFuseResult> result =
        scf::tileConsumerAndFuseProducersUsingSCF(
            rewriter, cast<TilingInterface>(anchor.getOperation()), options);
    if (failed(result))
      return anchor.emitOpError("can't be split into rows");
    auto loop = cast<scf::ForallOp>(result->loops.front());
    for (auto [value, replacement] : result->replacements)
      replaceOutside(rewriter, value, replacement, loop);
    // Parts of rows are counted, as rows are.
    FailureOr<scf::ForallOp> counted = normalizeForallOp(rewriter, loop);
    if (failed(counted))
      return failure();
    (*counted)->setAttr(kRowsAttr, rewriter.getUnitAttr());
    eraseUnused(rewriter, members);
    ++numRows;
    return success();
  }

  /// Checks in them would be made again. A fill is left where it is.
  static void eraseUnused(IRRewriter &rewriter,
                          const llvm::SetVector<Operation *> &members) {
    SmallVector<Operation *> work;
    llvm::copy_if(members, std::back_inserter(work),
                  [](Operation *op) { return !isa<linalg::FillOp>(op); });
    llvm::sort(
        work, [](Operation *a, Operation *b) { return b->isBeforeInBlock(a); });
    for (Operation *op : work) {
      for (OpOperand &use : llvm::make_early_inc_range(op->getUses())) {
        Operation *user = use.getOwner();
        if (isa<tensor::DimOp>(user))
          rewriter.modifyOpInPlace(user,
                                   [&] { use.set(sizedLike(use.get())); });
        else if (isOpTriviallyDead(user)) // tiles that were computed instead
          rewriter.eraseOp(user);
      }
      if (op->use_empty())
        rewriter.eraseOp(op);
    }
  }

  /// What the loop of `anchor` computes. It stands where the anchor does: what
  /// else uses a result must come later. A fill is left where it is.
  static llvm::SetVector<Operation *> membersOf(linalg::GenericOp anchor) {
    llvm::SetVector<Operation *> members;
    members.insert(anchor);
    unsigned parts = 0, rows = anchor.getNumLoops() - 1;
    auto isMember = [&](Operation *user) { return members.contains(user); };
    auto follows = [&](Operation *user) {
      Operation *here = anchor->getBlock()->findAncestorOpInBlock(*user);
      return isMember(user) || (here && anchor->isBeforeInBlock(here));
    };
    auto fits = [&](Operation *op) {
      if (isa<linalg::FillOp>(op))
        return true;
      if (llvm::all_of(op->getUsers(), isMember))
        return !isPart(op) || parts < mostParts;
      // A row that others need is written where it is computed whole.
      return !isPart(op) && llvm::all_of(op->getUsers(), follows) &&
             llvm::none_of(op->getUsers(), isPart);
    };
    // One may be able to follow only after another did.
    for (size_t before = 0; before != members.size();) {
      before = members.size();
      for (size_t i = 0; i < members.size(); ++i)
        for (OpOperand &use : members[i]->getOpOperands())
          if (Operation *op = use.get().getDefiningOp();
              op && mayJoin(op, anchor) && fits(op) &&
              (isa<linalg::FillOp>(op) || readsOwnRows(use, rows)))
            parts += members.insert(op) && isPart(op);
    }
    return members;
  }

  static void replaceOutside(IRRewriter &rewriter, Value value,
                             Value replacement, scf::ForallOp loop) {
    rewriter.replaceUsesWithIf(value, replacement, [&](OpOperand &use) {
      Operation *user = use.getOwner();
      return !loop->isProperAncestor(user) &&
             !(user->getBlock() == loop->getBlock() &&
               user->isBeforeInBlock(loop));
    });
  }
};
} // namespace
