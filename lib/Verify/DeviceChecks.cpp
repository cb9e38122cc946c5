//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// A normal form that a check on a value read to the host and the check on the
// device that replaces it share: what the read reads stands for the read.
//
//===----------------------------------------------------------------------===//

#include "capstan/Verify/Compare.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::verify;
using Kind = Expr::Kind;
using Fold = FoldModel::Kind;

/// Whether elements of `type` are integers or booleans.
bool Comparer::isInteger(Type type) {
  if (auto shaped = dyn_cast_if_present<ShapedType>(type))
    type = shaped.getElementType();
  if (type && type.isIntOrIndex())
    return true;
  auto opaque = dyn_cast_if_present<OpaqueType>(type);
  if (!opaque)
    return false;
  StringRef text = opaque.getTypeData();
  if (text == "int" || text == "bool")
    return true;
  text.consume_back(">");
  StringRef element = text.rsplit(',').second;
  return llvm::is_contained({"si8", "si16", "si32", "si64", "ui8", "i1"},
                            element);
}

Literal Comparer::normal(Literal l, bool device) {
  Literal result = ExprTable::literal(
      normalTerm(l.expr, device, /*condition=*/true), l.positive);
  return result;
}

/// The condition of a check on its path, which decides some.
Literal Comparer::normal(const CheckRecord &check) {
  Literal l = normal(check.condition, check.device);
  for (Literal known : check.guard->literals) {
    known = normal(known, /*device=*/false);
    if (known.expr == l.expr)
      return {ctx.exprs.constant({}, known == l), true};
  }
  return l;
}

/// Integer arithmetic on scalars, or the same on each element.
Expr *Comparer::elementwise(Expr *e, bool device) {
  Operation *op = e->op();
  if (!OpTrait::hasElementwiseMappableTraits(op) || op->getNumResults() != 1)
    return e;
  std::vector<uint64_t> words{ctx.keys.shallow(op)};
  auto add = [&](Type type) {
    type = getElementTypeOrSelf(type);
    words.push_back(reinterpret_cast<uintptr_t>(type.getAsOpaquePointer()));
    return type.isIntOrIndex();
  };
  if (!add(op->getResult(0).getType()) ||
      !llvm::all_of(op->getOperandTypes(), add))
    return e;
  words.push_back(uint64_t(-9));
  SmallVector<Expr *, 2> kids;
  for (Expr *kid : e->kids)
    kids.push_back(normalTerm(kid,
                              device && !ctx.semantics.isHostScalar(kid->type),
                              /*condition=*/false));
  // As on scalars, see `Executor::simplify`.
  if (kids.back()->isConst() &&
      ((isa<arith::AddIOp, arith::SubIOp>(op) && kids.back()->value == 0) ||
       (isa<arith::MulIOp>(op) && kids.back()->value == 1)))
    return kids.front();
  // Apart from the comparisons, whose keys are small numbers.
  return ctx.exprs.get(Kind::Norm, Expr::Ult + 1 + ctx.keys.intern(words), {},
                       kids);
}

/// `condition`: only whether it is zero matters.
Expr *Comparer::normalTerm(Expr *e, bool device, bool condition) {
  ExprTable &exprs = ctx.exprs;
  auto compare = [&](Expr::Compare kind, Expr *x, Expr *y, bool positive) {
    Expr *a =
        normalTerm(x, device && !ctx.semantics.isHostScalar(x->type), false);
    Expr *b =
        normalTerm(y, device && !ctx.semantics.isHostScalar(y->type), false);
    if (a->isConst() && b->isConst()) {
      bool holds = kind == Expr::Eq ? a->value == b->value
                   : kind == Expr::Slt
                       ? a->value < b->value
                       : uint64_t(a->value) < uint64_t(b->value);
      return exprs.constant({}, holds == positive);
    }
    if (kind == Expr::Eq && b->id < a->id)
      std::swap(a, b);
    Expr *result = exprs.get(Kind::Norm, kind, {}, {a, b});
    return positive ? result : exprs.negate(result);
  };
  if (device)
    ofDeviceChecks.insert(e);
  if (e->hasValue)
    return exprs.constant({}, e->value);
  if (auto type = dyn_cast_if_present<RankedTensorType>(e->type);
      device && type && type.getRank() == 0)
    if (Expr *inner = a.element(e, {}); inner != e)
      return normalTerm(
          inner, device && !ctx.semantics.isHostScalar(inner->type), condition);
  switch (e->kind) {
  case Kind::Not:
    return exprs.negate(normalTerm(e->kids[0], device, true));
  case Kind::Cmp:
    return compare(Expr::Compare(e->key), e->kids[0], e->kids[1], true);
  case Kind::Read: {
    Expr *source = e->kids[0];
    if (device || e->kids.size() != 1 || !isInteger(source->type))
      return e;
    for (StringRef name : {"item", "int", "bool", "scalar"})
      if (e->key == ctx.keys.intern(name))
        return normalTerm(source, true, condition);
    return e;
  }
  case Kind::Op:
    break;
  default:
    return e;
  }
  Operation *op = e->op();
  if (!op || e->kids.size() != op->getNumOperands())
    return e;
  // As a number; a boolean is 1 here and -1 when extended.
  if (isa<arith::ExtSIOp, arith::IndexCastOp>(op) &&
      !getElementTypeOrSelf(op->getOperand(0)).isInteger(1))
    return normalTerm(e->kids[0], device, condition);
  using P = arith::CmpIPredicate;
  if (auto cmp = dyn_cast<arith::CmpIOp>(op)) {
    Expr *x = e->kids[0], *y = e->kids[1];
    switch (cmp.getPredicate()) {
    case P::eq:
      return compare(Expr::Eq, x, y, true);
    case P::ne:
      return compare(Expr::Eq, x, y, false);
    case P::slt:
      return compare(Expr::Slt, x, y, true);
    case P::sge:
      return compare(Expr::Slt, x, y, false);
    case P::sgt:
      return compare(Expr::Slt, y, x, true);
    case P::sle:
      return compare(Expr::Slt, y, x, false);
    default:
      break;
    }
  }
  if (op->isRegistered())
    return elementwise(e, device);
  const ForeignOpModel *m = ctx.semantics.model(op);
  if (!m || m->fold.lhs >= e->kids.size() || m->fold.rhs >= e->kids.size())
    return e;
  Expr *x = e->kids[m->fold.lhs], *y = e->kids[m->fold.rhs];
  if (m->fold.kind == Fold::Same || (m->fold.kind == Fold::ToBool && condition))
    return isInteger(x->type) ? normalTerm(x, device, condition) : e;
  if (!isInteger(x->type) || !isInteger(y->type))
    return e;
  switch (m->fold.kind) {
  case Fold::Lt:
    return compare(Expr::Slt, x, y, true);
  case Fold::Ge:
    return compare(Expr::Slt, x, y, false);
  case Fold::Gt:
    return compare(Expr::Slt, y, x, true);
  case Fold::Le:
    return compare(Expr::Slt, y, x, false);
  case Fold::Eq:
    return compare(Expr::Eq, x, y, true);
  case Fold::Ne:
    return compare(Expr::Eq, x, y, false);
  case Fold::Not:
    return exprs.negate(normalTerm(x, device, true));
  default:
    return e;
  }
}
