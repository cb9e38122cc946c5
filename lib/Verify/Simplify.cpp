//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What is known about values: constants, comparisons, selections, sizes.
//
//===----------------------------------------------------------------------===//

#include "capstan/Verify/Executor.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::verify;
using Kind = Expr::Kind;
using Fold = FoldModel::Kind;

/// `v` as a value of `type` has it.
static int64_t wrap(Type type, int64_t v) {
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer || integer.getWidth() >= 64)
    return v;
  if (integer.getWidth() == 1)
    return v & 1;
  return llvm::SignExtend64(v, integer.getWidth());
}

static Expr *comparison(ExprTable &exprs, arith::CmpIPredicate predicate,
                        Type type, Expr *l, Expr *r) {
  using P = arith::CmpIPredicate;
  auto slt = [&](Expr *a, Expr *b) {
    return exprs.compare(Expr::Slt, type, a, b);
  };
  auto ult = [&](Expr *a, Expr *b) {
    return exprs.compare(Expr::Ult, type, a, b);
  };
  switch (predicate) {
  case P::eq:
    return exprs.compare(Expr::Eq, type, l, r);
  case P::ne:
    return exprs.negate(exprs.compare(Expr::Eq, type, l, r));
  case P::slt:
    return slt(l, r);
  case P::sge:
    return exprs.negate(slt(l, r));
  case P::sgt:
    return slt(r, l);
  case P::sle:
    return exprs.negate(slt(r, l));
  case P::ult:
    return ult(l, r);
  case P::uge:
    return exprs.negate(ult(l, r));
  case P::ugt:
    return ult(r, l);
  case P::ule:
    return exprs.negate(ult(r, l));
  }
  return nullptr;
}

/// The same for an operation of a foreign dialect on host integers.
static Expr *foreignLogic(ExprTable &exprs, const FoldModel &fold, Type type,
                          ArrayRef<Expr *> operands) {
  if (fold.lhs >= operands.size() || fold.rhs >= operands.size())
    return nullptr;
  Expr *l = operands[fold.lhs], *r = operands[fold.rhs];
  auto slt = [&](Expr *a, Expr *b) {
    return exprs.compare(Expr::Slt, type, a, b);
  };
  switch (fold.kind) {
  case Fold::Lt:
    return slt(l, r);
  case Fold::Ge:
    return exprs.negate(slt(l, r));
  case Fold::Gt:
    return slt(r, l);
  case Fold::Le:
    return exprs.negate(slt(r, l));
  case Fold::Eq:
    return exprs.compare(Expr::Eq, type, l, r);
  case Fold::Ne:
    return exprs.negate(exprs.compare(Expr::Eq, type, l, r));
  case Fold::Not:
    return l->type == type ? exprs.negate(l) : nullptr;
  case Fold::And:
    return l->type == type && r->type == type ? exprs.both(l, r) : nullptr;
  case Fold::Or:
    return l->type == type && r->type == type ? exprs.either(l, r) : nullptr;
  default:
    return nullptr;
  }
}

/// What has the same shape as result `i` of `e`, an operation that writes its
/// results into operands.
static Expr *tiedInit(Expr *e, unsigned i) {
  if (e->kind == Kind::Kernel)
    return e->kids[i];
  auto dps = e->kind == Kind::Op
                 ? dyn_cast_if_present<DestinationStyleOpInterface>(e->op())
                 : DestinationStyleOpInterface();
  if (!dps || i >= unsigned(dps.getNumDpsInits()))
    return nullptr;
  return e->kids[dps.getDpsInitOperand(i)->getOperandNumber()];
}

/// The size of dimension `index` of `source`, followed to what decides it.
Expr *Executor::dimension(Operation *dim, Expr *source, Expr *index) {
  int64_t d = index->value;
  for (;;) {
    auto type = dyn_cast_if_present<RankedTensorType>(source->type);
    if (!type || d < 0 || d >= type.getRank())
      return nullptr;
    if (!type.isDynamicDim(d))
      return exprs.constant(index->type, type.getDimSize(d));
    Expr *from = nullptr;
    Operation *op = source->kind == Kind::Op ? source->op() : nullptr;
    if (source->kind == Kind::Raw || source->kind == Kind::Nth ||
        source->kind == Kind::Trip || source->kind == Kind::Shape)
      from = source->kids[0];
    else if (source->kind == Kind::Result)
      from = tiedInit(source->kids[0], source->key);
    else if (source->kind == Kind::Fill)
      from = source->kids[1];
    else if (isa_and_present<tensor::CastOp>(op))
      from = source->kids[0];
    else if (isa_and_present<tensor::EmptyOp>(op))
      return source->kids[type.getDynamicDimIndex(d)];
    else
      from = tiedInit(source, 0);
    if (!from)
      return make(dim, Kind::Op, ctx.keys.get(dim).key,
                  dim->getResult(0).getType(), {exprs.shape(source), index});
    source = from;
  }
}

/// A simpler expression that certainly has the same value, or null.
Expr *Executor::simplify(Operation *op, ArrayRef<Expr *> operands) {
  Type type = op->getResult(0).getType();
  bool scalar = type.isIntOrIndex();
  if (const ForeignOpModel *m = sem.model(op)) {
    if (!sem.isHostScalar(type))
      return nullptr;
    if (m->kind != OpKind::Constant && m->kind != OpKind::Compute)
      return nullptr;
    if (std::optional<int64_t> v = fold(op, operands, false))
      return exprs.constant(type, *v);
    bool host = llvm::all_of(operands, [&](Expr *e) {
      return e->type && sem.isHostScalar(e->type);
    });
    // Comparisons of floats have other rules (NaN).
    bool integers = llvm::all_of(operands, [&](Expr *e) {
      auto opaque = dyn_cast_if_present<OpaqueType>(e->type);
      return opaque &&
             (opaque.getTypeData() == "int" || opaque.getTypeData() == "bool");
    });
    return host && integers ? foreignLogic(exprs, m->fold, type, operands)
                            : nullptr;
  }
  Attribute attr;
  if (scalar && matchPattern(op, m_Constant(&attr))) {
    auto v = integerOf(attr, false);
    return v ? exprs.constant(type, *v) : nullptr;
  }
  if (auto select = dyn_cast<arith::SelectOp>(op))
    return operands[0]->type && operands[0]->type.isInteger(1)
               ? mergeValues(operands[0], contents(operands[1]),
                             contents(operands[2]))
               : nullptr;
  if (auto dim = dyn_cast<tensor::DimOp>(op))
    return operands[1]->isConst() ? dimension(dim, operands[0], operands[1])
                                  : nullptr;
  if (!scalar || operands.empty() || llvm::any_of(operands, [](Expr *e) {
        return !e->type || !e->type.isIntOrIndex();
      }))
    return nullptr;
  if (auto cmp = dyn_cast<arith::CmpIOp>(op))
    return comparison(exprs, cmp.getPredicate(), type, operands[0],
                      operands[1]);
  Expr *l = operands[0], *r = operands.back();
  if (type.isInteger(1)) {
    if (isa<arith::AndIOp>(op))
      return exprs.both(l, r);
    if (isa<arith::OrIOp>(op))
      return exprs.either(l, r);
    if (isa<arith::XOrIOp>(op) && (l->isTrue() || r->isTrue()))
      return exprs.negate(l->isTrue() ? r : l);
  }
  if (isa<arith::IndexCastOp, arith::ExtSIOp>(op) && l->kind == Kind::Op) {
    // Extending twice is extending once; to 64 bits and back is nothing.
    Expr *inner = l->kids.size() == 1 ? l->kids[0] : nullptr;
    bool wide = l->type.isInteger(64) || l->type.isIndex();
    if (inner && isa_and_present<arith::ExtSIOp>(l->op()))
      return make(op, Kind::Op, ctx.keys.get(op).key, type, inner);
    if (inner && isa_and_present<arith::IndexCastOp>(l->op()) &&
        inner->type == type && wide &&
        (type.isIndex() || type.getIntOrFloatBitWidth() <= 64))
      return inner;
  }
  if (!l->isConst() || !r->isConst()) {
    bool zero = r->isConst() && r->value == 0,
         one = r->isConst() && r->value == 1;
    if ((isa<arith::AddIOp, arith::SubIOp>(op) && zero) ||
        (isa<arith::MulIOp>(op) && one))
      return l;
    return nullptr;
  }
  uint64_t a = l->value, b = r->value;
  if (isa<arith::AddIOp>(op))
    return exprs.constant(type, wrap(type, a + b));
  if (isa<arith::SubIOp>(op))
    return exprs.constant(type, wrap(type, a - b));
  if (isa<arith::MulIOp>(op))
    return exprs.constant(type, wrap(type, a * b));
  if (isa<arith::IndexCastOp, arith::TruncIOp>(op) ||
      (isa<arith::ExtSIOp>(op) && !l->type.isInteger(1)))
    return exprs.constant(type, wrap(type, a));
  return nullptr;
}

/// As `Semantics::constant`, on expressions.
std::optional<int64_t> Executor::fold(Operation *op, ArrayRef<Expr *> operands,
                                      bool splat) {
  return sem.foldForeign(op, splat,
                         [&](unsigned i, bool s) -> std::optional<int64_t> {
                           if (i < operands.size() && operands[i]->hasValue &&
                               (s || operands[i]->isConst()))
                             return operands[i]->value;
                           return std::nullopt;
                         });
}

/// Notes a tensor all of whose elements are one known integer.
void Executor::annotate(Operation *op, Expr *e, ArrayRef<Expr *> operands) {
  std::optional<int64_t> v;
  Attribute attr;
  if (op->getNumResults() != 1)
    return;
  if (matchPattern(op, m_Constant(&attr)))
    v = integerOf(attr, true);
  else
    v = fold(op, operands, true);
  if (v) {
    e->hasValue = true;
    e->value = *v;
  }
}
