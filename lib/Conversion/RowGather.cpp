//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "RowGather.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace capstan;

namespace {
/// What is known of the values in a body.
class Body {
public:
  explicit Body(linalg::GenericOp op) : op(op), last(op.getNumLoops() - 1) {}

  /// The same for the whole row: doesn't depend on the innermost loop.
  bool isUniform(Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    if (value.getParentBlock() != op.getBody())
      return true;
    if (!argument)
      return uniform.contains(value.getDefiningOp());
    OpOperand *operand = op.getMatchingOpOperand(argument);
    return op.isDpsInput(operand) &&
           !op.getMatchingIndexingMap(operand).isFunctionOfDim(last);
  }
  bool isColumn(Value value) {
    auto index = value.getDefiningOp<linalg::IndexOp>();
    return index && index->getBlock() == op.getBody() && index.getDim() == last;
  }
  /// An element of a row that the outer loops choose.
  bool isOfRow(tensor::ExtractOp read) {
    auto type = cast<RankedTensorType>(read.getTensor().getType());
    return type.getRank() > 0 && isColumn(read.getIndices().back()) &&
           type.getShape().back() == op.getStaticLoopRanges()[last] &&
           llvm::all_of(read.getIndices().drop_back(),
                        [&](Value index) { return isUniform(index); });
  }
  /// Takes the next operation in; false if it is none of a gather.
  bool add(Operation &inner) {
    bool same = llvm::all_of(inner.getOperands(),
                             [&](Value value) { return isUniform(value); });
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      same = index.getDim() != last;
    if (same)
      uniform.insert(&inner);
    if (isa<linalg::IndexOp>(inner))
      return true;
    if (auto read = dyn_cast<tensor::ExtractOp>(inner))
      return same || isOfRow(read);
    if (isa<cf::AssertOp>(inner))
      return same;
    return inner.getNumResults() == 1 && isPure(&inner) &&
           (OpTrait::hasElementwiseMappableTraits(&inner) ||
            inner.hasTrait<OpTrait::ConstantLike>()) &&
           llvm::none_of(inner.getOperands(),
                         [&](Value value) { return isColumn(value); });
  }

private:
  linalg::GenericOp op;
  unsigned last;
  llvm::DenseSet<Operation *> uniform;
};
} // namespace

bool capstan::gathersRows(linalg::GenericOp op) {
  if (op.getNumLoops() < 2 || op.getNumReductionLoops())
    return false;
  Body body(op);
  for (Operation &inner : op.getBody()->without_terminator())
    if (!body.add(inner))
      return false;
  return llvm::none_of(op.getBody()->getTerminator()->getOperands(),
                       [&](Value value) { return body.isColumn(value); });
}

void capstan::takeRows(RewriterBase &rewriter, linalg::GenericOp op) {
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  Location loc = op.getLoc();
  Body body(op);
  Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
  IRMapping map;
  auto outside = [&](Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    if (argument && argument.getOwner() == op.getBody() &&
        !map.contains(value)) {
      Value operand = op.getMatchingOpOperand(argument)->get();
      int64_t rank = cast<RankedTensorType>(operand.getType()).getRank();
      map.map(value, tensor::ExtractOp::create(rewriter, loc, operand,
                                               SmallVector<Value>(rank, zero)));
    }
    return map.lookupOrDefault(value);
  };
  SmallVector<Value> rows;
  SmallVector<tensor::ExtractOp> reads;
  SmallVector<Operation *> done;
  for (Operation &inner : op.getBody()->without_terminator()) {
    (void)body.add(inner);
    auto read = dyn_cast<tensor::ExtractOp>(inner);
    if (isa<linalg::IndexOp>(inner)) {
      map.map(inner.getResult(0), zero);
      if (!body.isColumn(inner.getResult(0)))
        done.push_back(&inner);
    } else if (read && body.isOfRow(read)) {
      auto type = cast<RankedTensorType>(read.getTensor().getType());
      SmallVector<OpFoldResult> offsets,
          sizes(type.getRank(), rewriter.getIndexAttr(1));
      for (Value index : read.getIndices().drop_back())
        offsets.push_back(outside(index));
      offsets.push_back(rewriter.getIndexAttr(0));
      sizes.back() = rewriter.getIndexAttr(type.getShape().back());
      SmallVector<OpFoldResult> strides(type.getRank(),
                                        rewriter.getIndexAttr(1));
      rows.push_back(tensor::ExtractSliceOp::create(
          rewriter, loc,
          RankedTensorType::get(type.getShape().back(), type.getElementType()),
          read.getTensor(), offsets, sizes, strides));
      reads.push_back(read);
    } else if (llvm::all_of(inner.getOperands(), [&](Value value) {
                 return body.isUniform(value);
               })) {
      for (Value operand : inner.getOperands())
        (void)outside(operand);
      Operation *copy = rewriter.clone(inner, map);
      map.map(inner.getResults(), copy->getResults());
      done.push_back(&inner);
    }
  }
  // What the row shares is computed; checks aren't made again.
  for (Operation *inner : llvm::reverse(done)) {
    for (Value result : inner->getResults())
      rewriter.replaceAllUsesWith(result, map.lookup(result));
    rewriter.eraseOp(inner);
  }
  SmallVector<Value> inputs(op.getInputs());
  llvm::append_range(inputs, rows);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  unsigned first = op.getNumDpsInputs(), loops = op.getNumLoops();
  AffineMap ofRow =
      AffineMap::get(loops, 0, rewriter.getAffineDimExpr(loops - 1));
  maps.insert(maps.begin() + first, rows.size(), ofRow);
  auto made = linalg::GenericOp::create(rewriter, loc, op.getResultTypes(),
                                        inputs, op.getOutputs(), maps,
                                        op.getIteratorTypesArray());
  rewriter.inlineRegionBefore(op.getRegion(), made.getRegion(),
                              made.getRegion().end());
  for (auto [i, read] : llvm::enumerate(reads)) {
    Value element = made.getBody()->insertArgument(first + i, read.getType(),
                                                   read.getLoc());
    rewriter.replaceOp(read, element);
  }
  for (Operation &inner : llvm::make_early_inc_range(*made.getBody()))
    if (isa<linalg::IndexOp>(inner))
      rewriter.eraseOp(&inner);
  rewriter.replaceOp(op, made.getResults());
}
