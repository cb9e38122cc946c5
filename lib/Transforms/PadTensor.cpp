//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// PaddingOpInterface of tensor operations. They move slots: what matters is
// that live ones stay where the layout of the result says.
//
//===----------------------------------------------------------------------===//

#include "PaddedGeneric.h"
#include "capstan/Transforms/PaddingModels.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace capstan;

static SmallVector<int64_t> shapeOf(ArrayRef<DimLayout> layouts) {
  SmallVector<int64_t> shape;
  for (const DimLayout &layout : layouts)
    shape.push_back(layout.padded());
  return shape;
}

static RankedTensorType typeOf(ArrayRef<DimLayout> layouts, Type element) {
  return RankedTensorType::get(shapeOf(layouts), element);
}

/// The value of a tensor that must have one.
static void materialize(Padder &padder, PaddedTensor &tensor, Value original) {
  if (tensor.isFree())
    tensor.value = padder.materialize(
        tensor, getElementTypeOrSelf(original.getType()), tensor.layouts);
}

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

//===----------------------------------------------------------------------===//
// Contents that don't matter
//===----------------------------------------------------------------------===//

/// A tensor whose layout its users decide.
static FailureOr<PaddedTensor> freeTensor(Padder &padder, Value result) {
  PaddedTensor tensor;
  for (auto [i, size] : llvm::enumerate(padder.dims(result))) {
    auto layout = padder.layoutFor(size);
    if (!layout)
      return padder.fail("has no bound for dimension " + Twine(i) + ", " +
                         padder.symbols().str(size));
    tensor.layouts.push_back(*layout);
  }
  tensor.states.resize(tensor.layouts.size());
  return tensor;
}

namespace {
struct EmptyModel
    : public PaddingOpInterface::ExternalModel<EmptyModel, tensor::EmptyOp> {
  LogicalResult rebuildPadded(Operation *op, Padder &padder) const {
    auto tensor = freeTensor(padder, op->getResult(0));
    return failed(tensor) ? failure()
                          : padder.define(op->getResult(0), *tensor);
  }
};

//===----------------------------------------------------------------------===//
// Reshapes
//===----------------------------------------------------------------------===//

/// The same elements, in row-major order, in another static shape.
Value reshape(OpBuilder &b, Location loc, Value value, RankedTensorType to) {
  auto from = cast<RankedTensorType>(value.getType());
  if (from == to)
    return value;
  if (auto groups = getReassociationIndicesForReshape(from, to)) {
    if (from.getRank() > to.getRank())
      return tensor::CollapseShapeOp::create(b, loc, to, value, *groups);
    return tensor::ExpandShapeOp::create(b, loc, to, value, *groups);
  }
  auto flat = RankedTensorType::get({to.getNumElements()}, to.getElementType());
  auto all = [](RankedTensorType type) {
    return SmallVector<ReassociationIndices>{
        llvm::to_vector<2>(llvm::seq<int64_t>(0, type.getRank()))};
  };
  Value row = tensor::CollapseShapeOp::create(b, loc, flat, value, all(from));
  return tensor::ExpandShapeOp::create(b, loc, to, row, all(to));
}

template <typename OpT>
struct ReshapeModel
    : public PaddingOpInterface::ExternalModel<ReshapeModel<OpT>, OpT> {
  LogicalResult rebuildPadded(Operation *op, Padder &padder) const {
    Value result = op->getResult(0);
    PaddedTensor source = padder.lookup(op->getOperand(0));
    if (source.isFree()) {
      // Nothing depends on the order of equal elements.
      auto tensor = freeTensor(padder, result);
      if (failed(tensor))
        return failure();
      tensor->fill = source.fill;
      if (!source.states.empty() && source.states[0])
        tensor->states.assign(tensor->layouts.size(), source.states[0]);
      return padder.define(result, *tensor);
    }
    SmallVector<SizeExpr> sizes(padder.dims(result));
    auto layouts = reshapeLayouts(source.layouts, sizes);
    if (!layouts) {
      std::string from, to;
      llvm::raw_string_ostream f(from), t(to);
      auto print = [&](auto &os) {
        return [&](const SizeExpr &size) { os << padder.symbols().str(size); };
      };
      llvm::interleaveComma(padder.dims(op->getOperand(0)), f, print(f));
      llvm::interleaveComma(sizes, t, print(t));
      return padder.fail("reshapes [" + from + "] to [" + to +
                         "]: where the live elements are is not known");
    }
    PaddedTensor tensor;
    tensor.layouts = *layouts;
    tensor.states.resize(layouts->size());
    // A dimension that stays alone keeps its state.
    unsigned i = 0;
    for (auto [j, layout] : llvm::enumerate(*layouts)) {
      if (!layout.hasPadding())
        continue;
      while (i < source.layouts.size() && !source.layouts[i].hasPadding())
        ++i;
      if (i == source.layouts.size() || source.layouts[i] != layout)
        break;
      tensor.states[j] = source.states[i++];
    }
    Type element = getElementTypeOrSelf(result.getType());
    tensor.value = reshape(padder.builder(), op->getLoc(), source.value,
                           typeOf(*layouts, element));
    return padder.define(result, tensor);
  }
};

struct CastModel
    : public PaddingOpInterface::ExternalModel<CastModel, tensor::CastOp> {
  LogicalResult rebuildPadded(Operation *op, Padder &padder) const {
    if (!isa<RankedTensorType>(op->getOperand(0).getType()) ||
        !isa<RankedTensorType>(op->getResult(0).getType()))
      return padder.fail("has no rank");
    // To a static size: that is what the live extent is, then.
    PaddedTensor tensor = padder.lookup(op->getOperand(0));
    for (auto [layout, size] :
         llvm::zip(tensor.layouts, padder.dims(op->getResult(0))))
      if (!layout.live() || *layout.live() != size)
        return padder.fail("casts to sizes that are not known to be equal");
    return padder.define(op->getResult(0), tensor);
  }
};

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

struct ExtractSliceModel
    : public PaddingOpInterface::ExternalModel<ExtractSliceModel,
                                               tensor::ExtractSliceOp> {
  LogicalResult rebuildPadded(Operation *op, Padder &padder) const {
    auto slice = cast<tensor::ExtractSliceOp>(op);
    OpBuilder &b = padder.builder();
    PaddedTensor source = padder.lookup(slice.getSource());
    materialize(padder, source, slice.getSource());
    SmallVector<OpFoldResult> offsets, sizes;
    PaddedTensor tensor;
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    auto from = cast<RankedTensorType>(source.value.getType());
    for (auto [i, layout] : llvm::enumerate(source.layouts)) {
      SizeExpr size = padder.size(slice.getMixedSizes()[i]);
      SizeExpr offset = padder.size(slice.getMixedOffsets()[i]);
      if (getConstantIntValue(slice.getMixedStrides()[i]) != 1)
        if (layout.hasPadding())
          return padder.fail("has a stride in padded dimension " + Twine(i));
      DimLayout kept;
      Attribute state;
      if (offset.isConstant(0) && layout.live() && *layout.live() == size) {
        kept = layout;
        state = source.states[i];
        offsets.push_back(b.getIndexAttr(0));
      } else if (!layout.hasPadding() && size.constant()) {
        kept = DimLayout::fixed(*size.constant());
        OpFoldResult at = slice.getMixedOffsets()[i];
        if (auto constant = offset.constant())
          at = b.getIndexAttr(*constant);
        else if (!(at = padder.hostValue(cast<Value>(at))))
          return padder.fail("has an offset that only the device knows in "
                             "dimension " +
                             Twine(i));
        offsets.push_back(at);
      } else {
        // A part of what comes first, at a known place.
        auto sliced = padder.layoutFor(size);
        if (!offset.constant() || *offset.constant() < 0 ||
            !layout.keepsIndices() || !sliced)
          return padder.fail("takes an unknown part of padded dimension " +
                             Twine(i));
        int64_t room = layout.padded() - *offset.constant();
        if (room <= 0)
          return padder.fail("starts behind the end of dimension " + Twine(i));
        kept = DimLayout(size, std::min(sliced->padded(), room));
        offsets.push_back(b.getIndexAttr(*offset.constant()));
      }
      sizes.push_back(b.getIndexAttr(kept.padded()));
      if (dropped[i])
        continue;
      tensor.layouts.push_back(kept);
      tensor.states.push_back(state);
    }
    tensor.value = tensor::ExtractSliceOp::create(
        b, op->getLoc(), typeOf(tensor.layouts, from.getElementType()),
        source.value, offsets, sizes, slice.getMixedStrides());
    return padder.define(op->getResult(0), tensor);
  }
};

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
    tensor.value = cut(b, op->getLoc(), tensor.value, shapeOf(tensor.layouts));
    auto masked = maskPadding(padder, op->getLoc(), tensor, wider, fill);
    if (failed(masked))
      return failure();
    tensor = *masked;
    Value value = arith::ConstantOp::create(b, op->getLoc(), fill);
    tensor.value =
        tensor::PadOp::create(b, op->getLoc(), typeOf(layouts, element),
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
    auto concat = cast<tensor::ConcatOp>(op);
    unsigned along = concat.getDim();
    SmallVector<PaddedTensor> inputs;
    for (Value input : concat.getInputs())
      inputs.push_back(padder.lookup(input));
    // The layout of the first that has one; along, what comes after padding
    // would not be where it is without.
    SmallVector<DimLayout> layouts = inputs.front().layouts;
    for (const PaddedTensor &input : inputs)
      if (!input.isFree()) {
        layouts = input.layouts;
        break;
      }
    SizeExpr live;
    int64_t padded = 0;
    SmallVector<Value> values;
    SmallVector<Attribute> states(layouts.size());
    for (auto [n, input] : llvm::enumerate(inputs)) {
      DimLayout part = input.layouts[along];
      if (part.hasPadding() && n + 1 < inputs.size())
        return padder.fail("puts something behind the padding of operand " +
                           Twine(n));
      SmallVector<DimLayout> wanted = layouts;
      wanted[along] = part;
      if (input.isFree()) {
        input.value = padder.materialize(
            input, getElementTypeOrSelf(op->getResult(0).getType()), wanted);
      } else if (input.layouts != wanted) {
        return padder.fail("has operands whose live elements are at different "
                           "places");
      }
      auto sum = part.live() ? live.plus(*part.live()) : std::nullopt;
      if (!part.keepsIndices() || !sum)
        return padder.fail("can't tell where operand " + Twine(n) + " ends");
      live = *sum;
      padded += part.padded();
      values.push_back(input.value);
      for (auto [i, state] : llvm::enumerate(states))
        if (i == along)
          state = input.states[i]; // that of the last
        else if (n == 0)
          state = input.states[i];
        else if (state != input.states[i])
          state = {};
    }
    layouts[along] = DimLayout(live, padded);
    PaddedTensor tensor;
    tensor.layouts = layouts;
    tensor.states = states;
    tensor.value =
        tensor::ConcatOp::create(padder.builder(), op->getLoc(), along, values);
    return padder.define(op->getResult(0), tensor);
  }
};
} // namespace

void capstan::registerTensorPaddingModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    using namespace tensor;
    EmptyOp::attachInterface<EmptyModel>(*context);
    CastOp::attachInterface<CastModel>(*context);
    ConcatOp::attachInterface<ConcatModel>(*context);
    ExtractSliceOp::attachInterface<ExtractSliceModel>(*context);
    PadOp::attachInterface<PadModel>(*context);
    CollapseShapeOp::attachInterface<ReshapeModel<CollapseShapeOp>>(*context);
    ExpandShapeOp::attachInterface<ReshapeModel<ExpandShapeOp>>(*context);
    ReshapeOp::attachInterface<ReshapeModel<ReshapeOp>>(*context);
  });
}
