//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// PaddingOpInterface of Capstan's own operations.
//
//===----------------------------------------------------------------------===//

#include "PaddedGeneric.h"
#include "capstan/Dialect/Capstan.h"
#include "capstan/Transforms/PaddingModels.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace capstan;

/// An operand with a value, in layouts that every element keeps its index in.
static FailureOr<PaddedTensor> take(Padder &padder, Value operand) {
  PaddedTensor tensor = padder.lookup(operand);
  if (tensor.isFree())
    tensor.value = padder.materialize(
        tensor, getElementTypeOrSelf(operand.getType()), tensor.layouts);
  for (const DimLayout &layout : tensor.layouts)
    if (!layout.keepsIndices())
      return padder.fail("has an operand whose live elements are not in one "
                         "piece");
  return tensor;
}

namespace {
struct DeviceCheckModel
    : public PaddingOpInterface::ExternalModel<DeviceCheckModel,
                                               DeviceCheckOp> {
  LogicalResult rebuildPadded(Operation *op, Padder &padder) const {
    auto check = cast<DeviceCheckOp>(op);
    if (!isa<RankedTensorType>(check.getCondition().getType()))
      return padder.fail("checks no tensor");
    auto condition = take(padder, check.getCondition());
    if (failed(condition))
      return failure();
    // Padded elements pass.
    SmallVector<unsigned> dims =
        llvm::to_vector(llvm::seq<unsigned>(0, condition->layouts.size()));
    auto masked = maskPadding(padder, op->getLoc(), *condition, dims,
                              padder.builder().getBoolAttr(true));
    if (failed(masked))
      return failure();
    DeviceCheckOp::create(padder.builder(), op->getLoc(), masked->value,
                          check.getMessageAttr());
    return success();
  }
};

/// Zeros where the contraction runs over padding.
struct GemmModel : public PaddingOpInterface::ExternalModel<GemmModel, GemmOp> {
  LogicalResult rebuildPadded(Operation *op, Padder &padder) const {
    auto gemm = cast<GemmOp>(op);
    if (!gemm->getNumResults())
      return padder.fail("has buffers");
    auto a = take(padder, gemm.getA()), c = take(padder, gemm.getC());
    auto b = take(padder, gemm.getB());
    if (failed(a) || failed(b) || failed(c))
      return failure();
    unsigned batch = c->layouts.size() - 2;
    unsigned ak = batch + (gemm.getTransposeA() ? 0 : 1);
    unsigned bk = batch + (gemm.getTransposeB() ? 1 : 0);
    auto same = [](const PaddedTensor &x, unsigned i, const PaddedTensor &y,
                   unsigned j) {
      return x.layouts[i].padded() == y.layouts[j].padded();
    };
    if (!same(*a, ak, *b, bk) || !same(*a, 2 * batch + 1 - ak, *c, batch) ||
        !same(*b, 2 * batch + 1 - bk, *c, batch + 1) ||
        (batch && (!same(*a, 0, *c, 0) || !same(*b, 0, *c, 0))))
      return padder.fail("has sizes that differ in the bucket");
    TypedAttr zero = zeroOf(getElementTypeOrSelf(a->value.getType()));
    a = maskPadding(padder, op->getLoc(), *a, ak, zero);
    b = failed(a) ? b : maskPadding(padder, op->getLoc(), *b, bk, zero);
    if (failed(a) || failed(b))
      return failure();
    SmallVector<Value> operands = {a->value, b->value};
    for (auto [vector, dim] : {std::pair(gemm.getBias(), batch + 1),
                               std::pair(gemm.getScaleA(), batch),
                               std::pair(gemm.getScaleB(), batch + 1)}) {
      if (!vector)
        continue;
      auto taken = take(padder, vector);
      if (failed(taken))
        return failure();
      if (!taken->layouts.empty() && !same(*taken, 0, *c, dim))
        return padder.fail("has sizes that differ in the bucket");
      operands.push_back(taken->value);
    }
    operands.push_back(c->value);
    PaddedTensor result = *c;
    result.fill = {};
    result.states.assign(result.layouts.size(), {});
    result.value = clone(padder.builder(), op, c->value.getType(), operands)
                       ->getResult(0);
    return padder.define(op->getResult(0), result);
  }
};

/// Rows are independent: padded ones are in no group, or in one whose offset
/// makes the forward fail, as it would without padding.
struct GroupedGemmModel
    : public PaddingOpInterface::ExternalModel<GroupedGemmModel,
                                               GroupedGemmOp> {
  LogicalResult rebuildPadded(Operation *op, Padder &padder) const {
    auto gemm = cast<GroupedGemmOp>(op);
    if (!op->getNumResults())
      return padder.fail("has buffers");
    auto a = take(padder, gemm.getA()), b = take(padder, gemm.getB()),
         offsets = take(padder, gemm.getOffsets());
    if (failed(a) || failed(b) || failed(offsets))
      return failure();
    PaddedTensor c = padder.lookup(gemm.getC());
    if (c.isFree()) {
      c.layouts[0] = a->layouts[0];
      c.value = padder.materialize(
          c, getElementTypeOrSelf(gemm.getC().getType()), c.layouts);
    }
    if (!c.layouts[0].keepsIndices() ||
        a->layouts[0].padded() != c.layouts[0].padded())
      return padder.fail("has sizes that differ in the bucket");
    if (b->hasPadding() || offsets->hasPadding() ||
        a->layouts[1].hasPadding() || c.layouts[1].hasPadding())
      return padder.fail("has padding in other dimensions than rows");
    if (a->layouts[0].hasPadding() &&
        failed(
            checkEnds(padder, op->getLoc(), *offsets, *a->layouts[0].live())))
      return failure();
    c.fill = {};
    c.states.assign(c.layouts.size(), {});
    c.value = clone(padder.builder(), op, c.value.getType(),
                    {a->value, b->value, offsets->value, c.value})
                  ->getResult(0);
    return padder.define(op->getResult(0), c);
  }

  /// No group may reach behind the live rows.
  static LogicalResult checkEnds(Padder &padder, Location loc,
                                 const PaddedTensor &offsets,
                                 const SizeExpr &rows) {
    OpBuilder &b = padder.builder();
    Value empty =
        tensor::EmptyOp::create(b, loc, ArrayRef<int64_t>{}, b.getI1Type());
    Value yes = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
    Value init = linalg::FillOp::create(b, loc, yes, empty).getResult(0);
    PaddedGeneric generic(padder, loc, offsets.layouts, offsets.value, init);
    OpBuilder &body = generic.body();
    Value end =
        arith::ExtSIOp::create(body, loc, b.getI64Type(), generic.input(0));
    Value fits = arith::CmpIOp::create(body, loc, arith::CmpIPredicate::sle,
                                       end, generic.size(rows));
    Value all = arith::AndIOp::create(body, loc, fits, generic.init(0));
    auto made = generic.finish(
        all,
        {b.getMultiDimIdentityMap(1), AffineMap::get(1, 0, b.getContext())},
        utils::IteratorType::reduction);
    if (!made)
      return failure();
    DeviceCheckOp::create(b, loc, made.getResult(0),
                          b.getStringAttr("a group of rows ends behind the "
                                          "last row"));
    return success();
  }
};

/// Documents that are not there are empty: every offset after the last is the
/// number of live tokens. Offsets count live tokens: those of rows with padding
/// of their own (`[B, L]` as `B * L`) come together before, and are put back.
struct VarlenAttentionModel
    : public PaddingOpInterface::ExternalModel<VarlenAttentionModel,
                                               VarlenAttentionOp> {
  static FailureOr<Value> offsets(Padder &padder, Location loc, Value original,
                                  const SizeExpr &tokens) {
    auto tensor = take(padder, original);
    if (failed(tensor))
      return failure();
    if (!tensor->hasPadding())
      return tensor->value;
    auto type = cast<RankedTensorType>(tensor->value.getType());
    Value init = tensor::EmptyOp::create(padder.builder(), loc, type.getShape(),
                                         type.getElementType());
    PaddedGeneric generic(padder, loc, tensor->layouts, tensor->value, init);
    OpBuilder &body = generic.body();
    Value end = arith::TruncIOp::create(body, loc, type.getElementType(),
                                        generic.size(tokens));
    Value result = generic.select(generic.isLive(), generic.input(0), end);
    AffineMap map = body.getMultiDimIdentityMap(1);
    auto made =
        generic.finish(result, {map, map}, utils::IteratorType::parallel);
    if (!made)
      return failure();
    return made.getResult(0);
  }

  /// An operand with its tokens, which are dimension `dim`, in one piece.
  static FailureOr<PaddedTensor> together(Padder &padder, Location loc,
                                          Value operand, unsigned dim) {
    PaddedTensor tensor = padder.lookup(operand);
    if (tensor.isFree() || tensor.layouts[dim].keepsIndices())
      return take(padder, operand);
    std::optional<SizeExpr> live = tensor.layouts[dim].live();
    auto layout = live ? padder.layoutFor(*live) : std::nullopt;
    if (!layout)
      return padder.fail("has no bound for its tokens");
    return moveSlots(padder, loc, tensor, dim, *layout);
  }

  LogicalResult rebuildPadded(Operation *op, Padder &padder) const {
    auto attention = cast<VarlenAttentionOp>(op);
    OpBuilder &b = padder.builder();
    if (!op->getNumResults())
      return padder.fail("has buffers");
    SmallVector<Value> operands;
    SmallVector<PaddedTensor> inits;
    auto tokensOf = [&](Value operand) {
      return operand == attention.getLogsumexp() ? 1 : 0;
    };
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (value.getType().isIndex()) {
        // A bound: the padded size is one.
        bool isQ = operand.getOperandNumber() ==
                   attention.getMaxQMutable().getOperandNumber();
        unsigned of = (isQ ? attention.getQMutable() : attention.getKMutable())
                          .getOperandNumber();
        operands.push_back(arith::ConstantIndexOp::create(
            b, op->getLoc(),
            cast<RankedTensorType>(operands[of].getType()).getDimSize(0)));
        continue;
      }
      unsigned n = operand.getOperandNumber();
      bool isCuQ = n == attention.getCuSeqlensQMutable().getOperandNumber();
      if (isCuQ || n == attention.getCuSeqlensKMutable().getOperandNumber()) {
        auto made = offsets(
            padder, op->getLoc(), value,
            padder.dims(isCuQ ? attention.getQ() : attention.getK())[0]);
        if (failed(made))
          return failure();
        operands.push_back(*made);
        continue;
      }
      auto tensor = together(padder, op->getLoc(), value, tokensOf(value));
      if (failed(tensor))
        return failure();
      for (unsigned i = 0; i < tensor->layouts.size(); ++i)
        if (tensor->layouts[i].hasPadding() && int(i) != tokensOf(value))
          return padder.fail("has padding in dimension " + Twine(i));
      operands.push_back(tensor->value);
      if (attention.isDpsInit(&operand)) {
        tensor->fill = {};
        tensor->states.assign(tensor->layouts.size(), {});
        inits.push_back(*tensor);
      }
    }
    SmallVector<Type> types;
    for (const PaddedTensor &init : inits)
      types.push_back(init.value.getType());
    Operation *copy = clone(b, op, types, operands);
    PaddedTensor q = padder.lookup(attention.getQ());
    for (auto [i, from] : llvm::enumerate(op->getResults())) {
      FailureOr<PaddedTensor> tensor = inits[i];
      tensor->value = copy->getResult(i);
      // The second is the logarithm, [heads, tokens].
      if (!q.isFree() && !q.layouts[0].keepsIndices())
        tensor = moveSlots(padder, op->getLoc(), *tensor, i, q.layouts[0]);
      if (failed(tensor) || failed(padder.define(from, *tensor)))
        return failure();
    }
    return success();
  }
};
} // namespace

void capstan::registerCapstanPaddingModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, CapstanDialect *) {
    DeviceCheckOp::attachInterface<DeviceCheckModel>(*context);
    GemmOp::attachInterface<GemmModel>(*context);
    GroupedGemmOp::attachInterface<GroupedGemmModel>(*context);
    VarlenAttentionOp::attachInterface<VarlenAttentionModel>(*context);
  });
}
