//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// PaddingOpInterface of tensor operations. They move slots: what matters is
// that live ones stay where the layout of the result says.
//
//===----------------------------------------------------------------------===//

#include "PadTensor.h"
#include "capstan/Transforms/PaddingModels.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

using namespace mlir;
using namespace capstan;

RankedTensorType capstan::paddedType(ArrayRef<DimLayout> layouts,
                                     Type element) {
  SmallVector<int64_t> shape;
  for (const DimLayout &layout : layouts)
    shape.push_back(layout.padded());
  return RankedTensorType::get(shape, element);
}

void capstan::materialize(Padder &padder, PaddedTensor &tensor,
                          Value original) {
  if (tensor.isFree())
    tensor.value = padder.materialize(
        tensor, getElementTypeOrSelf(original.getType()), tensor.layouts);
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
                           paddedType(*layouts, element));
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
        b, op->getLoc(), paddedType(tensor.layouts, from.getElementType()),
        source.value, offsets, sizes, slice.getMixedStrides());
    return padder.define(op->getResult(0), tensor);
  }
};
} // namespace

void capstan::registerTensorPaddingModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    using namespace tensor;
    EmptyOp::attachInterface<EmptyModel>(*context);
    CastOp::attachInterface<CastModel>(*context);
    attachJoinModels(*context);
    ExtractSliceOp::attachInterface<ExtractSliceModel>(*context);
    CollapseShapeOp::attachInterface<ReshapeModel<CollapseShapeOp>>(*context);
    ExpandShapeOp::attachInterface<ReshapeModel<ExpandShapeOp>>(*context);
    ReshapeOp::attachInterface<ReshapeModel<ReshapeOp>>(*context);
  });
}
