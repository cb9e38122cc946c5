//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What single operations do to sizes: integer arithmetic, tensors, reads, and
// what checks prove. Operations that nothing here knows are asked for bounds
// (ValueBoundsOpInterface).
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/SizeAnalysis.h"
#include "capstan/Dialect/Capstan.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace capstan;

void SizeAnalysis::visit(Operation *op) {
  visitElements(op);
  if (auto check = dyn_cast<cf::AssertOp>(op))
    return assume(check.getArg(), true);
  if (op->getNumResults() == 0 || visitArith(op) || visitTensor(op))
    return;
  if (auto item = dyn_cast<ItemOp>(op))
    return visitRead(item.getResult(), item.getSource());
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    return visitRead(extract.getResult(), extract.getTensor());
  if (auto fetch = dyn_cast<FetchOp>(op)) {
    for (auto [result, source] :
         llvm::zip(fetch.getResults(), fetch.getSources()))
      visitRead(result, source);
    return;
  }
  if (auto wait = dyn_cast<FetchWaitOp>(op)) {
    auto start = wait.getFuture().getDefiningOp<FetchStartOp>();
    for (auto [i, result] : llvm::enumerate(wait.getResults()))
      visitRead(result, start ? start.getSources()[i] : Value());
    return;
  }
  for (OpResult result : op->getResults()) {
    if (isa<RankedTensorType>(result.getType()))
      setDims(result, [&](unsigned i) { return bound(result, i); });
    else
      forget(result);
  }
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

/// An expression that may not fit the type wraps around: then nothing is known.
void SizeAnalysis::setChecked(Value value, std::optional<SizeExpr> expr) {
  unsigned width =
      value.getType().isIndex() ? 64 : value.getType().getIntOrFloatBitWidth();
  if (expr && width == 64 && exact)
    return set(value, *expr);
  if (expr && width <= 64) {
    SizeRange range = symbols.range(*expr);
    int64_t high = width == 64 ? std::numeric_limits<int64_t>::max() - 1
                               : (int64_t(1) << (width - 1)) - 1;
    if (width == 1 ? range.within(0, 1) : range.within(-high - 1, high))
      return set(value, *expr);
  }
  forget(value);
}

/// An index has 64 bits.
static bool isWide(Type type) { return type.isIndex() || type.isInteger(64); }

bool SizeAnalysis::visitArith(Operation *op) {
  if (op->getNumResults() != 1 || !op->getResult(0).getType().isIntOrIndex())
    return false;
  Value result = op->getResult(0);
  Location loc = op->getLoc();
  auto operand = [&](unsigned i) { return size(op->getOperand(i)); };
  auto notNegative = [&](unsigned i) {
    return symbols.range(operand(i)).min >= 0;
  };
  // Of booleans, 1 is true; arithmetic on them is logic.
  bool isBool =
      op->getNumOperands() > 0 && op->getOperand(0).getType().isInteger(1);

  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    scalars.erase(result);
    size(result);
  } else if (isa<arith::IndexCastOp>(op) && !isBool &&
             isWide(op->getOperand(0).getType()) && isWide(result.getType())) {
    set(result, operand(0));
  } else if (isa<arith::IndexCastOp, arith::ExtSIOp, arith::TruncIOp>(op) &&
             !isBool) {
    setChecked(result, operand(0));
  } else if (isa<arith::IndexCastUIOp, arith::ExtUIOp>(op)) {
    setChecked(result,
               notNegative(0) ? std::optional(operand(0)) : std::nullopt);
  } else if (isa<arith::AndIOp, arith::OrIOp>(op) && isBool) {
    bool isAnd = isa<arith::AndIOp>(op);
    auto a = condition(op->getOperand(0)), b = condition(op->getOperand(1));
    if (a && b)
      set(result, isAnd ? (*a && *b) : (*a || *b));
    else if ((a && *a != isAnd) || (b && *b != isAnd))
      set(result, !isAnd);
    else
      forget(result);
  } else if (isBool && !isa<arith::SelectOp>(op)) {
    forget(result);
  } else if (isa<arith::AddIOp>(op)) {
    setChecked(result, operand(0).plus(operand(1)));
  } else if (isa<arith::SubIOp>(op)) {
    setChecked(result, operand(0).minus(operand(1)));
  } else if (isa<arith::MulIOp>(op)) {
    setChecked(result, operand(0).times(operand(1)));
  } else if (isa<arith::DivSIOp, arith::DivUIOp, arith::FloorDivSIOp,
                 arith::CeilDivSIOp, arith::CeilDivUIOp>(op)) {
    // Rounding differs below zero.
    bool up = isa<arith::CeilDivSIOp, arith::CeilDivUIOp>(op);
    if (notNegative(0) && notNegative(1))
      setChecked(result, up ? symbols.ceilDiv(operand(0), operand(1), loc)
                            : symbols.floorDiv(operand(0), operand(1), loc));
    else
      forget(result);
  } else if (isa<arith::RemSIOp, arith::RemUIOp>(op) && notNegative(0) &&
             notNegative(1)) {
    int64_t most = symbols.range(operand(1)).max;
    forget(result, {0, std::max<int64_t>(most, 1) - 1});
  } else if (isa<arith::MinSIOp>(op) ||
             (isa<arith::MinUIOp>(op) && notNegative(0) && notNegative(1))) {
    setChecked(result, symbols.min(operand(0), operand(1), loc));
  } else if (isa<arith::MaxSIOp>(op) ||
             (isa<arith::MaxUIOp>(op) && notNegative(0) && notNegative(1))) {
    setChecked(result, symbols.max(operand(0), operand(1), loc));
  } else if (auto compare = dyn_cast<arith::CmpIOp>(op)) {
    visitCompare(compare);
  } else if (auto select = dyn_cast<arith::SelectOp>(op)) {
    if (auto known = condition(select.getCondition()))
      bind(*known ? select.getTrueValue() : select.getFalseValue(), result);
    else
      join(select.getTrueValue(), select.getFalseValue(), result);
  } else if (auto apply = dyn_cast<affine::AffineApplyOp>(op)) {
    SmallVector<SizeExpr> operands;
    for (Value value : op->getOperands())
      operands.push_back(size(value));
    unsigned dims = apply.getAffineMap().getNumDims();
    setChecked(result, evaluate(apply.getAffineMap().getResult(0),
                                ArrayRef(operands).take_front(dims),
                                ArrayRef(operands).drop_front(dims), loc));
  } else if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    auto index = dim.getConstantIndex();
    if (index && isa<RankedTensorType>(dim.getSource().getType()) &&
        *index < static_cast<int64_t>(dims(dim.getSource()).size()))
      set(result, SizeExpr(dims(dim.getSource())[*index]));
    else
      forget(result, {0});
  } else {
    return false;
  }
  return true;
}

void SizeAnalysis::visitCompare(arith::CmpIOp op) {
  auto difference = size(op.getLhs()).minus(size(op.getRhs()));
  using P = arith::CmpIPredicate;
  bool isUnsigned =
      llvm::is_contained({P::ult, P::ule, P::ugt, P::uge}, op.getPredicate());
  if (isUnsigned && (symbols.range(size(op.getLhs())).min < 0 ||
                     symbols.range(size(op.getRhs())).min < 0))
    difference = std::nullopt;
  if (!difference)
    return forget(op.getResult());
  SizeRange r = symbols.range(*difference);
  auto decide = [&](bool yes, bool no, bool negate = false) {
    if (yes || no)
      set(op.getResult(), yes != negate);
    else
      forget(op.getResult());
  };
  switch (op.getPredicate()) {
  case P::eq:
  case P::ne:
    return decide(r == SizeRange{0, 0}, r.min > 0 || r.max < 0,
                  op.getPredicate() == P::ne);
  case P::slt:
  case P::ult:
    return decide(r.max < 0, r.min >= 0);
  case P::sle:
  case P::ule:
    return decide(r.max <= 0, r.min > 0);
  case P::sgt:
  case P::ugt:
    return decide(r.min > 0, r.max <= 0);
  case P::sge:
  case P::uge:
    return decide(r.min >= 0, r.max < 0);
  }
}

/// A comparison that holds bounds a symbol, if it stands where the symbol was
/// made: then it holds wherever the symbol exists, on paths that complete.
void SizeAnalysis::assume(Value condition, bool holds) {
  if (auto both = condition.getDefiningOp<arith::AndIOp>();
      both && holds && condition.getType().isInteger(1)) {
    assume(both.getLhs(), true);
    assume(both.getRhs(), true);
    return;
  }
  auto compare = condition.getDefiningOp<arith::CmpIOp>();
  if (!compare || !holds)
    return;
  auto bounded = [&](const SizeExpr &expr) {
    if (expr.getTerms().size() != 1 ||
        expr.getTerms().begin()->first.size() != 1)
      return false;
    SymbolId id = expr.getTerms().begin()->first.front();
    if (symbols[id].kind == SizeSymbol::Declared)
      return calls.size() <= 1 && regions.size() == 1;
    auto it = madeIn.find(id);
    return it != madeIn.end() && it->second == regions.back();
  };
  constexpr SizeRange all;
  auto atMost = [&](const SizeExpr &expr, const SizeExpr &other, int64_t less) {
    SizeRange range = symbols.range(other);
    if (bounded(expr) && range.hasMax())
      symbols.restrict(expr, {all.min, range.max - less});
  };
  auto atLeast = [&](const SizeExpr &expr, const SizeExpr &other,
                     int64_t more) {
    SizeRange range = symbols.range(other);
    if (bounded(expr) && range.hasMin())
      symbols.restrict(expr, {range.min + more, all.max});
  };
  SizeExpr a = size(compare.getLhs()), b = size(compare.getRhs());
  using P = arith::CmpIPredicate;
  switch (compare.getPredicate()) {
  case P::eq:
    atMost(a, b, 0), atLeast(a, b, 0), atMost(b, a, 0), atLeast(b, a, 0);
    break;
  case P::slt:
    atMost(a, b, 1), atLeast(b, a, 1);
    break;
  case P::sle:
    atMost(a, b, 0), atLeast(b, a, 0);
    break;
  case P::sgt:
    atLeast(a, b, 1), atMost(b, a, 1);
    break;
  case P::sge:
    atLeast(a, b, 0), atMost(b, a, 0);
    break;
  default:
    break;
  }
}

std::optional<SizeExpr> SizeAnalysis::evaluate(AffineExpr expr,
                                               ArrayRef<SizeExpr> dims,
                                               ArrayRef<SizeExpr> symbolsOf,
                                               Location loc) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return SizeExpr(constant.getValue());
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return dims[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbolsOf[symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  auto a = evaluate(binary.getLHS(), dims, symbolsOf, loc);
  auto b = evaluate(binary.getRHS(), dims, symbolsOf, loc);
  if (!a || !b)
    return std::nullopt;
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return a->plus(*b);
  case AffineExprKind::Mul:
    return a->times(*b);
  case AffineExprKind::FloorDiv:
    return symbols.floorDiv(*a, *b, loc);
  case AffineExprKind::CeilDiv:
    return symbols.ceilDiv(*a, *b, loc);
  default:
    return std::nullopt;
  }
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

bool SizeAnalysis::visitTensor(Operation *op) {
  if (!llvm::all_of(op->getResultTypes(),
                    [](Type type) { return isa<RankedTensorType>(type); }))
    return false;
  if (auto dps = dyn_cast<DestinationStyleOpInterface>(op)) {
    for (OpResult result : op->getResults()) {
      SmallVector<SizeExpr, 4> init(dims(dps.getTiedOpOperand(result)->get()));
      setDims(result, [&](unsigned i) { return init[i]; });
    }
    return true;
  }
  // The results of a scan are as large as its inits.
  if (op->getName().getStringRef() == "tm_tensor.scan" &&
      op->getNumOperands() == 3 && op->getNumResults() == 2) {
    for (unsigned i : {0, 1})
      bind(op->getOperand(1 + i), op->getResult(i));
    return true;
  }
  if (op->getNumResults() != 1)
    return false;
  Value result = op->getResult(0);
  auto take = [&](ArrayRef<OpFoldResult> list) {
    setDims(result, [&](unsigned i) { return size(list[i]); });
    return true;
  };
  // A choice by one condition: the two may have different sizes.
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    join(select.getTrueValue(), select.getFalseValue(), result);
    return true;
  }
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return take(empty.getMixedSizes());
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return take(expand.getMixedOutputShape());
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    SmallVector<SizeExpr, 4> source(dims(collapse.getSrc()));
    auto groups = collapse.getReassociationIndices();
    setDims(result, [&](unsigned i) {
      std::optional<SizeExpr> product = SizeExpr(1);
      for (int64_t j : groups[i])
        product = product ? product->times(source[j]) : product;
      return product;
    });
    return true;
  }
  if (auto reshape = dyn_cast<tensor::ReshapeOp>(op)) {
    auto shape = reshape.getShape().getDefiningOp<tensor::FromElementsOp>();
    if (!shape)
      return false;
    setDims(result, [&](unsigned i) { return size(shape.getElements()[i]); });
    return true;
  }
  if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    SmallVector<SizeExpr, 4> sum(dims(concat.getInputs()[0]));
    int64_t along = concat.getDim();
    for (Value input : concat.getInputs().drop_front()) {
      auto next = sum[along].plus(dims(input)[along]);
      if (!next)
        return false;
      sum[along] = *next;
    }
    setDims(result, [&](unsigned i) { return sum[i]; });
    return true;
  }
  if (auto cast = dyn_cast<tensor::CastOp>(op);
      cast && isa<RankedTensorType>(cast.getSource().getType())) {
    bind(cast.getSource(), result);
    return true;
  }
  if (op->hasTrait<OpTrait::SameOperandsAndResultShape>() ||
      OpTrait::hasElementwiseMappableTraits(op)) {
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType())) {
        SmallVector<SizeExpr, 4> same(dims(operand));
        setDims(result, [&](unsigned i) { return same[i]; });
        return true;
      }
  }
  return false;
}

/// What the operation's bounds interface says: the size itself, or one that is
/// at least as large.
std::optional<SizeExpr> SizeAnalysis::bound(OpResult result, unsigned dim) {
  Operation *op = result.getOwner();
  if (!isa<ValueBoundsOpInterface>(op))
    return std::nullopt;
  auto ask = [&](presburger::BoundType type) -> std::optional<SizeExpr> {
    AffineMap map;
    ValueDimList operands;
    auto stop = [&](Value value, std::optional<int64_t>,
                    ValueBoundsConstraintSet &) {
      return value.getDefiningOp() != op;
    };
    if (failed(ValueBoundsConstraintSet::computeBound(
            map, operands, type, {result, static_cast<int64_t>(dim)}, stop,
            /*closedUB=*/true)))
      return std::nullopt;
    SmallVector<SizeExpr> exprs;
    for (auto [value, index] : operands)
      exprs.push_back(index ? dims(value)[*index] : size(value));
    return evaluate(map.getResult(0),
                    ArrayRef(exprs).take_front(map.getNumDims()),
                    ArrayRef(exprs).drop_front(map.getNumDims()), op->getLoc());
  };
  if (auto equal = ask(presburger::BoundType::EQ))
    return equal;
  auto upper = ask(presburger::BoundType::UB);
  if (!upper)
    return std::nullopt;
  return opaque(result, {0, symbols.range(*upper).max});
}
