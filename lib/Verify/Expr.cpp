//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Verify/Expr.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/Hashing.h"

using namespace mlir;
using namespace capstan::verify;

static bool isBoolean(Type type) {
  auto opaque = dyn_cast_if_present<OpaqueType>(type);
  return opaque ? opaque.getTypeData() == "bool" : type && type.isInteger(1);
}

Expr *ExprTable::get(Kind kind, uint64_t key, Type type,
                     ArrayRef<Expr *> kids) {
  size_t hash = llvm::hash_combine(
      static_cast<unsigned>(kind), key, type.getAsOpaquePointer(),
      llvm::hash_combine_range(kids.begin(), kids.end()));
  hash &= ~size_t(0) >> 1; // clear of DenseMap's own keys
  Expr *&head = table[hash];
  for (Expr *e = head; e; e = e->chain)
    if (e->kind == kind && e->key == key && e->type == type && e->kids == kids)
      return e;
  Expr *e = new (allocator.Allocate<Expr>()) Expr();
  e->kind = kind;
  e->key = key;
  e->type = type;
  e->kids = kids.copy(allocator);
  e->id = count++;
  e->gated = kind == Kind::Gamma || isBoolean(type);
  e->placed = kind == Kind::Place;
  for (Expr *kid : kids) {
    e->placed |= kid->placed && kind != Kind::Fill;
    e->loops |= kid->loops;
    e->height = std::max(e->height, kid->height + (kind == Kind::Final));
    e->gated |= kid->gated && (kind == Kind::Op || kind == Kind::Not ||
                               kind == Kind::Cmp || kind == Kind::Is);
  }
  e->chain = head;
  head = e;
  return e;
}

Expr *ExprTable::constant(Type type, int64_t value) {
  Expr *e = get(Kind::Const, static_cast<uint64_t>(value), type, {});
  e->value = value;
  e->hasValue = true;
  return e;
}

Literal ExprTable::literal(Expr *e, bool positive) {
  while (e->kind == Kind::Not) {
    e = e->kids[0];
    positive = !positive;
  }
  return {e, positive};
}

Expr *ExprTable::negate(Expr *cond) {
  if (cond->isConst())
    return constant(cond->type, cond->value == 0);
  if (cond->kind == Kind::Not)
    return cond->kids[0];
  return get(Kind::Not, 0, cond->type, cond);
}

/// Children of a commutative expression, in an order that both modules share.
static std::array<Expr *, 2> ordered(Expr *a, Expr *b) {
  if (b->id < a->id)
    std::swap(a, b);
  return {a, b};
}

Expr *ExprTable::both(Expr *a, Expr *b) {
  if (a == b || b->isTrue() || a->isFalse())
    return a;
  if (a->isTrue() || b->isFalse())
    return b;
  return get(Kind::And, 0, a->type, ordered(a, b));
}

Expr *ExprTable::either(Expr *a, Expr *b) {
  if (a == b || b->isFalse() || a->isTrue())
    return a;
  if (a->isFalse() || b->isTrue())
    return b;
  return get(Kind::Or, 0, a->type, ordered(a, b));
}

Expr *ExprTable::compare(Expr::Compare kind, Type type, Expr *a, Expr *b) {
  if (a->isConst() && b->isConst()) {
    bool result = kind == Expr::Eq    ? a->value == b->value
                  : kind == Expr::Slt ? a->value < b->value
                                      : uint64_t(a->value) < uint64_t(b->value);
    return constant(type, result);
  }
  if (a == b)
    return constant(type, kind == Expr::Eq);
  if (kind == Expr::Eq)
    return get(Kind::Cmp, kind, type, ordered(a, b));
  return get(Kind::Cmp, kind, type, {a, b});
}

Expr *ExprTable::gamma(Expr *cond, Expr *a, Expr *b) {
  if (cond->isConst())
    return cond->value ? a : b;
  if (cond->kind == Kind::Not)
    return gamma(cond->kids[0], b, a);
  if (a->kind == Kind::Gamma && a->kids[0] == cond)
    a = a->kids[1];
  if (b->kind == Kind::Gamma && b->kids[0] == cond)
    b = b->kids[2];
  if (a == b)
    return a;
  // Booleans: the logical connectives.
  if (a->type == cond->type && b->type == a->type &&
      (a->isConst() || b->isConst())) {
    if (b->isFalse())
      return both(cond, a);
    if (a->isTrue())
      return either(cond, b);
    if (a->isFalse())
      return both(negate(cond), b);
    return either(negate(cond), a);
  }
  Expr *e = get(Kind::Gamma, 0, a->type, {cond, a, b});
  e->onCpu = a->onCpu && b->onCpu;
  e->holdsMemory = a->holdsMemory || b->holdsMemory;
  return e;
}

Expr *ExprTable::shape(Expr *of) {
  if (of->kind == Kind::Shape)
    return of;
  if (of->kind == Kind::Fill)
    return of->kids[1];
  // The type says it all.
  auto type = dyn_cast_if_present<RankedTensorType>(of->type);
  if (type && type.hasStaticShape())
    return get(Kind::Shape, 1, type, {});
  while (of->kind == Kind::Raw || of->kind == Kind::Trip)
    of = of->kids[0];
  return get(Kind::Shape, 0, of->type, of);
}

Expr *ExprTable::rebuild(Expr *e, ArrayRef<Expr *> kids) {
  switch (e->kind) {
  case Kind::Gamma:
    return gamma(kids[0], kids[1], kids[2]);
  case Kind::Not:
    return negate(kids[0]);
  case Kind::And:
    return both(kids[0], kids[1]);
  case Kind::Or:
    return either(kids[0], kids[1]);
  case Kind::Cmp:
    return compare(Expr::Compare(e->key), e->type, kids[0], kids[1]);
  default:
    break;
  }
  Expr *copy = get(e->kind, e->key, e->type, kids);
  // Symbols add a loop, final values close one.
  uint64_t before = 0, after = 0;
  for (Expr *kid : e->kids)
    before |= kid->loops;
  for (Expr *kid : kids)
    after |= kid->loops;
  copy->loops = (after | (e->loops & ~before)) & ~(before & ~e->loops);
  copy->onCpu = e->onCpu;
  copy->holdsMemory = e->holdsMemory;
  copy->hasValue = e->hasValue;
  copy->value = e->value;
  if (e->base == e)
    copy->base = copy;
  else if (e->base && !(e->base->loops & e->loops & ~copy->loops))
    copy->base = e->base;
  for (unsigned i = 0; i < 2; ++i)
    if (!copy->ops[i])
      copy->ops[i] = e->ops[i];
  return copy;
}

Expr *ExprTable::substitute(Expr *root, llvm::DenseMap<Expr *, Expr *> &map,
                            uint64_t loops) {
  SmallVector<std::pair<Expr *, bool>> stack{{root, false}};
  auto find = [&](Expr *e) -> Expr * {
    if (auto it = map.find(e); it != map.end())
      return it->second;
    return e->loops & loops ? nullptr : e;
  };
  while (!stack.empty()) {
    auto [e, expanded] = stack.pop_back_val();
    if (find(e))
      continue;
    if (!expanded) {
      stack.push_back({e, true});
      for (Expr *kid : e->kids)
        if (!find(kid))
          stack.push_back({kid, false});
      continue;
    }
    SmallVector<Expr *, 8> kids;
    for (Expr *kid : e->kids)
      kids.push_back(find(kid));
    map[e] = rebuild(e, kids);
  }
  return find(root);
}

std::string ExprTable::text(Expr *e, unsigned budget) const {
  std::string result;
  llvm::raw_string_ostream os(result);
  print(os, e, budget, 0);
  return result;
}

void ExprTable::print(raw_ostream &os, Expr *e, unsigned &budget,
                      unsigned depth) const {
  if (budget == 0 || depth > 6) {
    os << "...";
    return;
  }
  --budget;
  auto list = [&](StringRef name, ArrayRef<Expr *> kids) {
    os << name;
    if (kids.empty())
      return;
    os << '(';
    for (auto [i, kid] : llvm::enumerate(kids)) {
      if (i)
        os << ", ";
      if (budget == 0) {
        os << "...";
        break;
      }
      print(os, kid, budget, depth + 1);
    }
    os << ')';
  };
  switch (e->kind) {
  case Kind::Op:
  case Kind::Kernel:
    return list(e->op() ? e->op()->getName().getStringRef() : "op", e->kids);
  case Kind::Result:
    print(os, e->kids[0], budget, depth);
    os << '#' << e->key;
    return;
  case Kind::Const:
    os << e->value;
    return;
  case Kind::Arg:
    os << "arg" << e->key;
    return;
  case Kind::Gamma:
    return list("if", e->kids);
  case Kind::Not:
    return list("not", e->kids);
  case Kind::And:
    return list("and", e->kids);
  case Kind::Or:
    return list("or", e->kids);
  case Kind::Cmp:
    return list(e->key == Expr::Eq    ? "eq"
                : e->key == Expr::Slt ? "less"
                                      : "uless",
                e->kids);
  case Kind::Shape:
    return list("shape", e->kids);
  case Kind::Elem:
    return list("element", e->kids);
  case Kind::Read:
    return list("read", e->kids);
  case Kind::Raw:
  case Kind::Nth:
  case Kind::Trip:
    return print(os, e->kids[0], budget, depth);
  case Kind::State:
    return list(e->key <= RandomStart    ? "start"
                : e->key == AfterWrite   ? "after-write"
                : e->key == AfterBarrier ? "after"
                : e->key == AfterRandom  ? "after-random"
                                         : "memory",
                e->kids);
  case Kind::Symbol:
    return list("carried", e->kids.drop_front());
  case Kind::Loop:
    return list("loop", e->kids);
  case Kind::Final:
    return list("after-loop", e->kids);
  case Kind::Future:
    return list("future", e->kids);
  case Kind::Hole:
    os << '_';
    return;
  case Kind::Is:
    list("case", e->kids);
    os << '#' << int64_t(e->key);
    return;
  case Kind::Norm:
    return list("norm", e->kids);
  case Kind::Fill:
    return list("fill", e->kids);
  case Kind::On:
    return list("on", e->kids);
  case Kind::Place:
    os << "index" << e->key;
    return;
  }
}
