//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Makes reshapes to computed shapes views.
//
//   %s = tensor.from_elements %c1, %t, %c32, %c64 : tensor<4xi64>
//   %r = tensor.reshape %x(%s) : (tensor<1x?x2048xf32>, ...) ->
//   tensor<1x?x32x64xf32>
//   // becomes
//   %r = tensor.expand_shape %x [[0], [1], [2, 3]] output_shape [1, %t, 32, 64]
//
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANRESHAPESTOVIEWS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

namespace {

/// A size, traced to where it comes from: a constant, a value, or a dimension
/// of a tensor.
struct Size {
  std::optional<int64_t> constant;
  Value value;
  int64_t dim = -1;

  bool operator==(const Size &other) const {
    if (constant || other.constant)
      return constant && other.constant && *constant == *other.constant;
    return value == other.value && dim == other.dim;
  }
};

Size traceDim(Value tensor, int64_t dim);

Size traceValue(Value value) {
  while (auto cast = value.getDefiningOp<arith::IndexCastOp>())
    value = cast.getIn();
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return {*constant, {}};
  if (auto op = value.getDefiningOp<tensor::DimOp>())
    if (std::optional<int64_t> dim = op.getConstantIndex())
      return traceDim(op.getSource(), *dim);
  return {{}, value};
}

Size traceDim(Value tensor, int64_t dim) {
  while (true) {
    auto type = cast<RankedTensorType>(tensor.getType());
    if (!type.isDynamicDim(dim))
      return {type.getDimSize(dim), {}};
    Operation *op = tensor.getDefiningOp();
    if (!op)
      break;
    if (auto dps = dyn_cast<DestinationStyleOpInterface>(op)) {
      tensor = dps.getTiedOpOperand(cast<OpResult>(tensor))->get();
    } else if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
      return traceValue(empty.getDynamicSize(dim));
    } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
      OpFoldResult size = expand.getMixedOutputShape()[dim];
      if (auto value = dyn_cast<Value>(size))
        return traceValue(value);
      break;
    } else if (auto cast = dyn_cast<tensor::CastOp>(op)) {
      if (!isa<RankedTensorType>(cast.getSource().getType()))
        break;
      tensor = cast.getSource();
    } else {
      break;
    }
  }
  return {{}, tensor, dim};
}

/// The sizes that the reshape asks for. What its type says statically counts.
SmallVector<OpFoldResult> resultSizes(OpBuilder &b, tensor::ReshapeOp op,
                                      tensor::FromElementsOp shape) {
  auto type = cast<RankedTensorType>(op.getType());
  SmallVector<OpFoldResult> sizes;
  for (auto [size, element] : llvm::zip(type.getShape(), shape.getElements()))
    if (!ShapedType::isDynamic(size))
      sizes.push_back(b.getIndexAttr(size));
    else
      sizes.push_back(getValueOrCreateCastToIndexLike(
          b, op.getLoc(), b.getIndexType(), element));
  return sizes;
}

/// Product of sizes as a value.
Value product(OpBuilder &b, Location loc, ArrayRef<OpFoldResult> sizes) {
  Value result = arith::ConstantIndexOp::create(b, loc, 1);
  for (OpFoldResult size : sizes)
    result = b.createOrFold<arith::MulIOp>(
        loc, result, getValueOrCreateConstantIndexOp(b, loc, size));
  return result;
}

/// Numbers `first` to `last - 1`.
ReassociationIndices range(int64_t first, int64_t last) {
  return llvm::to_vector<2>(llvm::seq<int64_t>(first, last));
}

Value makeViews(OpBuilder &b, tensor::ReshapeOp op,
                tensor::FromElementsOp shape) {
  Location loc = op.getLoc();
  Value source = op.getSource();
  auto from = cast<RankedTensorType>(source.getType());
  auto to = cast<RankedTensorType>(op.getType());
  int64_t m = from.getRank(), n = to.getRank();
  SmallVector<OpFoldResult> sizes = resultSizes(b, op, shape);

  auto same = [&](int64_t i, int64_t j) {
    if (!to.isDynamicDim(j))
      return from.getDimSize(i) == to.getDimSize(j);
    return traceDim(source, i) == traceValue(cast<Value>(sizes[j]));
  };
  // Equal sizes at both ends; one group of what is between.
  int64_t head = 0, tail = 0;
  while (head < std::min(m, n) && same(head, head))
    ++head;
  while (tail < std::min(m, n) - head && same(m - 1 - tail, n - 1 - tail))
    ++tail;
  if (head == m && head == n)
    return tensor::CastOp::create(b, loc, to, source);
  if (head + tail == std::min(m, n)) {
    if (tail > 0)
      --tail;
    else if (head > 0)
      --head;
  }

  // All of the group to one dimension.
  int64_t before = m - head - tail, after = n - head - tail;
  Value view = source;
  if (before > 1) {
    SmallVector<ReassociationIndices> groups;
    for (int64_t i = 0; i < head; ++i)
      groups.push_back({i});
    groups.push_back(range(head, m - tail));
    for (int64_t i = m - tail; i < m; ++i)
      groups.push_back({i});
    view = tensor::CollapseShapeOp::create(b, loc, view, groups);
  }

  // Neither side may promise more elements than there are.
  auto middle = ArrayRef(sizes).slice(head, after);
  bool isStatic = llvm::all_of(
      middle, [](OpFoldResult size) { return isa<Attribute>(size); });
  Value have = before == 0 ? Value(arith::ConstantIndexOp::create(b, loc, 1))
                           : b.createOrFold<tensor::DimOp>(loc, view, head);
  bool known = isStatic && getConstantIntValue(have);
  if (!known) {
    Value want = product(b, loc, middle);
    Value equal =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, have, want);
    cf::AssertOp::create(b, loc, equal,
                         "reshape: numbers of elements don't match");
  }

  if (after == 1 && before > 0) {
    if (view.getType() != to)
      view = tensor::CastOp::create(b, loc, to, view);
    return view;
  }
  SmallVector<ReassociationIndices> groups;
  if (before > 0 || head + tail > 0) {
    for (int64_t i = 0; i < head; ++i)
      groups.push_back({i});
    groups.push_back(range(head, n - tail));
    for (int64_t i = n - tail; i < n; ++i)
      groups.push_back({i});
  }
  // A dynamic group must not give a static type: cast what is expanded.
  auto type = cast<RankedTensorType>(view.getType());
  SmallVector<int64_t> viewShape(type.getShape());
  if (!groups.empty()) {
    int64_t size = 1;
    for (int64_t j = head; j < n - tail; ++j)
      size = to.isDynamicDim(j) || ShapedType::isDynamic(size)
                 ? ShapedType::kDynamic
                 : size * to.getDimSize(j);
    viewShape[head] = size;
    for (int64_t i = 0; i < head; ++i)
      viewShape[i] = to.getDimSize(i);
    for (int64_t i = 0; i < tail; ++i)
      viewShape[viewShape.size() - 1 - i] = to.getDimSize(n - 1 - i);
    auto wanted = type.clone(viewShape);
    if (wanted != type)
      view = tensor::CastOp::create(b, loc, wanted, view);
  }
  return tensor::ExpandShapeOp::create(b, loc, to, view, groups, sizes);
}

struct ReshapesToViews
    : public capstan::impl::CapstanReshapesToViewsBase<ReshapesToViews> {
  void runOnOperation() override {
    getOperation()->walk([&](tensor::ReshapeOp op) {
      auto shape = op.getShape().getDefiningOp<tensor::FromElementsOp>();
      if (!shape || !isa<RankedTensorType>(op.getSource().getType()) ||
          !isa<RankedTensorType>(op.getType()))
        return;
      OpBuilder b(op);
      op.replaceAllUsesWith(makeViews(b, op, shape));
      op.erase();
      if (shape->use_empty())
        shape->erase();
      ++numViews;
    });
  }
};
} // namespace
