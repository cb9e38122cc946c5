//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// PaddingOpInterface of tensor operations that put slots beside others:
// tensor.pad and tensor.concat.
//
//===----------------------------------------------------------------------===//

#include "PadTensor.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace capstan;

/// The first slots of each dimension.
static Value cut(OpBuilder &b, Location loc, Value value,
                 ArrayRef<int64_t> shape) {
  auto from = cast<RankedTensorType>(value.getType());
  if (from.getShape() == shape)
    return value;
  SmallVector<OpFoldResult> offsets(shape.size(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(shape.size(), b.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(
      b, loc, from.clone(shape), value, offsets,
      getAsIndexOpFoldResult(b.getContext(), shape), strides);
}

namespace {
//===----------------------------------------------------------------------===//
// Padding that the program adds itself
//===----------------------------------------------------------------------===//

/// What is live in the result may be padded in the source: slots that the
/// program fills. So every slot behind the live ones of the source gets the
/// program's value, wherever its own padding ends.
struct PadModel
    : public PaddingOpInterface::ExternalModel<PadModel, tensor::PadOp> {
  LogicalResult rebuildPadded(Operation *op, Padder &padder) const {
    auto pad = cast<tensor::PadOp>(op);
    OpBuilder &b = padder.builder();
    TypedAttr fill;
    Value yielded = pad.getConstantPaddingValue();
    if (!yielded || !matchPattern(yielded, m_Constant(&fill)))
      return padder.fail("pads with a value that isn't constant");
    PaddedTensor tensor = padder.lookup(pad.getSource());
    materialize(padder, tensor, pad.getSource());
    SmallVector<OpFoldResult> low, high;
    SmallVector<unsigned> wider;
    SmallVector<DimLayout> layouts;
    for (auto [i, layout] : llvm::enumerate(tensor.layouts)) {
      SizeExpr before = padder.size(pad.getMixedLowPad()[i]);
      SizeExpr behind = padder.size(pad.getMixedHighPad()[i]);
      layouts.push_back(layout);
      low.push_back(b.getIndexAttr(0));
      high.push_back(b.getIndexAttr(0));
      if (before.isConstant(0) && behind.isConstant(0))
        continue;
      auto made = padder.layoutFor(padder.dims(op->getResult(0))[i]);
      if (!made)
        return padder.fail("has no bound for dimension " + Twine(i));
      if (!layout.keepsIndices() || !before.constant() ||
          *before.constant() < 0)
        return padder.fail("puts something at an unknown place in dimension " +
                           Twine(i));
      // Behind what its bound leaves room for, nothing is live.
      int64_t room = made->padded() - *before.constant();
      if (room < 0)
        return padder.fail("has no room for its padding in dimension " +
                           Twine(i));
      int64_t kept = std::min(layout.padded(), room);
      tensor.layouts[i] = DimLayout(*layout.live(), kept);
      low.back() = b.getIndexAttr(*before.constant());
      high.back() = b.getIndexAttr(room - kept);
      wider.push_back(i);
      layouts.back() = *made;
    }
    Type element = getElementTypeOrSelf(op->getResult(0).getType());
    tensor.value = cut(b, op->getLoc(), tensor.value,
                       paddedType(tensor.layouts, element).getShape());
    auto masked = maskPadding(padder, op->getLoc(), tensor, wider, fill);
    if (failed(masked))
      return failure();
    tensor = *masked;
    Value value = arith::ConstantOp::create(b, op->getLoc(), fill);
    tensor.value =
        tensor::PadOp::create(b, op->getLoc(), paddedType(layouts, element),
                              tensor.value, low, high, value, pad.getNofold());
    tensor.layouts = layouts;
    // Also where another dimension is padded, the program's value comes in.
    for (Attribute &state : tensor.states)
      if (state != fill && !wider.empty())
        state = {};
    for (unsigned i : wider)
      tensor.states[i] = fill;
    return padder.define(op->getResult(0), tensor);
  }
};

//===----------------------------------------------------------------------===//
// Concatenation
//===----------------------------------------------------------------------===//

struct ConcatModel
    : public PaddingOpInterface::ExternalModel<ConcatModel, tensor::ConcatOp> {
  LogicalResult rebuildPadded(Operation *op, Padder &padder) const {
    unsigned along = cast<tensor::ConcatOp>(op).getDim();
    SmallVector<PaddedTensor> inputs;
    for (Value input : op->getOperands())
      inputs.push_back(padder.lookup(input));
    // The layouts of the first that has some; along, each its own.
    SmallVector<DimLayout> layouts = inputs.front().layouts;
    for (const PaddedTensor &input : inputs)
      if (!input.isFree()) {
        layouts = input.layouts;
        break;
      }
    bool isLast = true;
    for (auto [n, input] : llvm::enumerate(inputs)) {
      DimLayout part = input.layouts[along];
      if (!part.keepsIndices())
        return padder.fail("can't tell where operand " + Twine(n) + " ends");
      isLast &= !part.hasPadding() || n + 1 == inputs.size();
      layouts[along] = part;
      if (input.isFree())
        input.value = padder.materialize(
            input, getElementTypeOrSelf(op->getResult(0).getType()), layouts);
      else if (input.layouts != layouts)
        return padder.fail("has operands whose live elements are at different "
                           "places");
    }
    auto tensor = isLast ? concatenate(op, padder, inputs, layouts, along)
                         : interleave(op, padder, inputs, layouts, along);
    return failed(tensor) ? failure()
                          : padder.define(op->getResult(0), *tensor);
  }

  /// Padding is behind everything.
  static FailureOr<PaddedTensor> concatenate(Operation *op, Padder &padder,
                                             ArrayRef<PaddedTensor> inputs,
                                             SmallVector<DimLayout> layouts,
                                             unsigned along) {
    SizeExpr live;
    int64_t padded = 0;
    SmallVector<Value> values;
    PaddedTensor tensor;
    tensor.states = inputs.front().states;
    tensor.states[along] = inputs.back().states[along];
    for (auto [n, input] : llvm::enumerate(inputs)) {
      auto sum = live.plus(*input.layouts[along].live());
      if (!sum)
        return padder.fail("has a size that is too large");
      live = *sum;
      padded += input.layouts[along].padded();
      values.push_back(input.value);
      for (auto [i, state] : llvm::enumerate(tensor.states))
        if (i != along && state != input.states[i])
          state = {};
    }
    layouts[along] = DimLayout(live, padded);
    tensor.layouts = layouts;
    tensor.value =
        tensor::ConcatOp::create(padder.builder(), op->getLoc(), along, values);
    return tensor;
  }

  /// Each element is read where it is: an operand begins where the live slots
  /// of those before end.
  static FailureOr<PaddedTensor> interleave(Operation *op, Padder &padder,
                                            ArrayRef<PaddedTensor> inputs,
                                            SmallVector<DimLayout> layouts,
                                            unsigned along) {
    OpBuilder &b = padder.builder();
    Location loc = op->getLoc();
    auto whole = padder.layoutFor(padder.dims(op->getResult(0))[along]);
    if (!whole)
      return padder.fail("has no bound for dimension " + Twine(along));
    layouts[along] = *whole;
    Type element = getElementTypeOrSelf(op->getResult(0).getType());
    RankedTensorType type = paddedType(layouts, element);
    Value init = tensor::EmptyOp::create(b, loc, type.getShape(), element);
    PaddedGeneric generic(padder, loc, layouts, {}, init);
    OpBuilder &body = generic.body();
    SmallVector<Value> at;
    for (unsigned i = 0; i < layouts.size(); ++i)
      at.push_back(generic.index(i));
    Value index = at[along];
    Value result = arith::ConstantOp::create(body, loc, zeroOf(element));
    Value zero = arith::ConstantIndexOp::create(body, loc, 0), begin = zero;
    for (const PaddedTensor &input : inputs) {
      Value live = arith::IndexCastOp::create(
          body, loc, b.getIndexType(),
          generic.size(*input.layouts[along].live()));
      Value end = arith::AddIOp::create(body, loc, begin, live);
      if (input.layouts[along].padded() > 0) {
        auto compare = [&](arith::CmpIPredicate predicate, Value bound) {
          return arith::CmpIOp::create(body, loc, predicate, index, bound);
        };
        Value isBehind = compare(arith::CmpIPredicate::sge, begin);
        Value isHere = arith::AndIOp::create(
            body, loc, isBehind, compare(arith::CmpIPredicate::slt, end));
        Value place = arith::SubIOp::create(body, loc, index, begin);
        at[along] = generic.select(isHere, place, zero);
        Value read = tensor::ExtractOp::create(body, loc, input.value, at);
        result = generic.select(isHere, read, result);
      }
      begin = end;
    }
    SmallVector<utils::IteratorType> loops(layouts.size(),
                                           utils::IteratorType::parallel);
    auto made = generic.finish(
        result, body.getMultiDimIdentityMap(layouts.size()), loops);
    if (!made)
      return failure();
    PaddedTensor tensor;
    tensor.value = made.getResult(0);
    tensor.layouts = layouts;
    tensor.states.resize(layouts.size());
    return tensor;
  }
};
} // namespace

void capstan::attachJoinModels(MLIRContext &context) {
  tensor::ConcatOp::attachInterface<ConcatModel>(context);
  tensor::PadOp::attachInterface<PadModel>(context);
}
