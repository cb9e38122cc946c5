//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Moves host syncs, with the slice that feeds them, out of loops to the
// outermost level where their value is invariant.
//
//   scf.for %i = %c0 to %c16 step %c1 {
//     %n = capstan.item %max[] : tensor<i32>
//   // becomes
//   %n = capstan.item %max[] : tensor<i32>
//   scf.for %i = %c0 to %c16 step %c1 {
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/BlockLoops.h"
#include "capstan/Analysis/HostCode.h"
#include "capstan/Analysis/HostDominance.h"
#include "capstan/Analysis/PureFunctions.h"
#include "capstan/Analysis/Slice.h"
#include "capstan/Transforms/Passes.h"
#include "capstan/Transforms/Utils.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANHOISTHOSTSYNCS
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {
/// How far a sync can move.
struct Plan {
  Operation *outermost = nullptr;
  /// Innermost first.
  SmallVector<Level> guards;
  std::string reason;
  Operation *blocker = nullptr;
};

class Hoister {
public:
  Hoister(const Semantics &known, func::FuncOp function, bool speculate)
      : semantics(known), placement(semantics, function),
        memory(semantics, function), speculate(speculate) {}

  /// 0: stays, 1: moved, 2: moved under a guard.
  unsigned hoist(Operation *sync);

private:
  Plan plan(Operation *sync);
  Plan plan(Operation *sync, bool unguarded);
  bool crossLoop(Operation *sync, Operation *loop, unsigned region,
                 bool unguarded, SmallVector<Value> &needed, Plan &plan);
  void move(Operation *sync, const Plan &plan);
  Slice slice(Operation *scope, ArrayRef<Value> values);
  bool canSpeculate(Operation *sync, ArrayRef<Operation *> ops);
  bool outOfBlockLoops(Operation *sync);

  Semantics semantics;

public:
  Placement placement;

private:
  MemoryClasses memory;
  HostDominance dominance;
  bool speculate;
  /// Ops that can't leave an op, by that op; dropped when something leaves it.
  DenseMap<Operation *, DenseMap<Operation *, std::string>> blocked;
  DenseMap<Region *, std::unique_ptr<BlockLoops>> loops;
};
} // namespace

static bool isDefinedIn(Value value, Operation *scope) {
  if (Operation *def = value.getDefiningOp())
    return scope->isProperAncestor(def);
  return scope->isAncestor(
      cast<BlockArgument>(value).getOwner()->getParentOp());
}

Slice Hoister::slice(Operation *scope, ArrayRef<Value> values) {
  return collectSlice(
      semantics, memory, values,
      [&](Value v) { return !isDefinedIn(v, scope); }, memory.written(scope),
      &blocked[scope]);
}

/// Whether the sync can leave `loop`, in whose region number `region` it runs
/// once a trip (or under the guards so far).
bool Hoister::crossLoop(Operation *sync, Operation *loop, unsigned region,
                        bool unguarded, SmallVector<Value> &needed,
                        Plan &plan) {
  auto stay = [&](StringRef reason, Operation *blocker) {
    plan.reason = reason.str();
    plan.blocker = blocker;
    return false;
  };
  Slice ops = slice(loop, needed);
  if (!ops.movable())
    return stay(ops.reason, ops.blocker);
  for (MemoryClass id : memory.read(sync))
    if (memory.written(loop).contains(id))
      return stay("reads memory that the loop may write", loop);
  // The first region of a `scf.while` runs at least once.
  if (isa<scf::WhileOp>(loop) && region == 0)
    return true;
  if (unguarded || semantics.runsAtLeastOnce(loop))
    return true;
  if (!hasFirstTripGuard(semantics, loop))
    return stay("the loop may run zero times", loop);
  if (!haveDefaults(semantics, sync->getResultTypes()))
    return stay("the loop may run zero times, and no unused value of the "
                "result's type can be made",
                loop);
  plan.guards.push_back({nullptr, loop});
  llvm::append_range(needed, firstTripInputs(semantics, loop));
  return true;
}

/// Whether nothing can fail if `sync` and `ops` run where they didn't before.
bool Hoister::canSpeculate(Operation *sync, ArrayRef<Operation *> ops) {
  return speculate && semantics.isTotal(sync) &&
         llvm::all_of(ops,
                      [&](Operation *op) { return semantics.isTotal(op); });
}

Plan Hoister::plan(Operation *sync) {
  if (speculate) {
    Plan best = plan(sync, /*unguarded=*/true);
    if (!best.outermost ||
        canSpeculate(
            sync,
            slice(best.outermost, SmallVector<Value>(sync->getOperands())).ops))
      return best;
  }
  return plan(sync, /*unguarded=*/false);
}

Plan Hoister::plan(Operation *sync, bool unguarded) {
  Plan plan;
  SmallVector<Value> needed(sync->getOperands());
  unsigned useful = 0;
  for (Operation *at = sync, *parent = sync->getParentOp();
       parent && !isa<func::FuncOp>(parent) && holdsHostCode(parent);
       at = parent, parent = parent->getParentOp()) {
    Region *region = at->getParentRegion();
    if (at->getBlock() != &region->front()) {
      plan.reason = "stands in a block that may not run";
      plan.blocker = parent;
      break;
    }
    OpKind kind = semantics.kind(parent);
    if (kind == OpKind::Branch) {
      if (unguarded)
        continue;
      if (!haveDefaults(semantics, sync->getResultTypes())) {
        plan.reason = "stands under a condition, and no unused value of the "
                      "result's type can be made";
        plan.blocker = parent;
        break;
      }
      plan.guards.push_back({region, nullptr});
      needed.push_back(semantics.condition(parent));
      continue;
    }
    if (kind != OpKind::Loop) {
      if (isa<scf::ExecuteRegionOp>(parent))
        continue;
      break;
    }
    if (!crossLoop(sync, parent, region->getRegionNumber(), unguarded, needed,
                   plan))
      break;
    plan.outermost = parent;
    useful = plan.guards.size();
  }
  // Leaving a branch alone gains nothing.
  plan.guards.truncate(useful);
  return plan;
}

void Hoister::move(Operation *sync, const Plan &plan) {
  OpBuilder b(plan.outermost);
  if (plan.guards.empty()) {
    for (Operation *op :
         slice(plan.outermost, SmallVector<Value>(sync->getOperands())).ops)
      moveOfSlice(semantics, op, plan.outermost);
    sync->moveBefore(plan.outermost);
  } else {
    // What can't fail moves as it is, so that reads that share it don't copy
    // it; the rest is copied under the guard.
    for (Operation *op :
         slice(plan.outermost, SmallVector<Value>(sync->getOperands())).ops)
      if (op->getNumRegions() == 0 && semantics.isTotal(op) &&
          llvm::none_of(op->getOperands(), [&](Value v) {
            return isDefinedIn(v, plan.outermost);
          }))
        moveOfSlice(semantics, op, plan.outermost);
    IRMapping map;
    auto cloneSlice = [&](OpBuilder &at, ArrayRef<Value> values,
                          IRMapping &map) {
      for (Operation *op : slice(plan.outermost, values).ops)
        if (!map.contains(op->getResult(0)))
          at.clone(*op, map);
    };
    sync->replaceAllUsesWith(
        cloneUnderGuards(semantics, b, sync, plan.guards, cloneSlice, map));
    SmallVector<Value> operands(sync->getOperands());
    sync->erase();
    eraseDeadSlice(semantics, operands, [&](Operation *dead) {
      for (auto &scope : blocked)
        scope.second.erase(dead);
    });
  }
  // What depends on the sync may be able to move now.
  for (auto &scope : blocked)
    for (auto it = scope.second.begin(), end = scope.second.end(); it != end;) {
      auto entry = it++;
      if (entry->second == kDependsOnSync)
        scope.second.erase(entry);
    }
}

/// Out of natural loops of a graph of blocks, before the loop's entry.
bool Hoister::outOfBlockLoops(Operation *sync) {
  Region *region = sync->getParentRegion();
  if (region->hasOneBlock())
    return false;
  auto &entry = loops[region];
  if (!entry)
    entry = std::make_unique<BlockLoops>(dominance, *region);
  bool moved = false;
  if (!entry->isReducible())
    return false;
  while (CFGLoop *loop = entry->loopOf(sync->getBlock())) {
    // LLVM's `getLoopPreheader` finds none among MLIR's blocks.
    Block *preheader = loop->getLoopPredecessor();
    if (!preheader || preheader->getNumSuccessors() != 1) {
      remarkKept(sync, "no block runs just before the loop",
                 &loop->getHeader()->back());
      break;
    }
    bool certain = entry->runsBeforeExit(dominance, loop, sync->getBlock());
    if (!speculate && !certain) {
      remarkKept(sync, "the loop may be left before it",
                 &loop->getHeader()->back());
      break;
    }
    Operation *end = &preheader->back();
    MemoryClasses::Set written = memory.written(end);
    for (Block *block : loop->getBlocks())
      for (Operation &op : *block) {
        const MemoryClasses::Set &set = memory.written(&op);
        written.insert(set.begin(), set.end());
      }
    Slice ops = collectSlice(
        semantics, memory, SmallVector<Value>(sync->getOperands()),
        [&](Value v) { return dominance.properlyDominates(v, end); }, written);
    if (!ops.movable()) {
      remarkKept(sync, ops.reason, ops.blocker);
      break;
    }
    if (llvm::any_of(memory.read(sync),
                     [&](MemoryClass id) { return written.contains(id); })) {
      remarkKept(sync, "reads memory that the loop may write", end);
      break;
    }
    if (!certain && !canSpeculate(sync, ops.ops)) {
      remarkKept(sync, "the loop may be left before it",
                 &loop->getHeader()->back());
      break;
    }
    for (Operation *op : ops.ops)
      moveOfSlice(semantics, op, end);
    sync->moveBefore(end);
    moved = true;
  }
  return moved;
}

unsigned Hoister::hoist(Operation *sync) {
  Location from = sync->getLoc();
  bool moved = false;
  for (;;) {
    moved |= outOfBlockLoops(sync);
    Plan best = plan(sync);
    if (!best.reason.empty())
      remarkKept(sync, best.reason, best.blocker);
    if (!best.outermost) {
      if (moved)
        remarkDone(sync, "hoisted", from, sync->getLoc());
      return moved ? 1 : 0;
    }
    bool guarded = !best.guards.empty();
    if (guarded)
      remarkDone(sync, "hoisted", from, best.outermost->getLoc());
    move(sync, best);
    if (guarded)
      return 2;
    // The structured loop may stand in a loop of blocks.
    moved = true;
  }
}

namespace {
struct HoistHostSyncs
    : public capstan::impl::CapstanHoistHostSyncsBase<HoistHostSyncs> {
  using CapstanHoistHostSyncsBase::CapstanHoistHostSyncsBase;

  void runOnOperation() override {
    const OpModels *models = OpModels::get(&getContext());
    if (!models)
      return signalPassFailure();
    auto pure = getCachedParentAnalysis<PureFunctions>();
    Semantics semantics(*models, calleesOf(pure));
    SmallVector<Operation *> syncs = hostSyncsOf(semantics, getOperation());
    llvm::erase_if(syncs, [&](Operation *op) {
      return op->getParentOp() == getOperation() &&
             op->getParentRegion()->hasOneBlock();
    });
    if (syncs.empty())
      return markAllAnalysesPreserved();
    bool changed = false;
    Hoister hoister(semantics, getOperation(), speculate);
    for (Operation *sync : syncs) {
      if (!hoister.placement.isSync(sync) || !semantics.isDeterministic(sync))
        continue;
      unsigned result = hoister.hoist(sync);
      changed |= result != 0;
      numHoisted += result != 0;
      numGuarded += result == 2;
    }
    if (!changed)
      return markAllAnalysesPreserved();
    if (!merge)
      return;
    // Equal reads of several loops stand side by side now.
    OpPassManager pm(func::FuncOp::getOperationName());
    pm.addPass(createCapstanMergeHostSyncs());
    if (failed(runPipeline(pm, getOperation())))
      signalPassFailure();
  }
};
} // namespace
