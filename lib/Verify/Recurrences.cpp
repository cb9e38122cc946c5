//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The step of the induction: symbols that both modules use in a loop stand for
// the same values on every trip only if they go on in the same way.
//
//===----------------------------------------------------------------------===//

#include "capstan/Verify/Compare.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::verify;
using Kind = Expr::Kind;

bool Comparer::recurrences() {
  SmallVector<Expr *> stack, symbols;
  llvm::SetVector<Expr *> loops;
  llvm::DenseSet<Expr *> seen;
  auto push = [&](Expr *e) {
    if (e && e->loops && seen.insert(e).second)
      stack.push_back(e);
  };
  auto pushGuard = [&](const Guard *guard) {
    for (Literal l : guard->literals)
      push(l.expr);
  };
  for (const Records *r : {&b.records, &a.records}) {
    for (const CheckRecord &c : r->checks) {
      if (c.implied)
        continue;
      push(c.condition.expr);
      pushGuard(c.guard);
    }
    for (const EffectRecord &e : r->effects) {
      push(e.state);
      pushGuard(e.at.guard);
    }
  }
  // Of these AFTER may have fewer, and what only BEFORE has equals nothing.
  for (const PartialRecord &p : a.records.partials) {
    push(p.expr);
    pushGuard(p.at.guard);
  }
  for (const BoundRecord &bound : a.records.bounds) {
    push(bound.bound);
    pushGuard(bound.guard);
  }
  for (const TransferRecord &t : a.records.transfers) {
    llvm::for_each(t.reads, push);
    pushGuard(t.guard);
  }
  // What AFTER reads on each trip BEFORE must read as often.
  for (const TransferRecord &t : a.records.transfers)
    for (Expr *loop : t.loops)
      loops.insert(loop->kind == Kind::Loop ? loop->kids[0] : loop);
  unsigned done = 0;
  auto lookup = [](const llvm::MapVector<Expr *, Expr *> &map, Expr *e) {
    auto it = map.find(e);
    return it == map.end() ? nullptr : it->second;
  };
  for (;;) {
    while (!stack.empty()) {
      Expr *e = stack.pop_back_val();
      llvm::for_each(e->kids, push);
      if (e->kind != Kind::Symbol)
        continue;
      Expr *x = lookup(b.records.next, e), *y = lookup(a.records.next, e);
      // A symbol of one module only has no part in what was found equal.
      if (!x == !y)
        loops.insert(e->kids[0]);
      if (x && y && x != y)
        return differ("a value that a loop carries differs on its next trip", x,
                      y);
      push(x);
      push(y);
    }
    if (done == loops.size())
      return true;
    Expr *loop = loops[done++];
    auto x = b.records.stops.find(loop), y = a.records.stops.find(loop);
    if (x == b.records.stops.end() || y == a.records.stops.end())
      continue;
    if (x->second != y->second) {
      if (x->second && y->second)
        return differ("the condition of a loop differs", x->second, y->second);
      return reject("the condition of a loop differs",
                    x->second ? x->second->ops[Before] : nullptr,
                    y->second ? y->second->ops[After] : nullptr, nullptr);
    }
    push(x->second);
  }
}
