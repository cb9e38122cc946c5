//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Loops by induction: the body runs once on symbols for what it carries. The
// value after a loop is named by the recurrences that it depends on, so that
// loops may gain, lose and reorder carried values.
//
//===----------------------------------------------------------------------===//

#include "capstan/Verify/Executor.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::verify;
using Kind = Expr::Kind;

/// Deeper loops run once: what is invariant only by proof stays a symbol there.
static constexpr unsigned kMaxRerunDepth = 3;

enum Role : uint64_t {
  CarriedRole,
  WorldRole,
  RandomRole,
  ObjectRole,
  InductionRole,
  DeviceRole
};

/// The key of what loops start with.
static constexpr uint64_t kAlike = ~uint64_t(0);

/// A symbol of the `depth`-th open loop.
static Expr *symbol(ExprTable &exprs, Role role, unsigned depth, unsigned n,
                    bool cpu, Type type, ArrayRef<Expr *> kids) {
  uint64_t key =
      (uint64_t(depth) << 36) | (uint64_t(n) << 4) | (role << 1) | cpu;
  Expr *e = exprs.get(Kind::Symbol, key, type, kids);
  e->loops |= uint64_t(1) << std::min(depth, 63u);
  e->onCpu = cpu;
  return e;
}

bool Executor::loop(LoopSpec &spec, llvm::function_ref<bool(LoopRun &)> first,
                    llvm::function_ref<bool(LoopRun &)> second, Exprs &outs) {
  unsigned d = loops.size(), count = spec.inits.size();
  uint64_t bit = uint64_t(1) << std::min(d, 63u);
  for (Literal l : spec.entry)
    if (std::optional<bool> v = known(l.expr); v && *v != l.positive) {
      outs = spec.inits;
      return true;
    }
  escapeAll(spec.inits);
  for (Expr *&init : spec.inits)
    init = contents(init);
  // One that repeats another and leaves nothing new goes by its name.
  Exprs startsWith{spec.loop, state.world, state.random,
                   state.device ? state.device : spec.loop};
  startsWith.append(spec.inits);
  Expr *alike = exprs.get(Kind::Loop, kAlike, {}, startsWith);
  Expr *other = loopsRun.lookup(alike);
  Expr *self = other ? other : instance(spec.loop, spec.op);
  Expr *again = exprs.get(Kind::Loop, 0, {}, self);
  bool mayRerun = d < kMaxRerunDepth;
  SmallVector<bool> invariant = spec.invariant, cpu;
  invariant.resize(count);
  for (Expr *init : spec.inits)
    cpu.push_back(mayRerun && init->onCpu);
  bool worldMoves = spec.writes, randomMoves = spec.writes;
  // First whether each trip leaves it as it was. Deeper loops run once.
  bool deviceMoves = spec.writes && state.device && !mayRerun;
  llvm::DenseSet<Expr *> still; // objects that no trip changes

  MemoryState start = state, original;
  if (other)
    original = state;
  Counts countsBefore = counts;
  Records::Mark mark = records.mark();
  size_t executed = executionLog.size();
  auto takeBack = [&] {
    records.rollback(mark);
    while (executionLog.size() > executed) {
      Expr *e = executionLog.pop_back_val();
      if (e->kind == Kind::Raw)
        materialized.erase(e);
      else if (e->key == kAlike)
        loopsRun.erase(e);
      else
        --executions[e];
    }
    memos.clear();
  };
  for (unsigned attempt = 0;; ++attempt) {
    if (attempt > 8)
      mayRerun = false;
    Recurrence r;
    r.loop = spec.loop;
    r.bit = bit;
    auto fresh = [&](Role role, unsigned n, bool onCpu, Type type,
                     ArrayRef<Expr *> rest) {
      Exprs kids{self};
      kids.append(rest.begin(), rest.end());
      Expr *e = symbol(exprs, role, d, n, onCpu, type, kids);
      r.symbols.insert(e);
      return e;
    };
    LoopRun run;
    llvm::DenseMap<Expr *, Expr *> initOf;
    llvm::DenseMap<Expr *, unsigned> equal; // carried values of equal inits
    for (unsigned i = 0; i < count; ++i) {
      Expr *init = spec.inits[i];
      if (invariant[i]) {
        run.symbols.push_back(init);
        continue;
      }
      Expr *e = fresh(CarriedRole, equal[init]++, cpu[i], init->type, {init});
      e->holdsMemory = init->holdsMemory;
      run.symbols.push_back(e);
      initOf[e] = init;
    }
    Expr *world = nullptr, *random = nullptr, *device = nullptr;
    state = start;
    if (worldMoves)
      state.world = world = fresh(WorldRole, 0, false, {}, {start.world});
    if (randomMoves)
      state.random = random = fresh(RandomRole, 0, false, {}, {start.random});
    if (deviceMoves)
      state.device = device =
          fresh(DeviceRole, 0, false, start.device->type, {start.device});
    llvm::MapVector<Expr *, Expr *> objects;
    if (spec.writes)
      for (auto &[object, version] : start.objects)
        if (!still.count(object))
          state.objects[object] = objects[object] =
              fresh(ObjectRole, 0, false, {}, {contents(object), version});
    for (auto [i, type] : llvm::enumerate(spec.inductions))
      fresh(InductionRole, i, false, type, {});
    counts = Counts();
    size_t path = pathMark();
    loops.push_back(self);
    for (Literal l : spec.entry)
      assume(l.expr, l.positive);
    if (!first(run))
      return false;
    size_t checked = records.checks.size();
    if (spec.isWhile) {
      escapeAll(run.leaving);
      for (Expr *&e : run.leaving)
        e = contents(e);
      run.condition = resolve(contents(run.condition));
      run.leavingState = state;
      loops.back() = again;
      if (known(run.condition) == false) {
        run.next = run.symbols;
      } else {
        assume(run.condition, true, /*guards=*/false);
        llvm::DenseMap<Expr *, Expr *> map = initOf;
        assume(exprs.substitute(run.condition, map, bit), true);
        if (!second(run))
          return false;
      }
    }
    loops.pop_back();
    popPath(path);
    if (run.next.size() != count)
      return fail(spec.op, "loop of an unknown form");
    escapeAll(run.next);
    for (Expr *&e : run.next)
      e = contents(e);

    bool rerun = false;
    for (unsigned i = 0; i < count; ++i) {
      if (invariant[i]) {
        // Proven before; only written otherwise here, by what is known.
        run.next[i] = run.symbols[i];
      } else if (run.next[i] == run.symbols[i]) {
        rerun |= mayRerun;
        invariant[i] = mayRerun;
      } else if (cpu[i] && !run.next[i]->onCpu) {
        cpu[i] = false;
        rerun = true;
      }
    }
    MemoryState &leaving = spec.isWhile ? run.leavingState : state;
    SmallVector<Expr *> escaped;
    for (auto &[object, version] : start.objects)
      if (!state.objects.count(object) || !leaving.objects.count(object))
        escaped.push_back(object);
    rerun |= !escaped.empty();
    if (worldMoves ? mayRerun && state.world == world
                   : state.world != start.world) {
      worldMoves = !worldMoves;
      rerun = true;
    }
    if (randomMoves ? mayRerun && state.random == random
                    : state.random != start.random) {
      randomMoves = !randomMoves;
      rerun = true;
    }
    // Also one that each trip leaves as the loop found it.
    bool restored = false;
    if (device) {
      llvm::DenseMap<Expr *, Expr *> first{{device, start.device}};
      restored = state.device == device ||
                 exprs.substitute(state.device, first, bit) == start.device;
    }
    if (deviceMoves ? mayRerun && restored : state.device != start.device) {
      deviceMoves = !deviceMoves;
      rerun = true;
    }
    if (mayRerun)
      for (auto &[object, symbol] : objects)
        if (auto *it = state.objects.find(object); it != state.objects.end() &&
                                                   it->second == symbol &&
                                                   still.insert(object).second)
          rerun = true;
    if (rerun) {
      if (attempt > 16)
        return fail(spec.op, "can't find what the loop changes");
      takeBack();
      // Others reach these from the start on. Only now: what the trip numbered
      // has been taken back.
      std::swap(state, start);
      for (Expr *object : escaped)
        escape(object);
      std::swap(state, start);
      executed = executionLog.size();
      continue;
    }

    // What is known after the loop.
    r.stop = run.condition;
    if (r.stop && r.stop->isConst() && !spec.isWhile)
      r.stop = r.stop->isTrue() ? nullptr : r.stop;
    for (unsigned i = 0; i < count; ++i)
      if (!invariant[i])
        r.next[run.symbols[i]] = run.next[i];
    if (world)
      r.next[world] = state.world;
    if (random)
      r.next[random] = state.random;
    if (device)
      r.next[device] = state.device;
    for (auto &[object, symbol] : objects)
      r.next[symbol] = state.objects[object];
    if (other) {
      Records::Mark now = records.mark();
      now.transfers = mark.transfers;
      if (!(now == mark) || !repeats(self, r)) {
        takeBack();
        loopsRun.erase(alike);
        state = std::move(original);
        counts = countsBefore;
        return loop(spec, first, second, outs);
      }
    } else {
      loopsRun[alike] = self;
      executionLog.push_back(alike);
    }
    for (auto &[symbol, next] : r.next)
      records.next[symbol] = next;
    records.stops[self] = r.stop;
    if (spec.isWhile)
      checksOfLastTrip(r, mark.checks, checked);
    outs.clear();
    for (Expr *e : spec.isWhile ? run.leaving : run.symbols)
      outs.push_back(finalValue(r, e));
    MemoryState end = start;
    end.world = finalValue(r, spec.isWhile ? leaving.world
                              : world      ? world
                                           : start.world);
    end.random = finalValue(r, spec.isWhile ? leaving.random
                               : random     ? random
                                            : start.random);
    if (device && !spec.isWhile && !r.stop && spec.trips.value_or(0) > 0 &&
        !(state.device->loops & bit))
      end.device = state.device; // the last trip's
    else if (start.device)
      end.device = finalValue(r, spec.isWhile ? leaving.device
                                 : device     ? device
                                              : start.device);
    for (auto &[object, version] : start.objects) {
      auto *it = objects.find(object);
      Expr *symbol = it == objects.end() ? version : it->second;
      end.objects[object] =
          finalValue(r, spec.isWhile ? leaving.objects[object] : symbol);
    }
    state = std::move(end);
    bool stops = r.stop && !spec.isWhile;
    uint64_t trips = spec.trips && !stops ? *spec.trips : 1;
    counts.atLeast |= counts.transfers && (!spec.trips || stops);
    counts.repeatAfter(countsBefore, trips);
    return true;
  }
}

/// The `n`-th induction variable of the innermost loop.
Expr *Executor::induction(unsigned n, Type type) {
  Expr *self = loops.back();
  return symbol(exprs, InductionRole, loops.size() - 1, n, false, type, {self});
}
