//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Transforms/BoundSizes.h"
#include "capstan/Analysis/DeadReads.h"
#include "capstan/Transforms/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace capstan;

bool BoundSizes::canBuild(Operation *op, const BoundOperand &bound) {
  auto [operand, dim] = *bound.atMost;
  if (operand >= op->getNumOperands() || operand == bound.operand)
    return false;
  Type type = op->getOperand(bound.operand).getType();
  Type of = op->getOperand(operand).getType();
  if (auto tensor = dyn_cast<RankedTensorType>(of))
    return static_cast<int64_t>(dim) < tensor.getRank() &&
           type.isSignlessIntOrIndex();
  const ForeignTypeModel *m = semantics.typeModel(of);
  if (!m || !m->sizeOp || foreignType(of.getContext(), m->sizeType) != type)
    return false;
  std::optional<ForeignShape> shape = foreignShape(of);
  return !shape || dim < shape->sizes.size();
}

Value BoundSizes::buildForeign(OpBuilder &b, Value of, unsigned dim) {
  const ForeignTypeModel *m = semantics.typeModel(of.getType());
  Type type = foreignType(b.getContext(), m->sizeType);
  Value &number = dims[{m->sizeDim, dim}];
  if (!number) {
    auto function = b.getBlock()->getParentOp();
    while (!isa<func::FuncOp>(function))
      function = function->getParentOp();
    OpBuilder entry = OpBuilder::atBlockBegin(&function->getRegion(0).front());
    OperationState state(function->getLoc(), m->sizeDim);
    state.addTypes(type);
    state.propertiesAttr =
        b.getDictionaryAttr(b.getNamedAttr("value", b.getI64IntegerAttr(dim)));
    number = entry.create(state)->getResult(0);
  }
  // The size of an argument stands at the start of the block, as the constant.
  if (isa<BlockArgument>(of) &&
      number.getParentBlock() == b.getInsertionBlock())
    b.setInsertionPointAfterValue(number);
  OperationState state(of.getLoc(), m->sizeOp);
  state.addOperands({of, number});
  state.addTypes(type);
  return b.create(state)->getResult(0);
}

/// The size as an integer of type `type`, or the largest one that it holds.
static Value buildBuiltin(OpBuilder &b, Value of, unsigned dim, Type type) {
  Location loc = of.getLoc();
  auto tensor = cast<RankedTensorType>(of.getType());
  int64_t most = std::numeric_limits<int64_t>::max();
  if (!type.isIndex() && type.getIntOrFloatBitWidth() < 64)
    most = llvm::maxIntN(type.getIntOrFloatBitWidth());
  if (!tensor.isDynamicDim(dim))
    return arith::ConstantOp::create(
        b, loc, b.getIntegerAttr(type, std::min(tensor.getDimSize(dim), most)));
  Value size = tensor::DimOp::create(b, loc, of, dim);
  if (type.isIndex())
    return size;
  if (type.getIntOrFloatBitWidth() < 64)
    size = arith::MinUIOp::create(b, loc, size,
                                  arith::ConstantIndexOp::create(b, loc, most));
  return arith::IndexCastOp::create(b, loc, type, size);
}

Value BoundSizes::build(Operation *op, const BoundOperand &bound) {
  auto [operand, dim] = *bound.atMost;
  Value of = op->getOperand(operand);
  Type type = op->getOperand(bound.operand).getType();
  bool builtin = isa<RankedTensorType>(of.getType());
  // What is in memory may be resized: its size holds here only.
  if (!builtin && semantics.isMemory(of.getType())) {
    OpBuilder b(op);
    return buildForeign(b, of, dim);
  }
  Value &size = sizes[{of, dim, type}];
  if (!size) {
    OpBuilder b(op);
    b.setInsertionPointAfterValue(of);
    size = builtin ? buildBuiltin(b, of, dim, type) : buildForeign(b, of, dim);
  }
  return size;
}
