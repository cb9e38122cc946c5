//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Branches, whose values are gated at the join, and calls, which are followed.
//
//===----------------------------------------------------------------------===//

#include "capstan/Verify/Executor.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::verify;
using Kind = Expr::Kind;

/// Regions and calls open at once; keeps the stack of the process bounded.
static constexpr unsigned kMaxNesting = 20000;

Expr *Executor::mergeValues(Expr *cond, Expr *a, Expr *b) {
  a = contents(a);
  b = contents(b);
  if (a == b)
    return a;
  // Which storage it is depends on the path.
  escape(a->base);
  escape(b->base);
  return exprs.gamma(cond, a, b);
}

void Executor::merge(Expr *cond, const MemoryState &before, MemoryState yes,
                     MemoryState no) {
  // What one side let others reach, others can reach.
  for (auto &[object, version] : before.objects) {
    bool inYes = yes.objects.count(object), inNo = no.objects.count(object);
    if (inYes == inNo)
      continue;
    state = inYes ? std::move(yes) : std::move(no);
    escape(object);
    (inYes ? yes : no) = std::move(state);
  }
  state = MemoryState();
  state.world = exprs.gamma(cond, yes.world, no.world);
  state.random = exprs.gamma(cond, yes.random, no.random);
  if (yes.device)
    state.device = exprs.gamma(cond, yes.device, no.device);
  for (auto &[object, version] : yes.objects) {
    auto *other = no.objects.find(object);
    state.objects[object] = other == no.objects.end()
                                ? version
                                : exprs.gamma(cond, version, other->second);
  }
  for (auto &[object, version] : no.objects)
    if (!yes.objects.count(object))
      state.objects[object] = version;
}

/// Runs `yes` or `no`, or both and joins what they leave in `values`.
bool Executor::branch(Operation *op, Expr *cond, Body yes, Body no,
                      Exprs &values) {
  cond = resolve(contents(cond));
  if (std::optional<bool> side = known(cond))
    return *side ? yes() : no();
  MemoryState before = state;
  Counts countsBefore = counts;
  size_t mark = pathMark();
  assume(cond, true);
  if (!yes())
    return false;
  if (state.device)
    state.device = resolve(state.device);
  popPath(mark);
  Exprs yesValues = std::move(values);
  values.clear();
  MemoryState yesState = std::move(state);
  Counts yesCounts = counts;
  state = before;
  counts = countsBefore;
  assume(cond, false);
  if (!no())
    return false;
  if (state.device)
    state.device = resolve(state.device);
  popPath(mark);
  counts.takeLarger(yesCounts);
  MemoryState noState = std::move(state);
  merge(cond, before, std::move(yesState), std::move(noState));
  if (values.size() != yesValues.size())
    return fail(op, "branches with different numbers of results");
  for (auto [a, b] : llvm::zip(yesValues, values))
    b = mergeValues(cond, a, b);
  return true;
}

/// Runs a region of host code; `yielded` is what its terminator passes on.
bool Executor::region(Operation *op, Region &body, Exprs &yielded) {
  if (++depth > kMaxNesting)
    return fail(op, "nesting is too deep");
  bool good;
  if (body.hasOneBlock() && !body.front().empty() &&
      body.front().back().getNumSuccessors() == 0) {
    good = runOps(body.front());
    if (good)
      for (Value v : body.front().back().getOperands()) {
        Expr *e = value(v);
        if (!e)
          return fail(&body.front().back(), "operand that is not known here");
        yielded.push_back(e);
      }
  } else if (body.empty()) {
    good = true;
  } else {
    good = graph(body, yielded);
  }
  --depth;
  return good;
}

bool Executor::ifLike(Operation *op) {
  Value condition = sem.condition(op);
  Expr *cond = condition ? value(condition) : nullptr;
  if (!cond || op->getNumRegions() == 0 || op->getNumRegions() > 2)
    return fail(op, "branch of an unknown form");
  Exprs values;
  auto side = [&](unsigned i) {
    return [this, op, i, &values] {
      return i >= op->getNumRegions() || op->getRegion(i).empty() ||
             region(op, op->getRegion(i), values);
    };
  };
  if (!branch(op, cond, side(0), side(1), values))
    return false;
  if (values.size() != op->getNumResults())
    return fail(op, "branch of an unknown form");
  for (auto [result, e] : llvm::zip(op->getResults(), values))
    set(result, e);
  return true;
}

bool Executor::indexSwitch(scf::IndexSwitchOp op) {
  Expr *flag = value(op.getArg());
  if (!flag)
    return fail(op, "operand that is not known here");
  Exprs values;
  Type i1 = IntegerType::get(op.getContext(), 1);
  // One case after the other; the default last.
  std::function<bool(unsigned)> run = [&](unsigned i) {
    if (i == op.getNumCases())
      return region(op, op.getDefaultRegion(), values);
    Expr *taken = exprs.compare(Expr::Eq, i1, flag,
                                exprs.constant(flag->type, op.getCases()[i]));
    return branch(
        op, taken, [&] { return region(op, op.getCaseRegions()[i], values); },
        [&] { return run(i + 1); }, values);
  };
  if (op.getNumCases() > kMaxNesting)
    return fail(op, "too many cases");
  if (!run(0))
    return false;
  for (auto [result, e] : llvm::zip(op->getResults(), values))
    set(result, e);
  return true;
}

/// What names a call in a cycle: the structure of `callee`, or, where that
/// changed, which pair of functions it is of. They are equal by induction if
/// they are where such calls are.
unsigned Executor::recursionKey(func::CallOp op, func::FuncOp callee) {
  func::FuncOp other = ctx.partners.lookup(callee);
  unsigned structure = ctx.keys.get(op).key;
  if (!other || ctx.keys.symbol(callee) == ctx.keys.symbol(other))
    return structure;
  Operation *pair[] = {callee, other};
  ctx.assumed.insert({pair[side], pair[1 - side]});
  return ctx.keys.intern(
      {uint64_t(-11), reinterpret_cast<uintptr_t>(pair[side])});
}

bool Executor::call(func::CallOp op) {
  Exprs args;
  for (Value v : op.getOperands()) {
    Expr *e = value(v);
    if (!e)
      return fail(op, "operand that is not known here");
    args.push_back(e);
  }
  auto callee =
      symbols.lookupNearestSymbolFrom<func::FuncOp>(op, op.getCalleeAttr());
  // Unknown, or in a cycle: an effect.
  bool unknown = !callee || callee.isDeclaration();
  if (unknown || llvm::is_contained(calls, callee)) {
    unsigned key = unknown ? ctx.keys.get(op).key : recursionKey(op, callee);
    if (ctx.keys.tooDeep)
      return fail(op, "call graph is too deep");
    Expr *device = state.device;
    bool good = barrier(op, args, key);
    if (!unknown && !mayChangeDevice(callee))
      state.device = device;
    return good;
  }
  if (callee.getNumArguments() != args.size())
    return fail(op, "call with a wrong number of operands");
  // A call that left no trace needs no second run on the same arguments.
  auto &memo = memos[callee];
  Exprs key(args);
  if (state.device)
    key.push_back(state.device);
  key.push_back(state.world);
  for (auto &[k, m] : memo)
    if (k == key && m.guard->weakerThan(*guard())) {
      for (auto [result, e] : llvm::zip(op.getResults(), m.results))
        set(result, e);
      return true;
    }
  Records::Mark mark = records.mark();
  size_t executed = executionLog.size();
  Expr *random = state.random, *device = state.device;
  Counts countsBefore = counts;
  for (auto [arg, e] : llvm::zip(callee.getArguments(), args))
    set(arg, e);
  calls.push_back(callee);
  Exprs out;
  if (!region(op, callee.getBody(), out))
    return false;
  calls.pop_back();
  if (out.size() != op.getNumResults())
    return fail(op, "callee returns a different number of values");
  for (auto [result, e] : llvm::zip(op.getResults(), out))
    set(result, e);
  // Operations that may fail, and bounds, are the same in the next run.
  Records::Mark now = records.mark();
  now.partials = mark.partials;
  now.bounds = mark.bounds;
  if (now == mark && executed == executionLog.size() &&
      state.world == key.back() && state.random == random &&
      state.device == device && counts.setDevices == countsBefore.setDevices &&
      counts.queries == countsBefore.queries &&
      llvm::none_of(args, [](Expr *e) { return e->holdsMemory; }) &&
      llvm::none_of(out, [](Expr *e) { return e->kind == Kind::Raw; }) &&
      memo.size() < 64)
    memos[callee].push_back({key, {out, guard()}});
  return true;
}
