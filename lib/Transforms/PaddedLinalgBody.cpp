//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The body of a linalg operation, where an iteration may be on padding.
//
//===----------------------------------------------------------------------===//

#include "PaddedLinalg.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace capstan;

/// The values that an integer of the body has in any iteration.
ConstantIntRanges PaddedLinalg::rangeOf(Value value) {
  auto it = ranges.find(value);
  if (it != ranges.end())
    return it->second;
  unsigned width = ConstantIntRanges::getStorageBitwidth(value.getType());
  auto between = [&](int64_t low, int64_t high) {
    return ConstantIntRanges::fromSigned(APInt(width, low, true),
                                         APInt(width, high, true));
  };
  ConstantIntRanges result = ConstantIntRanges::maxRange(width);
  APInt constant;
  Operation *inner = value.getDefiningOp();
  if (matchPattern(value, m_ConstantInt(&constant))) {
    result = ConstantIntRanges::constant(constant);
  } else if (auto index = value.getDefiningOp<linalg::IndexOp>()) {
    result =
        between(0, std::max<int64_t>(loops[index.getDim()].padded(), 1) - 1);
  } else if (value.getParentBlock() != op.getBlock()) {
    if (width == 64) {
      SizeRange range = padder.symbols().range(padder.size(value));
      result = between(range.min, range.max);
    }
  } else if (auto infer = dyn_cast_or_null<InferIntRangeInterface>(inner)) {
    SmallVector<ConstantIntRanges> arguments;
    for (Value operand : inner->getOperands()) {
      if (!operand.getType().isIntOrIndex())
        return result;
      arguments.push_back(rangeOf(operand));
    }
    infer.inferResultRanges(
        arguments,
        [&](Value, const ConstantIntRanges &range) { result = range; });
  }
  ranges.insert({value, result});
  return result;
}

/// An operand in the new body, or null.
Value PaddedLinalg::operandOf(PaddedGeneric &generic, Value value) {
  if (Value mapped = mapping.lookupOrNull(value))
    return mapped;
  if (isa<ShapedType>(value.getType()))
    return {};
  Value result = generic.hostValue(value);
  mapping.map(value, result);
  return result;
}

/// Element of a tensor around the operation: indices are those without padding,
/// and anything where the iteration isn't live.
LogicalResult PaddedLinalg::cloneExtract(PaddedGeneric &generic,
                                         tensor::ExtractOp extract) {
  OpBuilder &b = generic.body();
  Location loc = extract.getLoc();
  PaddedTensor source = padder.lookup(extract.getTensor());
  if (source.isFree())
    source.value = padder.materialize(
        source, getElementTypeOrSelf(extract.getTensor().getType()),
        source.layouts);
  SmallVector<Value> indices;
  for (auto [index, layout] : llvm::zip(extract.getIndices(), source.layouts)) {
    // The loop's own index, where loop and dimension have the same slots.
    if (auto loop = index.getDefiningOp<linalg::IndexOp>();
        loop && loop->getBlock() == op.getBlock() &&
        generic.loop(loop.getDim()) == layout) {
      indices.push_back(generic.index(loop.getDim()));
      continue;
    }
    Value value = operandOf(generic, index);
    if (!value)
      return padder.fail("uses a host value that the device doesn't know");
    ConstantIntRanges range = rangeOf(index);
    bool inRange = layout.keepsIndices() && !range.smin().isNegative() &&
                   range.smax().slt(layout.padded());
    if (!inRange) {
      Value zero = arith::ConstantIndexOp::create(b, loc, 0);
      value = generic.select(generic.isLive(), value, zero);
    }
    indices.push_back(generic.paddedIndex(value, layout));
  }
  mapping.map(extract.getResult(),
              tensor::ExtractOp::create(b, loc, source.value, indices));
  return success();
}

LogicalResult PaddedLinalg::cloneOp(PaddedGeneric &generic, Operation &inner) {
  OpBuilder &b = generic.body();
  Location loc = inner.getLoc();
  if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
    mapping.map(index.getResult(), generic.liveIndex(index.getDim()));
    return success();
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(inner))
    return cloneExtract(generic, extract);
  // What is guarded is so for this operation only.
  IRMapping local;
  for (Value operand : inner.getOperands()) {
    Value mapped = operandOf(generic, operand);
    if (!mapped)
      return padder.fail("uses, in its body, a value that the device doesn't "
                         "know, in '" +
                         inner.getName().getStringRef() + "'");
    local.map(operand, mapped);
  }
  auto guard = [&](unsigned i, TypedAttr safe) {
    Value live = generic.isLive();
    if (!live)
      return;
    Value other = arith::ConstantOp::create(b, loc, safe);
    Value old = local.lookup(inner.getOperand(i));
    local.map(inner.getOperand(i), generic.select(live, old, other));
  };
  if (isa<cf::AssertOp>(inner)) {
    ConstantIntRanges range = rangeOf(inner.getOperand(0));
    if (range.getConstantValue() && range.getConstantValue()->isOne())
      return success();
    guard(0, b.getBoolAttr(true));
  } else if (isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp,
                 arith::FloorDivSIOp, arith::CeilDivSIOp, arith::CeilDivUIOp>(
                 inner)) {
    ConstantIntRanges range = rangeOf(inner.getOperand(1));
    if (!range.smin().isStrictlyPositive())
      guard(1, b.getIntegerAttr(inner.getOperand(1).getType(), 1));
  } else if (isa<math::IPowIOp>(inner)) {
    // Zero to a negative power.
    guard(0, b.getIntegerAttr(inner.getOperand(0).getType(), 1));
  } else if (isa<arith::FPToSIOp, arith::FPToUIOp>(inner)) {
    guard(0, zeroOf(inner.getOperand(0).getType()));
  } else if (!isPure(&inner) || inner.getNumRegions()) {
    return padder.fail("has '" + inner.getName().getStringRef() +
                       "' in its body, which may fail or do more on padding");
  }
  Operation *copy = b.clone(inner, local);
  mapping.map(inner.getResults(), copy->getResults());
  return success();
}

LogicalResult PaddedLinalg::cloneBody(PaddedGeneric &generic) {
  Block &body = *op.getBlock();
  for (unsigned i = 0, e = inputs.size(); i < e; ++i)
    mapping.map(body.getArgument(i), generic.input(i));
  for (unsigned i = 0, e = inits.size(); i < e; ++i)
    mapping.map(body.getArgument(inputs.size() + i), generic.init(i));
  for (Operation &inner : body.without_terminator())
    if (failed(cloneOp(generic, inner)))
      return failure();
  return success();
}

/// Whether the operation does on padding what it does on live slots: no index,
/// nothing from around it, nothing that may fail.
bool PaddedLinalg::isPlain() {
  bool plain = true;
  op.getBlock()->walk([&](Operation *inner) {
    if (isa<linalg::YieldOp>(inner))
      return;
    plain &= isPure(inner) &&
             !isa<arith::FPToSIOp, arith::FPToUIOp, math::IPowIOp>(inner);
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      plain &= loops[index.getDim()].keepsIndices();
    for (Value operand : inner->getOperands())
      plain &= operand.getParentBlock() == inner->getBlock();
  });
  return plain;
}
