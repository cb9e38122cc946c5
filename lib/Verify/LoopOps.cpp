//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The loops of `scf` and of foreign dialects, as recurrences.
//
//===----------------------------------------------------------------------===//

#include "capstan/Verify/Executor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::verify;
using Kind = Expr::Kind;

/// Operations with equal bounds, step and comparison run equally often.
static std::optional<int64_t> tripCount(Expr *lb, Expr *ub, Expr *step,
                                        bool isUnsigned) {
  if (!lb->isConst() || !ub->isConst() || !step->isConst() ||
      step->value <= 0 || (isUnsigned && (lb->value < 0 || ub->value < 0)))
    return std::nullopt;
  int64_t span;
  if (llvm::SubOverflow(ub->value, lb->value, span))
    return std::nullopt;
  return span <= 0 ? 0 : (span - 1) / step->value + 1;
}

/// scf.for, scf.forall and foreign loops.
bool Executor::forLike(Operation *op) {
  std::optional<LoopDesc> desc = sem.loop(op);
  if (!desc || !desc->body || !desc->body->hasOneBlock())
    return fail(op, "loop of an unknown form");
  Block &body = desc->body->front();
  LoopSpec spec;
  spec.op = op;
  for (Value init : desc->inits) {
    Expr *e = value(init);
    if (!e)
      return fail(op, "operand that is not known here");
    spec.inits.push_back(e);
  }
  for (auto [i, arg] : llvm::enumerate(desc->carried))
    spec.invariant.push_back(i < desc->yielded.size() &&
                             desc->yielded[i] == arg);
  // Bounds.
  Exprs bounds;
  SmallVector<std::pair<Value, Expr *>> inductions; // with the value of trip 0
  Type i1 = IntegerType::get(op->getContext(), 1);
  Type index = IndexType::get(op->getContext());
  auto enters = [&](Literal l) {
    if (!l.expr->isConst() || l.expr->isTrue() != l.positive)
      spec.entry.push_back(l);
  };
  auto range = [&](Expr *lb, Expr *ub, Expr *step, bool isUnsigned) {
    bounds.append({lb, ub, step});
    // A loop whose step is not positive has no meaning: it may never end.
    if (!step->isConst())
      addPartial(
          exprs.compare(Expr::Slt, i1, exprs.constant(step->type, 0), step),
          op);
    enters(ExprTable::literal(
        exprs.compare(isUnsigned ? Expr::Ult : Expr::Slt, i1, lb, ub)));
    auto trips = tripCount(lb, ub, step, isUnsigned);
    if (!trips || !spec.trips)
      spec.trips = std::nullopt;
    else
      spec.trips =
          llvm::SaturatingMultiply(uint64_t(*spec.trips), uint64_t(*trips));
  };
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    Expr *lb = value(loop.getLowerBound()), *ub = value(loop.getUpperBound()),
         *step = value(loop.getStep());
    if (!lb || !ub || !step)
      return fail(op, "bound that is not known here");
    if (step->isConst() && step->value <= 0)
      return fail(op, "step that is not positive");
    spec.trips = 1;
    range(lb, ub, step, loop.getUnsignedCmp());
    inductions.push_back({desc->induction, lb});
  } else if (auto forall = dyn_cast<scf::ForallOp>(op)) {
    auto expr = [&](OpFoldResult r) {
      if (auto v = dyn_cast<Value>(r))
        return value(v);
      return exprs.constant(index,
                            cast<IntegerAttr>(cast<Attribute>(r)).getInt());
    };
    spec.trips = 1;
    for (auto [iv, lb, ub, step] :
         llvm::zip(forall.getInductionVars(), forall.getMixedLowerBound(),
                   forall.getMixedUpperBound(), forall.getMixedStep())) {
      Expr *l = expr(lb), *u = expr(ub), *s = expr(step);
      if (!l || !u || !s)
        return fail(op, "bound that is not known here");
      if (s->isConst() && s->value <= 0)
        return fail(op, "step that is not positive");
      range(l, u, s, false);
      inductions.push_back({iv, l});
    }
  } else {
    Expr *condition = desc->condition ? value(desc->condition) : nullptr;
    Expr *trip = desc->trip ? value(desc->trip) : nullptr;
    if ((desc->condition && !condition) || (desc->trip && !trip))
      return fail(op, "bound that is not known here");
    if (condition) {
      bounds.push_back(condition);
      enters(ExprTable::literal(condition));
    }
    if (trip) {
      Type boolean = i1;
      if (StringAttr name = desc->model->guardBool) {
        auto [dialect, type] = name.getValue().split('.');
        boolean =
            OpaqueType::get(StringAttr::get(op->getContext(), dialect), type);
      }
      Expr *zero = exprs.constant(trip->type, 0);
      bounds.push_back(trip);
      enters(ExprTable::literal(exprs.compare(Expr::Slt, boolean, zero, trip)));
      if (trip->isConst())
        spec.trips = std::max<int64_t>(trip->value, 0);
    }
    if (desc->induction)
      inductions.push_back(
          {desc->induction, trip ? exprs.constant(trip->type, 0) : nullptr});
  }
  if (sem.runsAtLeastOnce(op))
    spec.entry.clear();
  spec.loop = exprs.get(Kind::Loop, ctx.keys.shallow(op), {}, bounds);
  spec.writes = effectsOf(op).writes;

  Operation *terminator = &body.back();
  auto forall = dyn_cast<scf::ForallOp>(op);
  auto runBody = [&](LoopRun &run) {
    for (auto [arg, e] : llvm::zip(desc->carried, run.symbols))
      set(arg, e);
    if (++depth > 20000)
      return fail(op, "nesting is too deep");
    if (!runOps(body))
      return false;
    --depth;
    if (forall) {
      // What the trips insert, in one expression.
      const KeyTable::OpKey &key = ctx.keys.get(terminator);
      Exprs kids;
      for (Value v : key.captures) {
        Expr *e = value(v);
        if (!e)
          return fail(terminator, "operand that is not known here");
        kids.push_back(contents(e));
      }
      Expr *made = make(terminator, Kind::Op, key.key, {}, kids);
      for (unsigned i = 0; i < desc->carried.size(); ++i)
        run.next.push_back(make(terminator, Kind::Result, i,
                                desc->carried[i].getType(), made));
      return true;
    }
    for (Value v : desc->yielded) {
      Expr *e = value(v);
      if (!e)
        return fail(terminator, "operand that is not known here");
      run.next.push_back(e);
    }
    if (desc->yieldCondition) {
      run.condition = value(desc->yieldCondition);
      if (!run.condition)
        return fail(terminator, "operand that is not known here");
      run.condition = contents(run.condition);
    }
    return true;
  };
  Exprs outs;
  bool once = spec.trips == 1 && spec.entry.empty() && !forall &&
              llvm::all_of(inductions, [](auto &p) { return p.second; });
  if (once) {
    // Straight code.
    for (auto [iv, e] : inductions)
      set(iv, e);
    LoopRun run;
    run.symbols = spec.inits;
    if (!runBody(run))
      return false;
    outs = run.next;
  } else {
    for (auto [iv, e] : inductions)
      spec.inductions.push_back(iv.getType());
    auto onSymbols = [&](LoopRun &run) {
      for (auto [n, iv] : llvm::enumerate(inductions))
        set(iv.first, induction(n, iv.first.getType()));
      return runBody(run);
    };
    if (!loop(spec, onSymbols, nullptr, outs))
      return false;
  }
  if (outs.size() != op->getNumResults())
    return fail(op, "loop of an unknown form");
  for (auto [result, e] : llvm::zip(op->getResults(), outs))
    set(result, e);
  return true;
}

bool Executor::whileLoop(scf::WhileOp op) {
  LoopSpec spec;
  spec.op = op;
  spec.isWhile = true;
  for (Value init : op.getInits()) {
    Expr *e = value(init);
    if (!e)
      return fail(op, "operand that is not known here");
    spec.inits.push_back(e);
  }
  if (!op.getBefore().hasOneBlock() || !op.getAfter().hasOneBlock())
    return fail(op, "loop of an unknown form");
  scf::ConditionOp condition = op.getConditionOp();
  scf::YieldOp yield = op.getYieldOp();
  for (auto [i, arg] : llvm::enumerate(op.getBeforeArguments())) {
    auto next = dyn_cast<BlockArgument>(yield.getOperand(i));
    spec.invariant.push_back(next && next.getOwner() == op.getAfterBody() &&
                             condition.getArgs()[next.getArgNumber()] == arg);
  }
  spec.loop = exprs.get(Kind::Loop, ctx.keys.shallow(op), {}, {});
  spec.writes = effectsOf(op).writes;
  auto first = [&](LoopRun &run) {
    for (auto [arg, e] : llvm::zip(op.getBeforeArguments(), run.symbols))
      set(arg, e);
    Exprs passed;
    if (!region(op, op.getBefore(), passed))
      return false;
    run.condition = passed.front();
    run.leaving.assign(passed.begin() + 1, passed.end());
    return true;
  };
  auto second = [&](LoopRun &run) {
    for (auto [arg, e] : llvm::zip(op.getAfterArguments(), run.leaving))
      set(arg, e);
    return region(op, op.getAfter(), run.next);
  };
  Exprs outs;
  if (!loop(spec, first, second, outs))
    return false;
  for (auto [result, e] : llvm::zip(op.getResults(), outs))
    set(result, e);
  return true;
}
