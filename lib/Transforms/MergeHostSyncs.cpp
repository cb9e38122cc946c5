//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Makes equal host syncs of a function one, at a place that dominates their
// uses, and erases checks under an equal check.
//
//   %a = capstan.item %max0[] : tensor<i32>   // %max0 = max(%lens)
//   %b = capstan.item %max1[] : tensor<i32>   // %max1 = max(%lens)
//   // becomes
//   %a = capstan.item %max0[] : tensor<i32>   // %b is %a
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/BlockLoops.h"
#include "capstan/Analysis/HostCode.h"
#include "capstan/Analysis/HostDominance.h"
#include "capstan/Analysis/PureFunctions.h"
#include "capstan/Analysis/Slice.h"
#include "capstan/Analysis/ValueNumbering.h"
#include "capstan/Transforms/Passes.h"
#include "capstan/Transforms/Utils.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANMERGEHOSTSYNCS
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

/// How many equal syncs that don't dominate each other are compared with the
/// next one: keeps the pass linear on reads under thousands of conditions.
static constexpr unsigned kMaxCandidates = 32;

namespace {
class Merger {
public:
  Merger(const Semantics &known, func::FuncOp function,
         ArrayRef<Operation *> roots)
      : semantics(known), function(function), placement(semantics, function),
        numbers(semantics, function, roots) {}

  unsigned merge(ArrayRef<Operation *> syncs);
  unsigned eraseChecks(ArrayRef<Operation *> checks);

private:
  void replaceBelow(SmallVector<Operation *> &kept, unsigned i);
  unsigned mergeEqual(SmallVector<Operation *> &syncs);
  bool takeOver(Operation *sync, Operation *kept);
  bool throughBranch(Operation *sync, Operation *kept);
  bool aboveBranch(Operation *sync, Operation *kept);
  bool aboveBlocks(Operation *sync, Operation *kept);
  bool moveUp(Operation *kept, Operation *before);
  void replace(Operation *sync, ValueRange values);
  void erase(Operation *op);
  BlockLoops &loopsOf(Region *region);

  Semantics semantics;
  func::FuncOp function;

public:
  Placement placement;

private:
  /// Since it was last reset, a read moved before another operation.
  bool movedUp = false;
  ValueNumbering numbers;
  HostDominance dominance;
  PostDominanceInfo postDominance;
  DenseMap<Region *, std::unique_ptr<BlockLoops>> loops;
  /// Values of a sync that a branch around it hands out already, by branch.
  DenseMap<std::pair<Operation *, Operation *>, SmallVector<Value>> exported;
};
} // namespace

void Merger::erase(Operation *op) {
  SmallVector<Value> operands(op->getOperands());
  numbers.forget(op);
  op->erase();
  eraseDeadSlice(semantics, operands,
                 [&](Operation *dead) { numbers.forget(dead); });
}

void Merger::replace(Operation *sync, ValueRange values) {
  sync->replaceAllUsesWith(values);
  erase(sync);
}

BlockLoops &Merger::loopsOf(Region *region) {
  auto &entry = loops[region];
  if (!entry)
    entry = std::make_unique<BlockLoops>(dominance, *region);
  return *entry;
}

/// The ancestor of `op` (or `op`) that stands in a block with an ancestor of
/// `other`, which is given back too. Null in different regions of a graph.
static std::pair<Operation *, Operation *> commonLevel(Operation *op,
                                                       Operation *other) {
  for (; op; op = op->getParentOp())
    if (Block *block = op->getBlock())
      if (Operation *ancestor = block->findAncestorOpInBlock(*other))
        return {op, ancestor};
  return {nullptr, nullptr};
}

/// Moves `kept` and what feeds it before `before`.
bool Merger::moveUp(Operation *kept, Operation *before) {
  // A terminator that is no yield may write, too.
  MemoryClasses::Set written = numbers.memory().written(before);
  for (Operation *op = kept->getParentOp(); op && op != before->getParentOp();
       op = op->getParentOp()) {
    const MemoryClasses::Set &set = numbers.memory().written(op);
    written.insert(set.begin(), set.end());
  }
  SmallVector<Value> needed(kept->getOperands());
  Slice slice = collectSlice(
      semantics, numbers.memory(), needed,
      [&](Value v) { return dominance.properlyDominates(v, before); }, written);
  if (!slice.movable())
    return false;
  for (MemoryClass id : numbers.memory().read(kept))
    if (written.contains(id))
      return false;
  for (Operation *op : slice.ops)
    moveOfSlice(semantics, op, before);
  kept->moveBefore(before);
  movedUp = true;
  return true;
}

/// `kept` stands in a branch that ends before `sync`, and all conditions that
/// guard it guard `sync` too: the branch hands the value out.
bool Merger::throughBranch(Operation *sync, Operation *kept) {
  auto [top, other] = commonLevel(kept, sync);
  if (!top || top == kept || top == other ||
      !dominance.properlyDominates(top, sync) ||
      !haveDefaults(semantics, kept->getResultTypes()))
    return false;
  llvm::DenseSet<std::pair<unsigned, unsigned>> guards;
  for (Region *region = sync->getParentRegion(); region;
       region = region->getParentRegion())
    if (semantics.kind(region->getParentOp()) == OpKind::Branch)
      guards.insert({numbers[guardOf(semantics, region).condition],
                     region->getRegionNumber()});
  SmallVector<Region *> chain;
  for (Operation *op = kept; op != top; op = op->getParentOp()) {
    Region *region = op->getParentRegion();
    if (semantics.kind(region->getParentOp()) != OpKind::Branch ||
        !region->hasOneBlock() ||
        !guards.contains({numbers[guardOf(semantics, region).condition],
                          region->getRegionNumber()}))
      return false;
    chain.push_back(region);
  }
  SmallVector<Value> values(kept->getResults());
  for (Region *region : chain) {
    Operation *branch = region->getParentOp();
    auto it = exported.find({kept, branch});
    if (it != exported.end()) {
      values = it->second;
      continue;
    }
    unsigned count = branch->getNumResults();
    Operation *wide =
        addBranchResults(semantics, branch, region->getRegionNumber(), values,
                         [&](Operation *old, Operation *made) {
                           for (auto [from, to] : llvm::zip(old->getResults(),
                                                            made->getResults()))
                             numbers.setEqual(to, from);
                           numbers.memory().rename(old, made);
                           numbers.forget(old);
                           for (Region &emptied : old->getRegions())
                             dominance.invalidate(&emptied);
                         });
    // What the old op handed out is the new op's.
    SmallVector<Operation *> handedOut;
    for (auto &entry : exported)
      if (entry.first.second == branch)
        handedOut.push_back(entry.first.first);
    for (Operation *inner : handedOut) {
      SmallVector<Value> moved = exported[{inner, branch}];
      exported.erase({inner, branch});
      for (Value &value : moved)
        value = wide->getResult(cast<OpResult>(value).getResultNumber());
      exported[{inner, wide}] = moved;
    }
    values.assign(wide->result_begin() + count, wide->result_end());
    exported[{kept, wide}] = values;
  }
  replace(sync, values);
  return true;
}

/// `kept` stands in an op before `sync` of the same block, or the two stand on
/// the two sides of a branch: every path that completes needs the value, so it
/// can be read before that op.
bool Merger::aboveBranch(Operation *sync, Operation *kept) {
  auto [top, other] = commonLevel(kept, sync);
  if (!top || top == kept)
    return false;
  bool after = other == sync && top->isBeforeInBlock(sync);
  bool bothSides = top == other && semantics.kind(top) == OpKind::Branch &&
                   top->getNumRegions() == 2 && kept->getParentOp() == top &&
                   sync->getParentOp() == top &&
                   kept->getParentRegion() != sync->getParentRegion() &&
                   kept->getParentRegion()->hasOneBlock() &&
                   sync->getParentRegion()->hasOneBlock();
  if ((!after && !bothSides) || !moveUp(kept, top))
    return false;
  replace(sync, kept->getResults());
  return true;
}

/// The same in a graph of blocks: the nearest block that dominates both reads,
/// if one of the two always follows it, or they are its two successors.
bool Merger::aboveBlocks(Operation *sync, Operation *kept) {
  Block *a = kept->getBlock(), *b = sync->getBlock();
  if (a == b || a->getParent() != b->getParent())
    return false;
  Block *common = dominance.findNearestCommonDominator(a, b);
  if (!common || common == a || common == b)
    return false;
  Operation *end = &common->back();
  // A block that always follows counts only in the same loop: else the read
  // would run once a trip instead of once after the loop.
  BlockLoops &loops = loopsOf(common->getParent());
  if (!loops.isReducible())
    return false;
  auto follows = [&](Block *block) {
    return postDominance.postDominates(block, common) &&
           loops.sameLoop(block, common);
  };
  bool bothSides = end->getNumSuccessors() == 2 &&
                   llvm::is_contained(end->getSuccessors(), a) &&
                   llvm::is_contained(end->getSuccessors(), b) &&
                   a->getSinglePredecessor() && b->getSinglePredecessor() &&
                   loops.sameLoop(a, common) && loops.sameLoop(b, common);
  bool always = follows(a) || follows(b);
  if ((!always && !bothSides) || !moveUp(kept, end))
    return false;
  replace(sync, kept->getResults());
  return true;
}

bool Merger::takeOver(Operation *sync, Operation *kept) {
  if (dominance.properlyDominates(kept, sync)) {
    replace(sync, kept->getResults());
    return true;
  }
  return throughBranch(sync, kept) || aboveBranch(sync, kept) ||
         aboveBlocks(sync, kept);
}

/// `kept[i]` moved up: above others that came before it, maybe.
void Merger::replaceBelow(SmallVector<Operation *> &kept, unsigned i) {
  Operation *moved = kept[i];
  unsigned first = i > kMaxCandidates ? i - kMaxCandidates : 0;
  auto *below = std::remove_if(
      kept.begin() + first, kept.begin() + i, [&](Operation *other) {
        if (!dominance.properlyDominates(moved, other))
          return false;
        remarkDone(moved, "merged", other->getLoc(), moved->getLoc());
        replace(other, moved->getResults());
        return true;
      });
  kept.erase(below, kept.begin() + i);
}

/// Merges equal syncs, in program order; the list keeps those that stay.
unsigned Merger::mergeEqual(SmallVector<Operation *> &syncs) {
  SmallVector<Operation *> kept;
  for (Operation *sync : syncs) {
    bool done = false;
    unsigned last =
        kept.size() > kMaxCandidates ? kept.size() - kMaxCandidates : 0;
    for (unsigned i = kept.size(); i-- > last && !done;) {
      // The sync is gone after a success.
      Location from = sync->getLoc();
      bool before = std::exchange(movedUp, false);
      done = takeOver(sync, kept[i]);
      if (done)
        remarkDone(kept[i], "merged", from, kept[i]->getLoc());
      if (movedUp)
        replaceBelow(kept, i);
      movedUp |= before;
    }
    if (!done)
      kept.push_back(sync);
  }
  unsigned merged = syncs.size() - kept.size();
  syncs = std::move(kept);
  return merged;
}

unsigned Merger::merge(ArrayRef<Operation *> syncs) {
  unsigned merged = 0;
  llvm::MapVector<Operation *, SmallVector<Operation *>> groups;
  for (Operation *sync : syncs)
    groups[numbers.leader(sync)].push_back(sync);
  for (auto &[leader, group] : groups) {
    // One that moved above a branch may stand on every path to another now.
    do {
      movedUp = false;
      merged += mergeEqual(group);
    } while (movedUp && group.size() > 1);
    for (unsigned i = 1; i < group.size(); ++i)
      remarkKept(group[i], "no equal read stands on every path to it",
                 group[i - 1]);
  }
  return merged;
}

unsigned Merger::eraseChecks(ArrayRef<Operation *> checks) {
  unsigned erased = 0;
  DenseMap<ValueNumbering::Number, SmallVector<Operation *, 1>> seen;
  for (Operation *check : checks) {
    Value condition = semantics.condition(check);
    // The value of memory is not what is in it.
    if (!condition || semantics.isMemory(condition.getType()) ||
        !check->use_empty())
      continue;
    auto &kept = seen[numbers[condition]];
    bool dominated =
        llvm::any_of(ArrayRef<Operation *>(kept).take_back(kMaxCandidates),
                     [&](Operation *other) {
                       return other->getName() == check->getName() &&
                              dominance.properlyDominates(other, check);
                     });
    if (!dominated) {
      kept.push_back(check);
      continue;
    }
    erase(check);
    ++erased;
  }
  return erased;
}

namespace {
struct MergeHostSyncs
    : public capstan::impl::CapstanMergeHostSyncsBase<MergeHostSyncs> {
  void runOnOperation() override {
    const OpModels *models = OpModels::get(&getContext());
    if (!models)
      return signalPassFailure();
    auto pure = getCachedParentAnalysis<PureFunctions>();
    Semantics semantics(*models, calleesOf(pure));
    bool changed = eraseDeadCode(semantics, getOperation());
    SmallVector<Operation *> syncs, checks;
    walkHostCode(getOperation(), [&](Operation *op) {
      OpKind kind = semantics.kind(op);
      if (kind == OpKind::HostSync)
        syncs.push_back(op);
      else if (kind == OpKind::Check)
        checks.push_back(op);
    });
    if (syncs.empty()) {
      if (!changed)
        markAllAnalysesPreserved();
      return;
    }
    SmallVector<Operation *> roots = rootsOf(semantics, syncs);
    roots.append(checks);
    Merger merger(semantics, getOperation(), roots);
    llvm::erase_if(syncs, [&](Operation *op) {
      return !merger.placement.isSync(op) || !semantics.isDeterministic(op) ||
             isa<FetchStartOp>(op);
    });
    unsigned merged = merger.merge(syncs);
    unsigned erased = merger.eraseChecks(checks);
    numMerged += merged;
    numChecks += erased;
    if (merged == 0 && erased == 0 && !changed)
      markAllAnalysesPreserved();
  }
};
} // namespace
