//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Gives matrix products to the runtime's library.
//
//   %wt = linalg.transpose ins(%w : ...) outs(...) permutation = [1, 0]
//   %z = linalg.fill ins(%zero : f32) outs(%init : ...)
//   %y = linalg.matmul ins(%x, %wt : ...) outs(%z : ...)
//   // becomes
//   %y = capstan.gemm ins(%x, %w : ...) outs(%init : ...) {transpose_b}
//
// A product that a bias is added to does this at its end, and so does one that
// is rounded to the type of its factors, or that something is added to.
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/Rounding.h"
#include "capstan/Conversion/Passes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANTOLIBRARYCALLS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {

/// Loops of a product of matrices. A vector is a matrix with one row or column,
/// whose loop is missing.
struct Loops {
  std::optional<unsigned> batch, m, n, k;
};

std::optional<Loops> loopsOf(linalg::LinalgOp op) {
  FailureOr<linalg::ContractionDimensions> dims =
      linalg::inferContractionDims(op);
  if (failed(dims) || dims->batch.size() > 1 || dims->m.size() > 1 ||
      dims->n.size() > 1 || dims->k.size() != 1)
    return std::nullopt;
  auto only = [](ArrayRef<unsigned> loops) {
    return loops.empty() ? std::nullopt : std::optional(loops.front());
  };
  return Loops{only(dims->batch), only(dims->m), only(dims->n), only(dims->k)};
}

/// Whether an operand with this map is transposed, if its matrices run over
/// loops `row` and `column` (after the batch); nullopt if they don't.
std::optional<bool> isTransposed(AffineMap map, std::optional<unsigned> batch,
                                 std::optional<unsigned> row,
                                 std::optional<unsigned> column) {
  SmallVector<unsigned> loops, plain, transposed;
  for (AffineExpr expr : map.getResults())
    loops.push_back(cast<AffineDimExpr>(expr).getPosition());
  for (std::optional<unsigned> loop : {batch, row, column})
    if (loop)
      plain.push_back(*loop);
  for (std::optional<unsigned> loop : {batch, column, row})
    if (loop)
      transposed.push_back(*loop);
  if (loops == plain)
    return false;
  if (loops == transposed)
    return true;
  return std::nullopt;
}

/// Looks through transposes of the matrices of a value.
Value lookThrough(Value value, bool &transposed, unsigned &count) {
  while (auto op = value.getDefiningOp<linalg::TransposeOp>()) {
    ArrayRef<int64_t> permutation = op.getPermutation();
    if (permutation != ArrayRef<int64_t>{1, 0} &&
        permutation != ArrayRef<int64_t>{0, 2, 1})
      break;
    transposed = !transposed;
    value = op.getInput();
    ++count;
  }
  return value;
}

/// Which dimensions of a matrix make one of the value, if `missing` of rows and
/// columns are not there.
SmallVector<ReassociationIndices> groupsOf(bool hasBatch, unsigned missing) {
  SmallVector<ReassociationIndices> groups;
  for (int64_t i = 0, rank = hasBatch + 2; i < rank; ++i)
    if (groups.empty() || i < rank - missing)
      groups.push_back({i});
    else
      groups.back().push_back(i);
  if (!hasBatch && missing == 2)
    groups.clear();
  return groups;
}

/// A value with dimensions of size 1 where a loop is missing.
Value expand(ImplicitLocOpBuilder &b, Value value, bool hasBatch, bool hasRow,
             bool hasColumn) {
  if (hasRow && hasColumn)
    return value;
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, b.getLoc(), value);
  SmallVector<int64_t> shape(type.getShape());
  for (auto [at, has] : {std::pair(int64_t(hasBatch), hasRow),
                         std::pair(int64_t(hasBatch) + 1, hasColumn)})
    if (!has) {
      sizes.insert(sizes.begin() + at, b.getIndexAttr(1));
      shape.insert(shape.begin() + at, 1);
    }
  return tensor::ExpandShapeOp::create(b, type.clone(shape), value,
                                       groupsOf(hasBatch, !hasRow + !hasColumn),
                                       sizes);
}

/// The product into another init, where its user is.
GemmOp moveTo(Operation *user, GemmOp op, Value init) {
  OpBuilder b(user);
  auto moved = cast<GemmOp>(b.clone(*op));
  moved.getCMutable().assign(init);
  moved->getResult(0).setType(init.getType());
  return moved;
}

/// A product, or a view of it, that something else is added to.
struct Summand {
  explicit Summand(GemmOp op) : product(op->getResult(0)), value(product) {
    if (product.hasOneUse())
      view = dyn_cast<tensor::ExpandShapeOp>(*product.user_begin());
    if (view)
      value = view.getResult();
  }

  /// Whether the last dimension is the product's.
  bool hasColumns() {
    return !view || view.getReassociationIndices().back().size() == 1;
  }
  /// Something of the view's shape in the product's.
  Value collapse(OpBuilder &b, Value other) {
    if (!view)
      return other;
    return tensor::CollapseShapeOp::create(b, view.getLoc(), product.getType(),
                                           other,
                                           view.getReassociationIndices());
  }
  /// The sum is computed by a product instead.
  void replace(linalg::GenericOp user, GemmOp with) {
    OpBuilder b(user);
    Value sum = with->getResult(0);
    if (view)
      sum = tensor::ExpandShapeOp::create(b, with.getLoc(), view.getType(), sum,
                                          view.getReassociationIndices(),
                                          view.getMixedOutputShape());
    user->replaceAllUsesWith(ValueRange(sum));
    user.erase();
    if (view)
      view.erase();
    product.getDefiningOp()->erase();
  }

  Value product, value;
  tensor::ExpandShapeOp view;
};

/// A product whose only user adds a vector to its rows does that itself, and
/// rounds as well if `mayRound`.
GemmOp addBias(GemmOp op, bool mayRound) {
  if (op->getNumResults() != 1 || op.getBias())
    return op;
  Summand summand(op);
  Value bias;
  linalg::GenericOp user = biasUser(summand.value, bias);
  int64_t k = cast<ShapedType>(op.getA().getType())
                  .getShape()
                  .take_back(2)[op.getTransposeA() ? 0 : 1];
  // A product of nothing is no product, and has no end.
  if (!user || !summand.hasColumns() || k == 0)
    return op;
  Type factors = getElementTypeOrSelf(op.getA()),
       sums = getElementTypeOrSelf(summand.product),
       result = getElementTypeOrSelf(user.getResult(0));
  bool rounds = result != sums;
  if (getElementTypeOrSelf(bias) != result ||
      !GemmOp::takesBias(factors, result) ||
      (rounds &&
       (!mayRound || result != factors || op.getAccumulate() || summand.view)))
    return op;
  GemmOp sum = moveTo(user, op, rounds ? user.getOutputs()[0] : op.getC());
  sum.getBiasMutable().assign(bias);
  summand.replace(user, sum);
  return sum;
}

/// A product whose only user rounds to the type of the factors rounds itself,
/// but for FP8, which no product gives.
GemmOp roundAtEnd(GemmOp op) {
  if (op->getNumResults() != 1 || op.getAccumulate())
    return op;
  Type element = getElementTypeOrSelf(op.getA());
  linalg::GenericOp user = roundingUser(op->getResult(0));
  if (isa<Float8E4M3FNType>(element) || !user ||
      getElementTypeOrSelf(user.getOutputs()[0]) != element)
    return op;
  GemmOp rounded = moveTo(user, op, user.getOutputs()[0]);
  user->replaceAllUsesWith(rounded->getResults());
  user.erase();
  op.erase();
  return rounded;
}

/// A product whose only user adds something to it starts from that.
void addAtEnd(GemmOp op) {
  if (op->getNumResults() != 1 || op.getAccumulate())
    return;
  Summand summand(op);
  linalg::GenericOp user = elementwiseUser(summand.value);
  if (!user || !addsInputs(user) ||
      getElementTypeOrSelf(user.getResult(0)) !=
          getElementTypeOrSelf(summand.product))
    return;
  Value residual = user.getInputs()[user.getInputs()[0] == summand.value];
  if (residual.getType() != summand.value.getType())
    return;
  OpBuilder b(user);
  GemmOp sum = moveTo(user, op, summand.collapse(b, residual));
  sum.setAccumulate(true);
  summand.replace(user, sum);
}

struct ToLibraryCalls
    : public capstan::impl::CapstanToLibraryCallsBase<ToLibraryCalls> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> products;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (linalg::isaContractionOpInterface(op) && op.hasPureTensorSemantics())
        products.push_back(op);
    });
    for (linalg::LinalgOp op : products)
      convert(op);
    SmallVector<GemmOp> gemms;
    getOperation()->walk([&](GemmOp op) { gemms.push_back(op); });
    for (GemmOp op : gemms) {
      // Elsewhere, the kernel that rounds is fused with what uses the result.
      if (addResiduals)
        addAtEnd(addBias(roundAtEnd(op), /*mayRound=*/true));
      else
        addBias(op, /*mayRound=*/false);
    }
    getOperation()->walk([&](Operation *op) {
      if (auto gemm = dyn_cast<GemmOp>(op))
        readAsStored(gemm);
      else if (auto gemm = dyn_cast<GroupedGemmOp>(op))
        readAsStored(gemm);
    });
  }

  template <typename OpT> void readAsStored(OpT op) {
    bool transposed = op.getTransposeB();
    unsigned transposes = 0;
    op.getBMutable().assign(lookThrough(op.getB(), transposed, transposes));
    op.setTransposeB(transposed);
    numTransposes += transposes;
  }

  void convert(linalg::LinalgOp op) {
    Value a = op->getOperand(0), b = op->getOperand(1), c = op->getOperand(2);
    Type element = getElementTypeOrSelf(a), sums = getElementTypeOrSelf(c);
    bool isHalf = element.isF16() || element.isBF16();
    if (getElementTypeOrSelf(b) != element ||
        (isHalf ? !sums.isF32()
                : sums != element || !(element.isF32() || element.isF64())))
      return;
    std::optional<Loops> loops = loopsOf(op);
    if (!loops)
      return;
    auto [batch, m, n, k] = *loops;
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    std::optional<bool> tc = isTransposed(maps[2], batch, m, n);
    // The transposed product is that of the factors transposed, in reverse.
    if (tc && *tc) {
      std::swap(a, b);
      std::swap(maps[0], maps[1]);
      std::swap(m, n);
    }
    std::optional<bool> ta = isTransposed(maps[0], batch, m, k);
    std::optional<bool> tb = isTransposed(maps[1], batch, k, n);
    if (!ta || !tb || !tc)
      return;
    unsigned transposes = 0;
    if (m)
      a = lookThrough(a, *ta, transposes);
    if (n)
      b = lookThrough(b, *tb, transposes);
    bool accumulate = true;
    if (auto fill = c.getDefiningOp<linalg::FillOp>())
      if (matchPattern(fill.getInputs().front(), m_AnyZeroFloat())) {
        c = fill.getOutputs().front();
        accumulate = false;
      }
    ImplicitLocOpBuilder builder(op.getLoc(), op);
    bool hasBatch = batch.has_value();
    a = expand(builder, a, hasBatch, m.has_value(), true);
    b = expand(builder, b, hasBatch, true, n.has_value());
    Value out = expand(builder, c, hasBatch, m.has_value(), n.has_value());
    Value result =
        GemmOp::create(builder, out.getType(), a, b, /*bias=*/Value(),
                       /*scale_a=*/Value(), /*scale_b=*/Value(), out, *ta, *tb,
                       accumulate)
            ->getResult(0);
    if (!m || !n)
      result = tensor::CollapseShapeOp::create(builder, c.getType(), result,
                                               groupsOf(hasBatch, !m + !n));
    op->replaceAllUsesWith(ValueRange(result));
    op->erase();
    numTransposes += transposes;
    ++numGemms;
  }
};
} // namespace
