//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "RowSiblings.h"
#include "RowWork.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace capstan;

/// Whether it is the end of its chain, and of arithmetic on whole rows.
static bool isLast(linalg::GenericOp op) {
  return isRowWork(op) && !op.hasIndexSemantics() &&
         llvm::all_of(op->getUses(), [](OpOperand &use) {
           auto reader = dyn_cast<linalg::GenericOp>(use.getOwner());
           return !isPart(use.getOwner()) &&
                  !(reader && readsOwnRows(use, reader.getNumLoops() - 1));
         });
}

/// Whether all that `b` uses, but for what its results were, is there at `a`.
static bool mayStandAt(linalg::GenericOp a, linalg::GenericOp b) {
  llvm::SetVector<Value> used(b.getInputs().begin(), b.getInputs().end());
  getUsedValuesDefinedAbove(b.getRegion(), used);
  return llvm::all_of(used, [&](Value value) {
    Operation *op = value.getDefiningOp();
    return !op || op->getBlock() != a->getBlock() || op->isBeforeInBlock(a);
  });
}

/// Whether the sizes of results follow from those of what is read. Ranges of
/// dynamic loops say nothing of the inits of another.
static bool hasSizesOfInputs(linalg::GenericOp op) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  maps.truncate(op.getNumDpsInputs());
  for (auto [loop, range] : llvm::enumerate(op.getStaticLoopRanges())) {
    AffineExpr dim = getAffineDimExpr(loop, op.getContext());
    if (ShapedType::isDynamic(range) && llvm::none_of(maps, [&](AffineMap map) {
          return map.getResultPosition(dim).has_value();
        }))
      return false;
  }
  return true;
}

/// Whether both read the same elements, for results of one shape.
static bool areSiblings(linalg::GenericOp a, linalg::GenericOp b) {
  auto maps = [](linalg::GenericOp op) {
    return op.getIndexingMaps().getValue().take_front(op.getNumDpsInputs());
  };
  // What results were before is of no matter.
  auto isNew = [](linalg::GenericOp op) {
    return llvm::none_of(op.getRegionOutputArgs(), [](BlockArgument before) {
      return !before.use_empty();
    });
  };
  auto shapeOf = [](Type type) { return cast<ShapedType>(type).getShape(); };
  bool haveOneShape = llvm::all_of(b.getResultTypes(), [&](Type type) {
    return shapeOf(type) == shapeOf(a.getResultTypes()[0]);
  });
  return a->getBlock() == b->getBlock() && a.getInputs() == b.getInputs() &&
         maps(a) == maps(b) && haveOneShape && hasSizesOfInputs(a) &&
         isNew(a) && isNew(b) && mayStandAt(a, b);
}

/// Stands where `a` does.
static linalg::GenericOp merge(RewriterBase &rewriter, linalg::GenericOp a,
                               linalg::GenericOp b) {
  rewriter.setInsertionPoint(a);
  Location loc = rewriter.getFusedLoc({a.getLoc(), b.getLoc()});
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(rewriter, loc, a.getOutputs()[0]);
  SmallVector<Value> inits(a.getOutputs());
  for (Type type : b.getResultTypes())
    inits.push_back(tensor::EmptyOp::create(rewriter, loc, sizes,
                                            getElementTypeOrSelf(type)));
  SmallVector<AffineMap> maps = a.getIndexingMapsArray();
  maps.append(b.getNumDpsInits(), maps.back());
  auto made = linalg::GenericOp::create(
      rewriter, loc, TypeRange(ValueRange(inits)), a.getInputs(), inits, maps,
      a.getIteratorTypesArray(),
      [&](OpBuilder &inner, Location loc, ValueRange arguments) {
        SmallVector<Value> results;
        for (linalg::GenericOp op : {a, b}) {
          IRMapping map;
          map.map(op.getRegionInputArgs(),
                  arguments.take_front(op.getNumDpsInputs()));
          for (Operation &one : op.getBody()->without_terminator())
            inner.clone(one, map);
          for (Value result : op.getBody()->getTerminator()->getOperands())
            results.push_back(map.lookupOrDefault(result));
        }
        linalg::YieldOp::create(inner, loc, results);
      });
  rewriter.replaceOp(a, made.getResults().take_front(a.getNumResults()));
  rewriter.replaceOp(b, made.getResults().take_back(b.getNumResults()));
  return made;
}

void capstan::joinSiblings(RewriterBase &rewriter, Operation *root) {
  SmallVector<linalg::GenericOp> work;
  root->walk([&](linalg::GenericOp op) {
    if (isLast(op))
      work.push_back(op);
  });
  llvm::DenseMap<size_t, linalg::GenericOp> known; // by what they read
  for (linalg::GenericOp op : work) {
    ValueRange inputs = op.getInputs();
    size_t key = llvm::hash_combine_range(inputs.begin(), inputs.end());
    linalg::GenericOp &other = known[key];
    other = other && areSiblings(other, op) ? merge(rewriter, other, op) : op;
  }
}
