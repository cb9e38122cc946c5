//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Makes attention over packed documents linalg: what it means, not fast.
//
//   %o = capstan.varlen_attention ins(%q, %k, %v, %cuq, %cuk, ...) outs(%init)
//   // becomes
//   %first, %last = linalg.generic ins(%cuq, %cuk)    keys of each query
//   %scores = linalg.generic ins(%q, %k)              all pairs of tokens
//   %max = linalg.generic ins(%scores, %first, %last)
//   %total = linalg.generic ins(%scores, %max, ...)
//   %sum = linalg.generic ins(%scores, %max, %v, ...)
//   %o = linalg.generic ins(%sum, %total)
//
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "capstan/Dialect/Capstan.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANDECOMPOSEATTENTION
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {
using Body =
    llvm::function_ref<SmallVector<Value>(ImplicitLocOpBuilder &, ValueRange)>;

class Decomposition {
public:
  explicit Decomposition(VarlenAttentionOp op) : op(op), b(op.getLoc(), op) {
    Type element = cast<RankedTensorType>(op.getQ().getType()).getElementType();
    compute = element.isF64() ? element : Type(b.getF32Type());
  }

  void run();

private:
  /// `loops` iterators, the last one a reduction if `reduces`. Each map is a
  /// list of iterators.
  SmallVector<Value> generic(unsigned loops, bool reduces, ValueRange inputs,
                             ValueRange outputs,
                             ArrayRef<SmallVector<unsigned>> maps, Body body);
  Value filled(ArrayRef<OpFoldResult> sizes, TypedAttr value);
  void findKeys();
  Value expand(Value tensor, ArrayRef<OpFoldResult> sizes,
               ArrayRef<ReassociationIndices> groups);
  OpFoldResult size(Value tensor, int64_t dim) {
    return tensor::getMixedSize(b, b.getLoc(), tensor, dim);
  }
  /// A number converted to the type that it's computed in.
  Value extend(ImplicitLocOpBuilder &b, Value value) {
    return value.getType() == compute
               ? value
               : Value(arith::ExtFOp::create(b, compute, value));
  }
  /// Whether the query has the key of the last iterator.
  Value isKey(ImplicitLocOpBuilder &b, unsigned iterator, Value first,
              Value last) {
    Value j = linalg::IndexOp::create(b, iterator);
    return arith::AndIOp::create(
        b, arith::CmpIOp::create(b, arith::CmpIPredicate::sge, j, first),
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, j, last));
  }

  VarlenAttentionOp op;
  ImplicitLocOpBuilder b;
  Type compute;
  Value first, last; ///< key of each query, and the one behind the last
};

SmallVector<Value> Decomposition::generic(unsigned loops, bool reduces,
                                          ValueRange inputs, ValueRange outputs,
                                          ArrayRef<SmallVector<unsigned>> maps,
                                          Body body) {
  SmallVector<AffineMap> affine;
  for (const SmallVector<unsigned> &map : maps) {
    SmallVector<AffineExpr> dims;
    for (unsigned i : map)
      dims.push_back(b.getAffineDimExpr(i));
    affine.push_back(AffineMap::get(loops, 0, dims, b.getContext()));
  }
  SmallVector<utils::IteratorType> iterators(loops,
                                             utils::IteratorType::parallel);
  if (reduces)
    iterators.back() = utils::IteratorType::reduction;
  auto result = linalg::GenericOp::create(
      b, outputs.getTypes(), inputs, outputs, affine, iterators,
      [&](OpBuilder &inner, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder builder(loc, inner);
        SmallVector<Value> results = body(builder, arguments);
        linalg::YieldOp::create(builder, results);
      });
  return result.getResults();
}

Value Decomposition::filled(ArrayRef<OpFoldResult> sizes, TypedAttr value) {
  Value empty = tensor::EmptyOp::create(b, sizes, value.getType());
  Value number = arith::ConstantOp::create(b, value);
  return linalg::FillOp::create(b, number, empty).getResult(0);
}

Value Decomposition::expand(Value tensor, ArrayRef<OpFoldResult> sizes,
                            ArrayRef<ReassociationIndices> groups) {
  SmallVector<int64_t> shape;
  for (OpFoldResult size : sizes)
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  auto type = RankedTensorType::get(
      shape, cast<RankedTensorType>(tensor.getType()).getElementType());
  return tensor::ExpandShapeOp::create(b, type, tensor, groups, sizes);
}

/// Each query is in one document at most; one in none has no keys.
void Decomposition::findKeys() {
  OpFoldResult lengths = size(op.getCuSeqlensQ(), 0);
  Value count = arith::SubIOp::create(
      b, getValueOrCreateConstantIndexOp(b, b.getLoc(), lengths),
      arith::ConstantIndexOp::create(b, 1));
  auto slice = [&](Value cu, int64_t from) -> Value {
    auto type = RankedTensorType::get(
        {ShapedType::kDynamic},
        cast<RankedTensorType>(cu.getType()).getElementType());
    return tensor::ExtractSliceOp::create(
        b, type, cu, ArrayRef<OpFoldResult>{b.getIndexAttr(from)},
        ArrayRef<OpFoldResult>{count},
        ArrayRef<OpFoldResult>{b.getIndexAttr(1)});
  };
  Value q = op.getCuSeqlensQ(), k = op.getCuSeqlensK();
  Value none = filled(size(op.getQ(), 0), b.getIndexAttr(0));
  SmallVector<Value> keys = generic(
      2, true, {slice(q, 0), slice(q, 1), slice(k, 0), slice(k, 1)},
      {none, none}, {{1}, {1}, {1}, {1}, {0}, {0}},
      [&](ImplicitLocOpBuilder &b, ValueRange args) {
        auto number = [&](int64_t value) -> Value {
          return arith::ConstantIndexOp::create(b, value);
        };
        SmallVector<Value> cu;
        for (Value value : args.take_front(4))
          cu.push_back(arith::IndexCastOp::create(b, b.getIndexType(), value));
        Value i = linalg::IndexOp::create(b, 0);
        Value mine = arith::AndIOp::create(
            b, arith::CmpIOp::create(b, arith::CmpIPredicate::sle, cu[0], i),
            arith::CmpIOp::create(b, arith::CmpIPredicate::slt, i, cu[1]));
        // The last query's diagonal is the last key.
        Value diagonal =
            arith::AddIOp::create(b, arith::SubIOp::create(b, i, cu[1]), cu[3]);
        Value first = cu[2], last = cu[3];
        if (int64_t left = op.getWindowLeft(); left >= 0)
          first = arith::MaxSIOp::create(
              b, first, arith::SubIOp::create(b, diagonal, number(left)));
        if (op.getCausal())
          last = arith::MinSIOp::create(
              b, last, arith::AddIOp::create(b, diagonal, number(1)));
        if (int64_t right = op.getWindowRight(); right >= 0)
          last = arith::MinSIOp::create(
              b, last, arith::AddIOp::create(b, diagonal, number(right + 1)));
        return SmallVector<Value>{
            arith::SelectOp::create(b, mine, first, args[4]),
            arith::SelectOp::create(b, mine, last, args[5])};
      });
  first = keys[0];
  last = keys[1];
}

void Decomposition::run() {
  findKeys();
  // Heads of queries are groups of those of keys: (key head, member).
  OpFoldResult tokensQ = size(op.getQ(), 0), tokensK = size(op.getK(), 0),
               headsQ = size(op.getQ(), 1), headsK = size(op.getK(), 1),
               dim = size(op.getQ(), 2), dimV = size(op.getV(), 2);
  auto staticQ = getConstantIntValue(headsQ),
       staticK = getConstantIntValue(headsK);
  OpFoldResult group;
  if (staticQ && staticK && *staticK > 0) {
    group = b.getIndexAttr(*staticQ / *staticK);
  } else {
    Value one = arith::ConstantIndexOp::create(b, 1);
    Value heads = getValueOrCreateConstantIndexOp(b, b.getLoc(), headsK);
    group = Value(arith::DivUIOp::create(
        b, getValueOrCreateConstantIndexOp(b, b.getLoc(), headsQ),
        arith::MaxUIOp::create(b, heads, one)));
  }
  Value q =
      expand(op.getQ(), {tokensQ, headsK, group, dim}, {{0}, {1, 2}, {3}});
  auto zero = b.getFloatAttr(compute, 0.0);
  auto least = b.getFloatAttr(
      compute,
      APFloat::getInf(cast<FloatType>(compute).getFloatSemantics(), true));

  // Iterators: key head, member, query, key or number of a dimension, key.
  Value scores = generic(
      5, true, {q, op.getK()},
      {filled({headsK, group, tokensQ, tokensK}, zero)},
      {{2, 0, 1, 4}, {3, 0, 4}, {0, 1, 2, 3}},
      [&](ImplicitLocOpBuilder &b, ValueRange args) {
        Value product =
            arith::MulFOp::create(b, extend(b, args[0]), extend(b, args[1]));
        return SmallVector<Value>{arith::AddFOp::create(b, args[2], product)};
      })[0];
  auto scaled = [&](ImplicitLocOpBuilder &b, Value score) -> Value {
    Value scale = arith::ConstantOp::create(
        b, b.getFloatAttr(compute, op.getScale().convertToDouble()));
    return arith::MulFOp::create(b, score, scale);
  };
  auto weight = [&](ImplicitLocOpBuilder &b, Value isKey, Value score,
                    Value max) -> Value {
    Value power =
        math::ExpOp::create(b, arith::SubFOp::create(b, scaled(b, score), max));
    return arith::SelectOp::create(b, isKey, power,
                                   arith::ConstantOp::create(b, zero));
  };
  SmallVector<unsigned> query{0, 1, 2}, pair{0, 1, 2, 3}, token{2};
  Value max = generic(
      4, true, {scores, first, last}, {filled({headsK, group, tokensQ}, least)},
      {pair, token, token, query},
      [&](ImplicitLocOpBuilder &b, ValueRange args) {
        Value larger =
            arith::MaximumFOp::create(b, scaled(b, args[0]), args[3]);
        return SmallVector<Value>{arith::SelectOp::create(
            b, isKey(b, 3, args[1], args[2]), larger, args[3])};
      })[0];
  Value total = generic(
      4, true, {scores, first, last, max},
      {filled({headsK, group, tokensQ}, zero)},
      {pair, token, token, query, query},
      [&](ImplicitLocOpBuilder &b, ValueRange args) {
        Value part = weight(b, isKey(b, 3, args[1], args[2]), args[0], args[3]);
        return SmallVector<Value>{arith::AddFOp::create(b, args[4], part)};
      })[0];
  Value sum = generic(
      5, true, {scores, first, last, max, op.getV()},
      {filled({tokensQ, headsK, group, dimV}, zero)},
      {{0, 1, 2, 4}, token, token, query, {4, 0, 3}, {2, 0, 1, 3}},
      [&](ImplicitLocOpBuilder &b, ValueRange args) {
        Value part = weight(b, isKey(b, 4, args[1], args[2]), args[0], args[3]);
        part = arith::MulFOp::create(b, part, extend(b, args[4]));
        return SmallVector<Value>{arith::AddFOp::create(b, args[5], part)};
      })[0];

  auto isPositive = [&](ImplicitLocOpBuilder &b, Value value) -> Value {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, value,
                                 arith::ConstantOp::create(b, zero));
  };
  auto outType = cast<RankedTensorType>(op.getOut().getType());
  Type element = outType.getElementType();
  Value out = generic(
      4, false, {sum, total},
      {tensor::EmptyOp::create(b, {tokensQ, headsK, group, dimV}, element)},
      {{0, 1, 2, 3}, {1, 2, 0}, {0, 1, 2, 3}},
      [&](ImplicitLocOpBuilder &b, ValueRange args) {
        Value quotient = arith::DivFOp::create(b, args[0], args[1]);
        Value result =
            arith::SelectOp::create(b, isPositive(b, args[1]), quotient,
                                    arith::ConstantOp::create(b, zero));
        if (element != compute)
          result = arith::TruncFOp::create(b, element, result);
        return SmallVector<Value>{result};
      })[0];
  auto finish = [&](Value value, ArrayRef<ReassociationIndices> groups,
                    Type type) -> Value {
    value = tensor::CollapseShapeOp::create(b, value, groups);
    if (value.getType() == type)
      return value;
    return tensor::CastOp::create(b, type, value);
  };
  SmallVector<Value> results{finish(out, {{0}, {1, 2}, {3}}, outType)};
  if (op.getLogsumexp()) {
    Type type = b.getF32Type();
    Value logs = generic(
        3, false, {max, total},
        {tensor::EmptyOp::create(b, {headsK, group, tokensQ}, type)},
        {query, query, query}, [&](ImplicitLocOpBuilder &b, ValueRange args) {
          Value log = arith::AddFOp::create(b, args[0],
                                            math::LogOp::create(b, args[1]));
          Value result =
              arith::SelectOp::create(b, isPositive(b, args[1]), log,
                                      arith::ConstantOp::create(b, least));
          if (type != compute)
            result = arith::TruncFOp::create(b, type, result);
          return SmallVector<Value>{result};
        })[0];
    results.push_back(finish(logs, {{0, 1}, {2}}, op.getLogsumexp().getType()));
  }
  op.replaceAllUsesWith(results);
  op.erase();
}

/// Whether cuDNN has it.
static bool isInLibrary(VarlenAttentionOp op) {
  auto q = cast<RankedTensorType>(op.getQ().getType());
  int64_t dim = q.getDimSize(2),
          dimV = cast<RankedTensorType>(op.getV().getType()).getDimSize(2);
  // A size that isn't known is negative.
  auto fits = [&](int64_t size) {
    return size > 0 && size % 8 == 0 && size <= (dim == dimV ? 256 : 128);
  };
  return q.getElementTypeBitWidth() == 16 && fits(dim) && fits(dimV);
}

struct DecomposeAttention
    : public capstan::impl::CapstanDecomposeAttentionBase<DecomposeAttention> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<VarlenAttentionOp> ops;
    getOperation().walk([&](VarlenAttentionOp op) {
      if (isa<RankedTensorType>(op.getQ().getType())) {
        if (!keepLibrary || !isInLibrary(op))
          ops.push_back(op);
      } else {
        op.emitRemark("is on buffers; only attention on tensors has a "
                      "decomposition");
      }
    });
    for (VarlenAttentionOp op : ops)
      Decomposition(op).run();
    numDecomposed += ops.size();
  }
};
} // namespace
