//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What is known about values at compile time: constants through `arith` and
// through the folds of the models, and loops whose first trip is certain.
//
//===----------------------------------------------------------------------===//

#include "capstan/Interfaces/Semantics.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace capstan;

/// Deep enough for the chains that frontends write; keeps the cost bounded.
static constexpr unsigned kMaxDepth = 16;

std::optional<int64_t> Semantics::constant(Value value, bool splat) {
  return fold(value, splat, kMaxDepth);
}

std::optional<int64_t> capstan::integerOf(Attribute attr, bool splat) {
  if (auto boolean = dyn_cast_if_present<BoolAttr>(attr))
    return boolean.getValue();
  if (auto integer = dyn_cast_if_present<IntegerAttr>(attr)) {
    if (integer.getValue().getSignificantBits() > 64)
      return std::nullopt;
    return integer.getValue().getSExtValue();
  }
  auto elements = dyn_cast_if_present<DenseIntElementsAttr>(attr);
  if (splat && elements && elements.isSplat())
    return integerOf(elements.getSplatValue<Attribute>(), false);
  return std::nullopt;
}

static std::optional<int64_t> compare(arith::CmpIPredicate predicate, int64_t l,
                                      int64_t r) {
  using P = arith::CmpIPredicate;
  uint64_t ul = l, ur = r;
  switch (predicate) {
  case P::eq:
    return l == r;
  case P::ne:
    return l != r;
  case P::slt:
    return l < r;
  case P::sle:
    return l <= r;
  case P::sgt:
    return l > r;
  case P::sge:
    return l >= r;
  // Sign-extended from equal widths: the unsigned order is kept.
  case P::ult:
    return ul < ur;
  case P::ule:
    return ul <= ur;
  case P::ugt:
    return ul > ur;
  case P::uge:
    return ul >= ur;
  }
  return std::nullopt;
}

/// Whether a foreign tensor's element type, the last word of its type, holds
/// `value` as it is.
static bool holds(Type type, int64_t value) {
  auto opaque = dyn_cast<OpaqueType>(type);
  if (!opaque || !opaque.getTypeData().contains('<'))
    return true;
  StringRef element = opaque.getTypeData().rsplit(',').second;
  if (!element.consume_back(">"))
    return false;
  if (element == "i1")
    return value == 0 || value == 1;
  bool isSigned = element.consume_front("s");
  unsigned bits;
  if ((!isSigned && !element.consume_front("u")) ||
      !element.consume_front("i") || element.getAsInteger(10, bits))
    return false;
  return isSigned ? llvm::isIntN(bits, value)
                  : value >= 0 && llvm::isUIntN(bits, value);
}

std::optional<int64_t> Semantics::fold(Value value, bool splat,
                                       unsigned depth) {
  Operation *op = value.getDefiningOp();
  // What is in memory may change.
  if (!op || depth == 0 || isMemory(value.getType()))
    return std::nullopt;
  Attribute attr;
  if (matchPattern(value, m_Constant(&attr)))
    return integerOf(attr, splat);
  auto operand = [&](unsigned i, bool s) -> std::optional<int64_t> {
    return i < op->getNumOperands() ? fold(op->getOperand(i), s, depth - 1)
                                    : std::nullopt;
  };
  if (auto cmp = dyn_cast<arith::CmpIOp>(op)) {
    auto l = operand(0, splat), r = operand(1, splat);
    if (!l || !r)
      return std::nullopt;
    // True is 1 here and -1 to a signed comparison.
    if (getElementTypeOrSelf(cmp.getLhs()).isInteger(1))
      std::tie(l, r) = std::pair(-*l, -*r);
    return compare(cmp.getPredicate(), *l, *r);
  }
  if (isa<arith::IndexCastOp, arith::ExtSIOp>(op)) {
    auto v = operand(0, splat);
    if (!v || getElementTypeOrSelf(op->getOperand(0)).isInteger(1))
      return v ? std::optional<int64_t>(-*v) : std::nullopt;
    auto to = dyn_cast<IntegerType>(getElementTypeOrSelf(value.getType()));
    return to && to.getWidth() < 64 && !llvm::isIntN(to.getWidth(), *v)
               ? std::nullopt
               : v;
  }
  return foldForeign(op, splat, operand);
}

/// What the model of `op` makes of its operands, in unbounded integers.
static std::optional<int64_t>
evaluate(Operation *op, const ForeignOpModel *m, bool splat,
         function_ref<std::optional<int64_t>(unsigned, bool)> operand) {
  auto isBool = [](std::optional<int64_t> v) {
    return v && (*v == 0 || *v == 1);
  };
  if (m->kind == OpKind::Constant)
    return integerOf(op->getAttr("value"), splat);
  using K = FoldModel::Kind;
  unsigned lhs = m->fold.lhs, rhs = m->fold.rhs;
  switch (m->fold.kind) {
  case K::None:
    return std::nullopt;
  case K::Same:
    return operand(lhs, true);
  case K::Const:
    return splat ? std::optional<int64_t>(m->fold.value) : std::nullopt;
  case K::Splat:
    return splat ? operand(lhs, false) : std::nullopt;
  case K::Not: {
    auto v = operand(lhs, true);
    return isBool(v) ? std::optional<int64_t>(!*v) : std::nullopt;
  }
  case K::ToBool: {
    auto v = operand(lhs, true);
    return v ? std::optional<int64_t>(*v != 0) : std::nullopt;
  }
  default:
    break;
  }
  auto l = operand(lhs, true), r = operand(rhs, true);
  if (!l || !r)
    return std::nullopt;
  if ((m->fold.kind == K::And || m->fold.kind == K::Or) &&
      (!isBool(l) || !isBool(r)))
    return std::nullopt;
  int64_t result;
  // A third operand scales the right side (`alpha`).
  bool scaled = op->getNumOperands() > 2 && operand(2, false) != 1;
  switch (m->fold.kind) {
  case K::Lt:
    return *l < *r;
  case K::Le:
    return *l <= *r;
  case K::Gt:
    return *l > *r;
  case K::Ge:
    return *l >= *r;
  case K::Eq:
    return *l == *r;
  case K::Ne:
    return *l != *r;
  case K::And:
    return *l && *r;
  case K::Or:
    return *l || *r;
  case K::Add:
    if (scaled || llvm::AddOverflow(*l, *r, result))
      return std::nullopt;
    return result;
  case K::Sub:
    if (scaled || llvm::SubOverflow(*l, *r, result))
      return std::nullopt;
    return result;
  case K::Mul:
    if (llvm::MulOverflow(*l, *r, result))
      return std::nullopt;
    return result;
  default:
    return std::nullopt;
  }
}

std::optional<int64_t> Semantics::foldForeign(
    Operation *op, bool splat,
    function_ref<std::optional<int64_t>(unsigned, bool)> operand) {
  const ForeignOpModel *m = model(op);
  if (!m || op->getNumResults() != 1)
    return std::nullopt;
  Type type = op->getResult(0).getType();
  if (isMemory(type))
    return std::nullopt;
  std::optional<int64_t> v = evaluate(op, m, splat, operand);
  return v && holds(type, *v) ? v : std::nullopt;
}

bool Semantics::runsAtLeastOnce(Operation *op) {
  if (isa<scf::WhileOp>(op))
    return false; // its `before` region does, its `after` region may not
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    auto lb = constant(loop.getLowerBound()),
         ub = constant(loop.getUpperBound());
    return lb && ub && *lb < *ub && !loop.getUnsignedCmp();
  }
  if (auto loop = dyn_cast<scf::ForallOp>(op)) {
    for (auto [lb, ub] :
         llvm::zip(loop.getMixedLowerBound(), loop.getMixedUpperBound())) {
      auto l = getConstantIntValue(lb), u = getConstantIntValue(ub);
      if (!l || !u || *l >= *u)
        return false;
    }
    return true;
  }
  std::optional<LoopDesc> desc = loop(op);
  if (!desc)
    return false;
  if (desc->condition && constant(desc->condition).value_or(0) == 0)
    return false;
  return !desc->trip || constant(desc->trip).value_or(0) > 0;
}
