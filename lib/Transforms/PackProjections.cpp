//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Makes products of one tensor with several frozen weights one product.
//
//   %q = linalg.matmul ins(%x, %wq) outs(%zq)
//   %k = linalg.matmul ins(%x, %wk) outs(%zk)
//   // become
//   %w = tensor.concat dim(0) %wq, %wk        see --capstan-prepare-weights
//   %qk = linalg.matmul ins(%x, %w) outs(%z)
//   %q = tensor.extract_slice %qk[0, 0] [%n, 2048] [1, 1]
//   %k = tensor.extract_slice %qk[0, 2048] [%n, 1024] [1, 1]
//
// Biases are packed as well.
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/Rounding.h"
#include "capstan/Dialect/Capstan.h"
#include "capstan/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANPACKPROJECTIONS
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {

bool isFrozen(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  auto function =
      argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp())
               : func::FuncOp();
  return function && argument.getOwner()->isEntryBlock() &&
         function.getArgAttr(argument.getArgNumber(), kFrozenAttr);
}

/// A product of rows with a frozen matrix of static size, into zeros.
struct Projection {
  linalg::LinalgOp op;
  int64_t columns;
  /// The only use, if that adds a frozen bias or rounds, or both.
  linalg::GenericOp end;
  Value bias;

  Operation *last() { return end ? end.getOperation() : op.getOperation(); }
};

/// Where the weight's columns of the product are: 0 if it is transposed.
std::optional<unsigned> columnDim(linalg::LinalgOp op) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  MLIRContext *context = op.getContext();
  auto map = [&](unsigned a, unsigned b) {
    return AffineMap::get(
        3, 0, {getAffineDimExpr(a, context), getAffineDimExpr(b, context)},
        context);
  };
  if (maps[0] != map(0, 2) || maps[2] != map(0, 1))
    return std::nullopt;
  if (maps[1] == map(1, 2))
    return 0;
  if (maps[1] == map(2, 1))
    return 1;
  return std::nullopt;
}

std::optional<Projection> projectionOf(linalg::LinalgOp op) {
  if (!linalg::isaContractionOpInterface(op) || !op.hasPureTensorSemantics() ||
      op.getNumLoops() != 3)
    return std::nullopt;
  std::optional<unsigned> dim = columnDim(op);
  Value weight = op->getOperand(1);
  auto fill = op->getOperand(2).getDefiningOp<linalg::FillOp>();
  if (!dim || !isFrozen(weight) ||
      !cast<RankedTensorType>(weight.getType()).hasStaticShape() || !fill ||
      !matchPattern(fill.getInputs().front(), m_AnyZeroFloat()))
    return std::nullopt;
  Projection found{op,
                   cast<RankedTensorType>(weight.getType()).getDimSize(*dim),
                   roundingUser(op->getResult(0)), Value()};
  Value bias;
  if (linalg::GenericOp user = biasUser(op->getResult(0), bias))
    if (isFrozen(bias) &&
        cast<RankedTensorType>(bias.getType()).hasStaticShape() &&
        getElementTypeOrSelf(bias) == getElementTypeOrSelf(user.getResult(0))) {
      found.end = user;
      found.bias = bias;
    }
  return found;
}

/// What projections have to have in common.
bool match(Projection x, Projection y) {
  linalg::LinalgOp a = x.op, b = y.op;
  auto result = [](Projection p) {
    return getElementTypeOrSelf(p.last()->getResult(0));
  };
  return a->getBlock() == b->getBlock() &&
         a->getOperand(0) == b->getOperand(0) &&
         a.getIndexingMapsArray() == b.getIndexingMapsArray() &&
         getElementTypeOrSelf(a->getOperand(1)) ==
             getElementTypeOrSelf(b->getOperand(1)) &&
         getElementTypeOrSelf(a->getResult(0)) ==
             getElementTypeOrSelf(b->getResult(0)) &&
         result(x) == result(y);
}

/// The biases of all; -0.0, which changes no sum, of those without one.
Value packBiases(ImplicitLocOpBuilder &b, ArrayRef<Projection> group,
                 Type element) {
  SmallVector<Value> biases;
  for (Projection each : group) {
    auto type = RankedTensorType::get(each.columns, element);
    auto zero = b.getFloatAttr(element, -0.0);
    biases.push_back(each.bias ? each.bias
                               : arith::ConstantOp::create(
                                     b, DenseElementsAttr::get(type, zero)));
  }
  return tensor::ConcatOp::create(b, 0, biases);
}

void pack(ArrayRef<Projection> group) {
  linalg::LinalgOp first = group.front().op;
  ImplicitLocOpBuilder b(first.getLoc(), first);
  unsigned dim = *columnDim(first);
  SmallVector<Value> weights;
  int64_t columns = 0;
  for (Projection each : group) {
    weights.push_back(each.op->getOperand(1));
    columns += each.columns;
  }
  Value weight = tensor::ConcatOp::create(b, dim, weights);
  OpFoldResult rows =
      tensor::getMixedSize(b, b.getLoc(), first->getOperand(0), 0);
  auto empty = [&](Type element) -> Value {
    return tensor::EmptyOp::create(
        b, ArrayRef<OpFoldResult>{rows, b.getIndexAttr(columns)}, element);
  };
  Type element = getElementTypeOrSelf(first->getResult(0));
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(element));
  Value init = linalg::FillOp::create(b, zero, empty(element)).getResult(0);
  Operation *product =
      clone(b, first, init.getType(), {first->getOperand(0), weight, init});
  Value result = product->getResult(0);
  const Projection *biased =
      llvm::find_if(group, [](const Projection &p) { return bool(p.bias); });
  if (biased == group.end())
    biased = group.begin();
  if (linalg::GenericOp end = biased->end) {
    Value out = empty(getElementTypeOrSelf(end.getResult(0)));
    SmallVector<Value> operands = {result, out};
    if (biased->bias) {
      bool isFirst = end.getInputs()[0] == biased->bias;
      operands.insert(
          operands.begin() + (isFirst ? 0 : 1),
          packBiases(b, group, getElementTypeOrSelf(biased->bias)));
    }
    result = clone(b, end, out.getType(), operands)->getResult(0);
  }
  int64_t at = 0;
  for (Projection each : group) {
    Operation *last = each.last();
    auto type = cast<RankedTensorType>(last->getResult(0).getType());
    Value slice = tensor::ExtractSliceOp::create(
        b, result,
        ArrayRef<OpFoldResult>{b.getIndexAttr(0), b.getIndexAttr(at)},
        ArrayRef<OpFoldResult>{rows, b.getIndexAttr(each.columns)},
        ArrayRef<OpFoldResult>{b.getIndexAttr(1), b.getIndexAttr(1)});
    if (slice.getType() != type)
      slice = tensor::CastOp::create(b, type, slice);
    last->getResult(0).replaceAllUsesWith(slice);
    at += each.columns;
  }
  for (Projection each : group) {
    if (each.end)
      each.end->erase();
    each.op->erase();
  }
}

struct PackProjections
    : public capstan::impl::CapstanPackProjectionsBase<PackProjections> {
  void runOnOperation() override {
    SmallVector<SmallVector<Projection>> groups;
    getOperation().walk([&](linalg::LinalgOp op) {
      std::optional<Projection> found = projectionOf(op);
      if (!found)
        return;
      for (SmallVector<Projection> &group : groups)
        if (match(group.front(), *found)) {
          group.push_back(*found);
          return;
        }
      groups.push_back({*found});
    });
    for (const SmallVector<Projection> &group : groups)
      if (group.size() > 1)
        pack(group);
  }
};
} // namespace
