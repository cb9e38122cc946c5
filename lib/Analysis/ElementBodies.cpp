//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Bodies of linalg operations: what an element of a result is, one operation at
// a time.
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/ElementAnalysis.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace capstan;

/// One iteration of an operation.
struct ElementAnalysis::Scope {
  linalg::LinalgOp op;
  SmallVector<std::optional<SizeExpr>> loops;
  DenseMap<Value, Element> values;
};

static std::optional<SizeExpr>
evaluateAffine(AffineExpr expr, ArrayRef<std::optional<SizeExpr>> loops) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return SizeExpr(constant.getValue());
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return loops[dim.getPosition()];
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return std::nullopt;
  auto a = evaluateAffine(binary.getLHS(), loops),
       b = evaluateAffine(binary.getRHS(), loops);
  if (a && b && expr.getKind() == AffineExprKind::Add)
    return a->plus(*b);
  if (a && b && expr.getKind() == AffineExprKind::Mul)
    return a->times(*b);
  return std::nullopt;
}

/// The iteration that makes the element; loops that reduce have no value.
bool ElementAnalysis::enter(Scope &scope, linalg::LinalgOp op, unsigned result,
                            ArrayRef<SizeExpr> indices) {
  if (!op.hasPureTensorSemantics() || !op.getBlock())
    return false;
  scope.op = op;
  scope.loops.resize(op.getNumLoops());
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(result));
  for (auto [expr, index] : llvm::zip(map.getResults(), indices)) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      scope.loops[dim.getPosition()] = index;
    else if (!isa<AffineConstantExpr>(expr))
      return false;
  }
  return true;
}

Element ElementAnalysis::stepLinalg(linalg::LinalgOp op, unsigned result,
                                    ArrayRef<SizeExpr> indices) {
  Scope scope;
  if (op.getNumReductionLoops() || !enter(scope, op, result, indices))
    return nullptr;
  Value yielded = op.getBlock()->getTerminator()->getOperand(result);
  if (isa<FloatType>(yielded.getType())) {
    // Arithmetic is left for `expand`.
    Operation *op = yielded.getDefiningOp();
    bool isInside = op && op->getBlock() == scope.op.getBlock();
    if (isInside && !isa<tensor::ExtractOp, arith::ConstantOp>(op))
      return nullptr;
  }
  return evaluate(yielded, scope);
}

Element ElementAnalysis::expand(Element element) {
  if (element->kind != ElementExpr::Element)
    return nullptr;
  auto [it, isNew] = expanded.try_emplace(element, nullptr);
  auto op = element->tensor.getDefiningOp<linalg::LinalgOp>();
  Scope scope;
  if (!isNew || !op || op.getNumReductionLoops())
    return it->second;
  unsigned result = cast<OpResult>(element->tensor).getResultNumber();
  if (!enter(scope, op, result, element->indices))
    return nullptr;
  Element value =
      evaluate(op.getBlock()->getTerminator()->getOperand(result), scope);
  if (value == element)
    value = nullptr;
  expanded[element] = value;
  return value;
}

Element ElementAnalysis::expandAll(Element element, unsigned depth) {
  if (!element || depth == 0)
    return element;
  if (element->kind == ElementExpr::Element) {
    Element next = expand(element);
    return next ? expandAll(next, depth - 1) : element;
  }
  if (element->kind != ElementExpr::Apply)
    return element;
  SmallVector<Element> operands;
  for (Element operand : element->operands)
    operands.push_back(expandAll(operand, depth - 1));
  return apply(element->operation, operands);
}

/// Whether a value of a body depends on what the operation accumulates.
static bool usesInits(Value value, linalg::LinalgOp op) {
  SmallVector<Value> list{value};
  DenseSet<Value> seen;
  while (!list.empty()) {
    Value next = list.pop_back_val();
    if (!seen.insert(next).second)
      continue;
    if (auto argument = dyn_cast<BlockArgument>(next)) {
      if (argument.getOwner() == op.getBlock() &&
          argument.getArgNumber() >= op.getNumDpsInputs())
        return true;
    } else if (next.getDefiningOp()->getBlock() == op.getBlock()) {
      llvm::append_range(list, next.getDefiningOp()->getOperands());
    }
  }
  return false;
}

std::optional<ElementReduction>
ElementAnalysis::reduction(Element element, std::optional<SizeExpr> variable) {
  if (element->kind != ElementExpr::Element)
    return std::nullopt;
  auto op = element->tensor.getDefiningOp<linalg::LinalgOp>();
  if (!op || op.getNumReductionLoops() != 1)
    return std::nullopt;
  unsigned result = cast<OpResult>(element->tensor).getResultNumber();
  Scope scope;
  if (!enter(scope, op, result, element->indices))
    return std::nullopt;
  SmallVector<unsigned> reduced;
  op.getReductionDims(reduced);
  unsigned loop = reduced[0];
  if (scope.loops[loop])
    return std::nullopt;
  // How many trips: some operand has the dimension.
  std::optional<SizeExpr> count;
  for (OpOperand &operand : op->getOpOperands())
    for (auto [i, expr] :
         llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
      if (expr == getAffineDimExpr(loop, op.getContext()) && !count)
        count = sizes.dims(operand.get())[i];
  if (!count)
    return std::nullopt;
  if (variable) {
    const SizeExpr *other = countOf(*variable);
    if (!other || *other != *count ||
        llvm::any_of(element->indices, [&](const SizeExpr &index) {
          return dependsOn(index, *variable);
        }))
      return std::nullopt;
  } else {
    variable = this->variable(*count);
  }
  scope.loops[loop] = *variable;

  BlockArgument accumulated =
      op.getMatchingBlockArgument(op.getDpsInitOperand(result));
  Operation *combine =
      op.getBlock()->getTerminator()->getOperand(result).getDefiningOp();
  if (!combine || combine->getBlock() != op.getBlock() ||
      combine->getNumOperands() != 2)
    return std::nullopt;
  bool isFirst = combine->getOperand(0) == accumulated;
  if (!isFirst && combine->getOperand(1) != accumulated)
    return std::nullopt;
  Value body = combine->getOperand(isFirst ? 1 : 0);
  if (usesInits(body, op))
    return std::nullopt;
  return ElementReduction{combine,
                          at(op.getDpsInits()[result], element->indices),
                          evaluate(body, scope), *variable};
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Element ElementAnalysis::host(Value value) {
  if (value.getType().isInteger(1)) {
    auto known = sizes.condition(value);
    return known ? truth(*known) : leaf(value, {});
  }
  if (value.getType().isIntOrIndex())
    return integer(sizes.size(value));
  APFloat constant(0.0);
  if (matchPattern(value, m_ConstantFloat(&constant)))
    return number(constant.convertToDouble());
  return leaf(value, {});
}

Element ElementAnalysis::evaluate(Value value, Scope &scope) {
  if (Element known = scope.values.lookup(value))
    return known;
  Element result;
  Operation *op = value.getDefiningOp();
  auto argument = dyn_cast<BlockArgument>(value);
  if (argument && argument.getOwner() == scope.op.getBlock()) {
    OpOperand *operand = scope.op.getMatchingOpOperand(argument);
    if (isa<RankedTensorType>(operand->get().getType())) {
      SmallVector<SizeExpr, 4> indices;
      AffineMap map = scope.op.getMatchingIndexingMap(operand);
      for (AffineExpr expr : map.getResults()) {
        auto index = evaluateAffine(expr, scope.loops);
        indices.push_back(index ? *index : newSymbol("unknown", {}, {}));
      }
      result = at(operand->get(), indices);
    } else {
      result = host(operand->get());
    }
  } else if (op && op->getBlock() == scope.op.getBlock()) {
    result = evaluateOp(op, scope);
  } else {
    result = host(value);
  }
  scope.values[value] = result;
  return result;
}

Element ElementAnalysis::evaluateOp(Operation *op, Scope &scope) {
  Type type = op->getResult(0).getType();
  if (auto index = dyn_cast<linalg::IndexOp>(op))
    return integer(*scope.loops[index.getDim()]);
  if (isa<arith::ConstantOp>(op))
    return host(op->getResult(0));
  SmallVector<Element, 4> in;
  for (Value operand : op->getOperands())
    if (!isa<RankedTensorType>(operand.getType()))
      in.push_back(evaluate(operand, scope));
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    SmallVector<SizeExpr, 4> indices;
    for (Element index : in)
      indices.push_back(index->integer);
    return at(extract.getTensor(), indices);
  }
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    if (in[0]->isTruth())
      return in[0]->number ? in[1] : in[2];
    // A size of 1 has only the index 0.
    if (in[0]->kind == ElementExpr::IsZero && in[1] == integer(0) &&
        in[2]->kind == ElementExpr::Integer) {
      for (int sign : {1, -1}) {
        auto size = in[0]->integer.times(sign);
        size = size ? size->plus(1) : size;
        auto above = size ? size->minus(in[2]->integer) : size;
        above = above ? above->minus(1) : above;
        if (above && isNotNegative(*above) && isNotNegative(in[2]->integer))
          return in[2];
      }
    }
  }
  if (type.isInteger(1)) {
    if (isa<arith::AndIOp>(op))
      return logic(ElementExpr::And, in);
    if (isa<arith::OrIOp>(op))
      return logic(ElementExpr::Or, in);
    if (isa<arith::XOrIOp>(op))
      for (unsigned i : {0, 1})
        if (in[i]->isTruth())
          return in[i]->number ? logic(ElementExpr::Not, {in[1 - i]})
                               : in[1 - i];
    if (auto cmp = dyn_cast<arith::CmpIOp>(op);
        cmp && in[0]->kind == ElementExpr::Integer &&
        in[1]->kind == ElementExpr::Integer)
      return compare(cmp, in[0], in[1]);
    return apply(op, in);
  }
  if (type.isIntOrIndex())
    return evaluateInteger(op, in);
  if (isa<arith::TruncFOp, arith::ExtFOp>(op) &&
      in[0]->kind == ElementExpr::Float) {
    APFloat value(in[0]->number);
    bool lost;
    value.convert(cast<FloatType>(type).getFloatSemantics(),
                  APFloat::rmNearestTiesToEven, &lost);
    return number(value.convertToDouble());
  }
  if (isa<arith::SIToFPOp, arith::UIToFPOp>(op)) {
    if (auto constant = in[0]->kind == ElementExpr::Integer
                            ? in[0]->integer.constant()
                            : std::nullopt;
        constant && std::abs(*constant) < (int64_t(1) << 24))
      return number(*constant);
  }
  return apply(op, in);
}

Element ElementAnalysis::compare(arith::CmpIOp op, Element a, Element b) {
  using P = arith::CmpIPredicate;
  P predicate = op.getPredicate();
  bool isUnsigned =
      llvm::is_contained({P::ult, P::ule, P::ugt, P::uge}, predicate);
  auto difference = a->integer.minus(b->integer);
  auto opposite = b->integer.minus(a->integer);
  if (!difference || !opposite || !isKnown(a->integer) ||
      !isKnown(b->integer) ||
      (isUnsigned &&
       (!isNotNegative(a->integer) || !isNotNegative(b->integer))))
    return apply(op, {a, b});
  switch (predicate) {
  case P::eq:
    return isZero(*difference);
  case P::ne:
    return logic(ElementExpr::Not, {isZero(*difference)});
  case P::sge:
  case P::uge:
    return notNegative(*difference);
  case P::sle:
  case P::ule:
    return notNegative(*opposite);
  case P::sgt:
  case P::ugt:
    return notNegative(*difference->minus(1));
  case P::slt:
  case P::ult:
    return notNegative(*opposite->minus(1));
  }
  llvm_unreachable("all predicates");
}

/// Integers are exact: who relies on them checks what they are made of. Those
/// of less than 64 bits may wrap around, unless their range says that they
/// don't.
Element ElementAnalysis::evaluateInteger(Operation *op, ArrayRef<Element> in) {
  Type type = op->getResult(0).getType();
  auto unknown = [&]() -> Element {
    return integer(
        symbolFor(apply(op, in), false, SizeAnalysis::typeRange(type)));
  };
  auto checked = [&](std::optional<SizeExpr> expr) -> Element {
    if (!expr)
      return unknown();
    SizeRange range = symbols.range(*expr), all = SizeAnalysis::typeRange(type);
    return range.within(all.min, all.max) ? integer(*expr) : unknown();
  };
  if (isa<arith::ExtUIOp, arith::IndexCastUIOp>(op) && in[0]->isBoolean())
    return integer(in[0]->isTruth() ? SizeExpr(in[0]->number)
                                    : symbolFor(apply(op, in), true, {0, 1}));
  // floor(float(a) / float(b)) of integers that floats hold exactly.
  if (isa<arith::FPToSIOp>(op) && in[0]->isApply<math::FloorOp>()) {
    Element quotient = in[0]->operands[0];
    if (quotient->isApply<arith::DivFOp>() &&
        quotient->operation->getResult(0).getType().isF64()) {
      Element a = quotient->operands[0], b = quotient->operands[1];
      if (a->isApply<arith::SIToFPOp>() && b->kind == ElementExpr::Float &&
          b->number >= 1 && b->number == std::floor(b->number) &&
          symbols.range(a->operands[0]->integer).within(0, 1 << 24))
        return checked(symbols.floorDiv(a->operands[0]->integer,
                                        SizeExpr(int64_t(b->number)), loc));
    }
  }
  for (Element operand : in)
    if (operand->kind != ElementExpr::Integer)
      return unknown();
  if (isa<arith::IndexCastOp, arith::ExtSIOp>(op))
    return checked(in[0]->integer);
  if (isa<arith::ExtUIOp, arith::IndexCastUIOp>(op) &&
      isNotNegative(in[0]->integer))
    return checked(in[0]->integer);
  if (in.size() != 2)
    return unknown();
  const SizeExpr &a = in[0]->integer, &b = in[1]->integer;
  auto isAtMost = [&](const SizeExpr &x, const SizeExpr &y) {
    auto difference = y.minus(x);
    return difference && isKnown(x) && isKnown(y) && isNotNegative(*difference);
  };
  if (isa<arith::AddIOp>(op))
    return checked(a.plus(b));
  if (isa<arith::SubIOp>(op))
    return checked(a.minus(b));
  if (isa<arith::MulIOp>(op))
    return checked(a.times(b));
  bool isMin = isa<arith::MinSIOp>(op);
  if (isMin || isa<arith::MaxSIOp>(op)) {
    if (isAtMost(a, b))
      return in[isMin ? 0 : 1];
    if (isAtMost(b, a))
      return in[isMin ? 1 : 0];
    return integer(isMin ? symbols.min(a, b, loc) : symbols.max(a, b, loc));
  }
  if (isa<arith::DivSIOp, arith::FloorDivSIOp, arith::DivUIOp>(op) &&
      isNotNegative(a) && b.constant() && *b.constant() > 0)
    return checked(symbols.floorDiv(a, b, loc));
  return unknown();
}
