//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Transforms/HostElements.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace capstan;

struct HostElements::Body {
  linalg::LinalgOp op;
  /// The loops' indices; null: any.
  SmallVector<Value> indices{};
  DenseMap<Value, Value> values{};
};

HostElements::HostElements(Semantics &semantics, Operation *place)
    : semantics(semantics), place(place), b(place->getContext()) {
  b.setInsertionPointToEnd(&block);
}

void HostElements::commit() {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (op.use_empty())
      op.erase();
  place->getBlock()->getOperations().splice(Block::iterator(place),
                                            block.getOperations());
}

Value HostElements::constant(int64_t value) {
  return arith::ConstantIndexOp::create(b, place->getLoc(), value);
}

Value HostElements::build(Value tensor, ArrayRef<Value> indices) {
  Operation *op = tensor.getDefiningOp();
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!op || !type || budget == 0)
    return {};
  --budget;
  DenseElementsAttr constant;
  if (matchPattern(op, m_Constant(&constant)))
    return constant.isSplat() && type.getElementType().isSignlessIntOrIndex()
               ? arith::ConstantOp::create(
                     b, place->getLoc(),
                     cast<TypedAttr>(constant.getSplatValue<Attribute>()))
               : Value();
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return build(cast.getSource(), indices);
  if (auto splat = dyn_cast<tensor::SplatOp>(op))
    return splat.getInput();
  if (isa<tensor::FromElementsOp>(op))
    return op->getNumOperands() && llvm::all_equal(op->getOperands())
               ? op->getOperand(0)
               : Value();
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  return structured && structured.hasPureTensorSemantics() &&
                 semantics.isTotal(op)
             ? result(structured, cast<OpResult>(tensor).getResultNumber(),
                      indices)
             : Value();
}

/// The element at `indices` of a result of a kernel.
Value HostElements::result(linalg::LinalgOp op, unsigned number,
                           ArrayRef<Value> indices) {
  OpOperand *init = op.getDpsInitOperand(number);
  AffineMap map = op.getMatchingIndexingMap(init);
  if (!map.isProjectedPermutation())
    return {};
  Body body{op};
  for (auto [d, iterator] : llvm::enumerate(op.getIteratorTypesArray())) {
    auto at = map.getResultPosition(b.getAffineDimExpr(d));
    if (at.has_value() != (iterator == utils::IteratorType::parallel))
      return {};
    body.indices.push_back(at ? indices[*at] : Value());
  }
  if (op.getNumReductionLoops() == 0)
    return inBody(body,
                  op->getRegion(0).front().getTerminator()->getOperand(number));
  return op->getNumResults() == 1 ? sum(body, build(init->get(), indices))
                                  : Value();
}

/// A value of the body, or one that it uses, on the host.
Value HostElements::inBody(Body &body, Value value) {
  Region &region = body.op->getRegion(0);
  if (!region.isAncestor(value.getParentRegion()))
    return semantics.isHostScalar(value.getType()) ? value : Value();
  if (Value known = body.values.lookup(value))
    return known;
  if (budget == 0)
    return {};
  --budget;
  auto index = [&](AffineExpr expr) -> std::optional<Value> {
    if (auto number = dyn_cast<AffineConstantExpr>(expr))
      return constant(number.getValue());
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      return body.indices[dim.getPosition()];
    return std::nullopt;
  };
  Value found;
  if (auto arg = dyn_cast<BlockArgument>(value)) {
    OpOperand *operand = body.op.getMatchingOpOperand(arg);
    if (semantics.isHostScalar(operand->get().getType()))
      return operand->get();
    SmallVector<Value> indices;
    for (AffineExpr expr : body.op.getMatchingIndexingMap(operand).getResults())
      if (std::optional<Value> i = index(expr))
        indices.push_back(*i);
      else
        return {};
    found = build(operand->get(), indices);
  } else if (auto loop = value.getDefiningOp<linalg::IndexOp>()) {
    found = body.indices[loop.getDim()];
  } else {
    Operation *op = value.getDefiningOp();
    if (!isa_and_present<arith::ArithDialect>(op->getDialect()) ||
        op->getNumResults() != 1)
      return {};
    IRMapping map;
    for (Value operand : op->getOperands()) {
      Value mapped = inBody(body, operand);
      if (!mapped)
        return {};
      map.map(operand, mapped);
    }
    found = b.clone(*op, map)->getResult(0);
  }
  return body.values[value] = found;
}

/// The size of a tensor, which need not be made for that.
OpFoldResult HostElements::sizeOf(Value tensor, int64_t dim) {
  while (auto made = tensor.getDefiningOp<linalg::LinalgOp>())
    tensor = made.getDpsInits()[cast<OpResult>(tensor).getResultNumber()];
  if (auto empty = tensor.getDefiningOp<tensor::EmptyOp>())
    return empty.getMixedSizes()[dim];
  return tensor::getMixedSize(b, place->getLoc(), tensor, dim);
}

/// A sum of one number, over all loops that reduce, and `init`.
Value HostElements::sum(Body &body, Value init) {
  Block &block = body.op->getRegion(0).front();
  auto add =
      block.getTerminator()->getOperand(0).getDefiningOp<arith::AddIOp>();
  BlockArgument out = block.getArguments().back();
  if (!init || !add || !out.hasOneUse() ||
      !llvm::is_contained(add->getOperands(), out))
    return {};
  Value each = inBody(body, add.getLhs() == out ? add.getRhs() : add.getLhs());
  if (!each)
    return {};
  Location loc = place->getLoc();
  Value count;
  for (auto [d, iterator] : llvm::enumerate(body.op.getIteratorTypesArray())) {
    if (iterator != utils::IteratorType::reduction)
      continue;
    Value size;
    for (OpOperand &operand : body.op->getOpOperands())
      if (auto at = body.op.getMatchingIndexingMap(&operand).getResultPosition(
              b.getAffineDimExpr(d));
          at && !size)
        size =
            getValueOrCreateConstantIndexOp(b, loc, sizeOf(operand.get(), *at));
    if (!size)
      return {};
    count = count ? arith::MulIOp::create(b, loc, count, size) : size;
  }
  if (count.getType() != each.getType())
    count = arith::IndexCastOp::create(b, loc, each.getType(), count);
  Value product = arith::MulIOp::create(b, loc, count, each);
  return arith::AddIOp::create(b, loc, product, init);
}
