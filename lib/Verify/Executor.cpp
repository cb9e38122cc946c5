//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Values, paths, and what each kind of operation leads to.
//
//===----------------------------------------------------------------------===//

#include "capstan/Verify/Executor.h"
#include "capstan/Dialect/Capstan.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::verify;
using Kind = Expr::Kind;

/// Operations executed in one function, calls followed.
static constexpr uint64_t kMaxWork = 16'000'000;

bool Executor::fail(Operation *op, const Twine &reason) {
  if (!failure)
    failure = {op, reason.str()};
  return false;
}

bool Executor::run(func::FuncOp function) {
  state.world = exprs.get(Kind::State, WorldStart, {}, {});
  state.random = exprs.get(Kind::State, RandomStart, {}, {});
  if (followsDevices)
    state.device = exprs.get(Kind::State, DeviceStart,
                             IndexType::get(function.getContext()), {});
  for (BlockArgument arg : function.getArguments()) {
    Expr *e = exprs.get(Kind::Arg, arg.getArgNumber(), arg.getType(), {});
    e->holdsMemory = sem.isMemory(arg.getType());
    set(arg, e);
  }
  Exprs out;
  calls.push_back(function);
  if (!region(function, function.getBody(), out))
    return false;
  escapeAll(out);
  for (Expr *e : out)
    results.push_back(contents(e));
  return true;
}

//===----------------------------------------------------------------------===//
// Values and paths
//===----------------------------------------------------------------------===//

Expr *Executor::value(Value v) {
  Expr *e = env.lookup(v);
  return e ? resolve(e) : nullptr;
}

Expr *Executor::make(Operation *op, Kind kind, uint64_t key, Type type,
                     ArrayRef<Expr *> kids) {
  Expr *e = exprs.get(kind, key, type, kids);
  if (!e->ops[side])
    e->ops[side] = op;
  return e;
}

/// What `e` is on this path.
Expr *Executor::resolve(Expr *e) {
  for (;;) {
    if (e->kind == Kind::Gamma) {
      std::optional<bool> side = known(e->kids[0]);
      if (!side)
        break;
      e = e->kids[*side ? 1 : 2];
      continue;
    }
    // Whatever has been assumed, or is made of that.
    if (!e->isConst())
      if (std::optional<bool> v = known(e))
        return exprs.constant(e->type, *v);
    break;
  }
  if (!e->gated || facts.empty() || !isScalar(e))
    return e;
  llvm::DenseMap<Expr *, Expr *> done;
  return resolveScalar(e, done, 0);
}

/// Host scalars: their expressions have no part in where a tensor is, or which
/// storage it is.
bool Executor::isScalar(Expr *e) {
  return e->type && !e->holdsMemory &&
         (e->type.isIntOrIndex() || sem.isHostScalar(e->type));
}

/// `e` with what is known replaced in it.
Expr *Executor::resolveScalar(Expr *e, llvm::DenseMap<Expr *, Expr *> &done,
                              unsigned depth) {
  bool condition = e->kind == Kind::And || e->kind == Kind::Or ||
                   e->kind == Kind::Not || e->kind == Kind::Cmp ||
                   e->kind == Kind::Is;
  if (!e->isConst())
    if (std::optional<bool> v = known(e))
      return exprs.constant(e->type, *v);
  if (!e->gated || !isScalar(e) || depth > 16 || done.size() > 64)
    return e;
  if (Expr *known = done.lookup(e))
    return known;
  Expr *result = e;
  std::optional<bool> side;
  if (e->kind == Kind::Gamma && (side = known(e->kids[0]))) {
    result = resolveScalar(e->kids[*side ? 1 : 2], done, depth + 1);
  } else if (condition || e->kind == Kind::Gamma || e->kind == Kind::Op) {
    bool logic = e->kind == Kind::And || e->kind == Kind::Or;
    Exprs kids;
    for (Expr *kid : e->kids)
      if (std::optional<bool> v = logic ? known(kid) : std::nullopt)
        kids.push_back(exprs.constant(kid->type, *v));
      else
        kids.push_back(resolveScalar(kid, done, depth + 1));
    if (ArrayRef<Expr *>(kids) != e->kids) {
      // As where the operation stands under what is known.
      Operation *op = e->kind == Kind::Op ? e->op() : nullptr;
      result =
          op && op->getNumResults() == 1 && op->getNumOperands() == kids.size()
              ? simplify(op, kids)
              : nullptr;
      if (!result)
        result = exprs.rebuild(e, kids);
    }
    if (result != e && condition && !result->isConst())
      if (std::optional<bool> v = known(result))
        result = exprs.constant(e->type, *v);
  }
  return done[e] = result;
}

std::optional<bool> Executor::known(Expr *e, unsigned depth) {
  if (e->isConst())
    return e->value != 0;
  if (facts.empty())
    return std::nullopt;
  if (auto it = facts.find(e); it != facts.end())
    return it->second;
  if (depth > 8)
    return std::nullopt;
  if (e->kind == Kind::Not) {
    auto v = known(e->kids[0], depth + 1);
    return v ? std::optional<bool>(!*v) : std::nullopt;
  }
  if (e->kind == Kind::And || e->kind == Kind::Or) {
    // One side may decide.
    bool decides = e->kind == Kind::Or;
    auto a = known(e->kids[0], depth + 1), b = known(e->kids[1], depth + 1);
    if ((a && *a == decides) || (b && *b == decides))
      return decides;
    if (a && b)
      return !decides;
  }
  return std::nullopt;
}

/// From here on `e` is known; `guards`: and part of the guard.
void Executor::assume(Expr *e, bool positive, bool guards) {
  Literal l = ExprTable::literal(e, positive);
  if (known(l.expr))
    return;
  l = ExprTable::literal(resolve(l.expr), l.positive);
  if (known(l.expr))
    return;
  if (l.expr->kind == (l.positive ? Kind::And : Kind::Or)) {
    assume(l.expr->kids[0], l.positive, guards);
    assume(l.expr->kids[1], l.positive, guards);
    return;
  }
  facts[l.expr] = l.positive;
  undo.push_back({l.expr, guards});
  if (guards) {
    path.push_back(l);
    cachedGuard = nullptr;
  }
}

void Executor::popPath(size_t mark) {
  while (undo.size() > mark) {
    facts.erase(undo.back().expr);
    if (undo.back().literal) {
      path.pop_back();
      cachedGuard = nullptr;
    }
    undo.pop_back();
  }
}

const Guard *Executor::guard() {
  if (!cachedGuard)
    cachedGuard = ctx.guards.get(path);
  return cachedGuard;
}

/// What is new each time that it is made: on each trip of the loops around it.
Expr *Executor::perTrip(Expr *e) {
  if (loops.empty())
    return e;
  Exprs kids{e};
  kids.append(loops);
  return exprs.get(Kind::Trip, 0, e->type, kids);
}

/// The next execution of `e`: numbered in order, or as `numbering` says.
Expr *Executor::instance(Expr *e, Operation *op) {
  executionLog.push_back(e);
  uint64_t number = executions[e]++;
  if (auto it = numbering.find(e);
      it != numbering.end() && number < it->second.size())
    number = it->second[number];
  return make(op, Kind::Nth, number, e->type, e);
}

/// `e` where its contents matter, or which storage it is: undefined contents
/// and fresh storage are numbered in the order in which they come to matter.
Expr *Executor::contents(Expr *e) {
  if (Expr *fill = filledByHost(e))
    return fill;
  if (e->kind != Kind::Raw)
    return e;
  Expr *&known = materialized[e];
  if (!known) {
    executionLog.push_back(e);
    known = instance(e->kids[0], e->ops[side]);
    known->onCpu = e->onCpu;
    known->holdsMemory = e->holdsMemory;
    known->base = e->base;
  }
  return known;
}

//===----------------------------------------------------------------------===//
// Records
//===----------------------------------------------------------------------===//

void Executor::addCheck(Literal l, Operation *op, bool device) {
  if (l.expr->isConst() && (l.expr->value != 0) == l.positive)
    return;
  if (!device && l.expr->kind == (l.positive ? Kind::And : Kind::Or)) {
    for (Expr *kid : l.expr->kids)
      addCheck(ExprTable::literal(kid, l.positive), op, device);
    return;
  }
  // A path on which a check fails ends there.
  if (l.expr->isConst() && llvm::any_of(records.checks, [&](auto &c) {
        return !c.device && c.guard->weakerThan(*guard()) &&
               known(c.condition.expr) == !c.condition.positive;
      }))
    return;
  auto &before = records.checksOf[{l.expr, l.positive}];
  for (unsigned i : before)
    if (records.checks[i].guard->weakerThan(*guard()))
      return;
  before.push_back(records.checks.size());
  records.checks.push_back({l, guard(), op, device});
}

void Executor::addPartial(Expr *e, Operation *op) {
  auto &before = records.partialsOf[e];
  for (unsigned i : before)
    if (records.partials[i].at.guard->weakerThan(*guard()))
      return;
  before.push_back(records.partials.size());
  records.partials.push_back(
      {e, {guard(), unsigned(records.checks.size())}, op});
}

void Executor::addEffect(Operation *op) {
  records.effects.push_back(
      {state.world, {guard(), unsigned(records.checks.size())}, op});
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

/// All but the last, which is the terminator, registered or not.
bool Executor::runOps(Block &block) {
  for (Operation &op : block)
    if (&op != &block.back() && !execute(&op))
      return false;
  return true;
}

bool Executor::check(Operation *op) {
  Value condition = sem.condition(op);
  Expr *e = condition ? value(condition) : nullptr;
  if (!e)
    return fail(op, "check without a condition that is known here");
  bool device = isa<DeviceCheckOp>(op);
  // A boolean that became an integer.
  while (e->kind == Kind::Op && e->kids.size() == 1 && e->op()) {
    const ForeignOpModel *m = sem.model(e->op());
    if (!m || m->fold.kind != FoldModel::Kind::Same ||
        !sem.isHostScalar(e->kids[0]->type))
      break;
    e = e->kids[0];
  }
  addCheck(ExprTable::literal(contents(e)), op, device);
  return true;
}

bool Executor::execute(Operation *op) {
  if (++work > kMaxWork)
    return fail(op, "too many operations to execute symbolically");
  if (op->getNumSuccessors() != 0)
    return fail(op, "unexpected branch to another block");
  if (std::optional<bool> done = device(op))
    return *done;
  if (auto c = dyn_cast<func::CallOp>(op))
    return call(c);
  if (auto w = dyn_cast<scf::WhileOp>(op))
    return whileLoop(w);
  if (auto s = dyn_cast<scf::IndexSwitchOp>(op))
    return indexSwitch(s);
  if (auto r = dyn_cast<scf::ExecuteRegionOp>(op)) {
    Exprs out;
    if (!region(op, r.getRegion(), out))
      return false;
    for (auto [result, e] : llvm::zip(op->getResults(), out))
      set(result, e);
    return true;
  }
  switch (sem.kind(op)) {
  case OpKind::Branch:
    if (!op->isRegistered() || isa<scf::IfOp>(op))
      return ifLike(op);
    break;
  case OpKind::Loop:
    if (auto forall = dyn_cast<scf::ForallOp>(op))
      if (forall.getMapping())
        break; // device code
    return forLike(op);
  case OpKind::Check:
    return check(op);
  default:
    break;
  }
  if (std::optional<bool> done = read(op))
    return *done;
  return generic(op);
}
