//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What is known behind a loop: values by the recurrences that they depend on,
// and checks of the last trip.
//
//===----------------------------------------------------------------------===//

#include "capstan/Verify/Executor.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::verify;
using Kind = Expr::Kind;

/// The name of symbol `e` where its loop is closed: not the number of loops
/// around it, but `height`, the number of closed ones in it. A loop that holds
/// this one has a larger one, so no two meet in one expression.
static Expr *boundSymbol(ExprTable &exprs, Expr *e, unsigned height,
                         Expr *loop) {
  constexpr uint64_t low = (uint64_t(1) << 36) - 1;
  SmallVector<Expr *, 4> kids(e->kids);
  kids[0] = loop;
  Expr *bound = exprs.get(
      Kind::Symbol, (uint64_t(height) << 36) | (e->key & low), e->type, kids);
  bound->onCpu = e->onCpu;
  bound->holdsMemory = e->holdsMemory;
  return bound;
}

/// Whether an expression is a function of its children, in a loop or behind it.
static bool isFunction(Kind kind) {
  switch (kind) {
  case Kind::Op:
  case Kind::Result:
  case Kind::Gamma:
  case Kind::Not:
  case Kind::And:
  case Kind::Or:
  case Kind::Cmp:
  case Kind::Shape:
  case Kind::Elem:
  case Kind::Read:
  case Kind::Is:
  case Kind::Kernel:
  case Kind::Fill:
  case Kind::On:
    return true;
  default:
    return false;
  }
}

/// The value of `out` after the loop: what is computed from values of the last
/// trip is the same as if it were computed behind the loop.
Expr *Executor::finalValue(Recurrence &r, Expr *out) {
  SmallVector<Expr *> stack{out};
  llvm::DenseSet<Expr *> seen;
  llvm::DenseMap<Expr *, Expr *> closed;
  while (!stack.empty()) {
    Expr *e = stack.pop_back_val();
    if (!(e->loops & r.bit) || !seen.insert(e).second)
      continue;
    if (isFunction(e->kind))
      llvm::append_range(stack, e->kids);
    else
      closed[e] = closeLoop(r, e);
  }
  return exprs.substitute(out, closed, r.bit);
}

/// `out` with all recurrences that it, and the condition for stopping, depend
/// on.
Expr *Executor::closeLoop(Recurrence &r, Expr *out) {
  Expr *&known = r.closed[out];
  if (known)
    return known;
  // The symbols in reach, in an order that depends on the expressions only.
  SmallVector<Expr *> stack, all, found;
  llvm::DenseSet<Expr *> seen;
  unsigned height = 0;
  auto push = [&](Expr *e) {
    if (e && (e->loops & r.bit) && seen.insert(e).second)
      stack.push_back(e);
  };
  push(r.stop);
  push(out);
  while (!stack.empty()) {
    Expr *e = stack.pop_back_val();
    height = std::max(height, e->height);
    if (e->kind == Kind::Symbol && r.symbols.contains(e)) {
      all.push_back(e);
      if (auto *it = r.next.find(e); it != r.next.end()) {
        found.push_back(e);
        push(it->second);
      }
      continue;
    }
    for (Expr *kid : e->kids)
      push(kid);
  }
  llvm::DenseMap<Expr *, Expr *> bound;
  for (Expr *e : all)
    bound[e] = boundSymbol(exprs, e, height + 1, r.loop);
  Exprs kids{r.loop, exprs.substitute(out, bound, r.bit)};
  if (r.stop)
    kids.push_back(exprs.substitute(r.stop, bound, r.bit));
  for (Expr *e : found) {
    kids.push_back(bound[e]);
    kids.push_back(exprs.substitute(r.next[e], bound, r.bit));
  }
  known = exprs.get(Kind::Final, 0, out->type, kids);
  known->onCpu = out->onCpu;
  known->holdsMemory = out->holdsMemory;
  return known;
}

/// Part one of a while loop has run on the values that are left at the end: so
/// have its checks, those from `first` to `last`.
void Executor::checksOfLastTrip(Recurrence &r, size_t first, size_t last) {
  uint64_t inner = ~(r.bit | (r.bit - 1));
  if (inner == 0) // deeper loops share the bit
    return;
  for (size_t i = first; i < last; ++i) {
    CheckRecord c = records.checks[i];
    bool holds = !c.device && !(c.condition.expr->loops & inner);
    auto leave = [&](Literal l) {
      return ExprTable::literal(finalValue(r, l.expr), l.positive);
    };
    SmallVector<Literal> path;
    for (Literal l : c.guard->literals) {
      holds = holds && !(l.expr->loops & inner);
      if (holds)
        path.push_back(leave(l));
    }
    if (!holds)
      continue;
    c.condition = leave(c.condition);
    c.guard = ctx.guards.get(path);
    c.implied = true;
    auto &before = records.checksOf[{c.condition.expr, c.condition.positive}];
    if (llvm::any_of(before, [&](unsigned i) {
          return records.checks[i].guard->weakerThan(*c.guard);
        }))
      continue;
    before.push_back(records.checks.size());
    records.checks.push_back(c);
  }
}

/// Whether the loop that `self` names has done on each trip what `r` says.
bool Executor::repeats(Expr *self, Recurrence &r) {
  auto stop = records.stops.find(self);
  return stop != records.stops.end() && stop->second == r.stop &&
         llvm::all_of(r.next, [&](auto &pair) {
           return records.next.lookup(pair.first) == pair.second;
         });
}
