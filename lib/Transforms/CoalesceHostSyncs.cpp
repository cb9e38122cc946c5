//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Makes the syncs of a block that can happen at one point one packed transfer.
// A group waits just before the first use of any of its values; a later sync
// joins if what feeds it can be computed before that point.
//
//   %a = capstan.item %max[] : tensor<i32>
//   %b = capstan.item %sum[] : tensor<i64>
//   // becomes
//   %a, %b = capstan.fetch %max, %sum ["item", "item"]
//     : (tensor<i32>, tensor<i64>) -> (i32, i64)
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/HostCode.h"
#include "capstan/Analysis/HostDominance.h"
#include "capstan/Analysis/PureFunctions.h"
#include "capstan/Analysis/Slice.h"
#include "capstan/Transforms/Passes.h"
#include "capstan/Transforms/Utils.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANCOALESCEHOSTSYNCS
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

/// Almost always one round packs all that can be packed.
static constexpr unsigned kMaxRounds = 4;

namespace {
class Coalescer {
public:
  Coalescer(const Semantics &known, func::FuncOp function)
      : semantics(known), placement(semantics, function),
        memory(semantics, function) {}

  void run(Block &block);

  unsigned fetches = 0, coalesced = 0;

private:
  bool canJoin(Operation *sync, Slice &slice);
  bool joins(Operation *sync, Slice &slice);
  void follow(Operation *op);
  void close();
  void open(Operation *sync);

  Semantics semantics;
  Placement placement;
  MemoryClasses memory;
  HostDominance dominance;

  /// The group that is open, and the first op of the block that uses one of its
  /// values (null so far: the group can still wait).
  SmallVector<Operation *> group;
  Operation *deadline = nullptr;
  /// Memory that may be written from the deadline to where the scan is.
  MemoryClasses::Set written;
  DenseMap<Operation *, std::string> blocked;
};
} // namespace

/// Whether `op` is at most `depth` ops of device work away from arguments and
/// constants.
static bool isNearArguments(Semantics &semantics, Operation *op,
                            unsigned depth) {
  return llvm::all_of(op->getOperands(), [&](Value v) {
    Operation *def = v.getDefiningOp();
    if (!def)
      return isa<func::FuncOp>(v.getParentBlock()->getParentOp());
    // Host values and lists of them cost the device nothing.
    bool free = semantics.kind(def) == OpKind::Constant ||
                !isa<TensorType, OpaqueType>(v.getType()) ||
                semantics.isHostScalar(v.getType()) ||
                semantics.isMemory(v.getType());
    return free || (depth > 1 && isNearArguments(semantics, def, depth - 1));
  });
}

bool Coalescer::joins(Operation *sync, Slice &slice) {
  if (!canJoin(sync, slice))
    return false;
  // Work that others use too would make them, and every value of the group,
  // wait for an order that the model doesn't have: only what exists for the
  // sync moves, or what is a step or two away from the arguments.
  llvm::SmallPtrSet<Operation *, 16> moved(slice.ops.begin(), slice.ops.end());
  moved.insert(sync);
  for (Operation *op : slice.ops) {
    bool shared = !llvm::all_of(
        op->getUsers(), [&](Operation *user) { return moved.contains(user); });
    if (shared && semantics.kind(op) != OpKind::Constant &&
        !isNearArguments(semantics, op, 2)) {
      slice.reason = "needs work early that other operations use too";
      slice.blocker = op;
      return false;
    }
  }
  return true;
}

bool Coalescer::canJoin(Operation *sync, Slice &slice) {
  if (!deadline)
    return true;
  for (MemoryClass id : memory.read(sync))
    if (written.contains(id)) {
      slice.reason = "its index may be out of range before a check";
      slice.blocker = deadline;
      return false;
    }
  slice = collectSlice(
      semantics, memory, SmallVector<Value>(sync->getOperands()),
      [&](Value v) {
        // The group itself comes to stand at the deadline.
        return !llvm::is_contained(group, v.getDefiningOp()) &&
               dominance.properlyDominates(v, deadline);
      },
      written, &blocked);
  return slice.movable();
}

/// Notes a use of the group's values, or a write after the deadline.
void Coalescer::follow(Operation *op) {
  if (group.empty())
    return;
  if (!deadline) {
    auto usesGroup = [&](Operation *user) {
      return llvm::any_of(user->getOperands(), [&](Value v) {
        return llvm::is_contained(group, v.getDefiningOp());
      });
    };
    bool uses = op->getNumRegions() == 0
                    ? usesGroup(op)
                    : op->walk([&](Operation *nested) {
                          return usesGroup(nested) ? WalkResult::interrupt()
                                                   : WalkResult::advance();
                        }).wasInterrupted();
    if (!uses)
      return;
    deadline = op;
  }
  const MemoryClasses::Set &set = memory.written(op);
  written.insert(set.begin(), set.end());
}

void Coalescer::open(Operation *sync) {
  close();
  group.push_back(sync);
}

/// Replaces the group by one fetch.
void Coalescer::close() {
  if (group.size() > 1) {
    Operation *place = deadline ? deadline : group.back();
    OpBuilder b(place);
    SmallVector<Location> locations;
    SmallVector<Value> sources, replaced;
    SmallVector<StringRef> conversions;
    SmallVector<Type> types;
    for (Operation *sync : group) {
      locations.push_back(sync->getLoc());
      llvm::append_range(sources, buildFetchSources(b, sync));
      llvm::append_range(conversions, *fetchConversions(semantics, sync));
      llvm::append_range(types, sync->getResultTypes());
      llvm::append_range(replaced, sync->getResults());
    }
    auto fetch =
        FetchOp::create(b, FusedLoc::get(b.getContext(), locations), types,
                        sources, b.getStrArrayAttr(conversions));
    for (auto [from, to] : llvm::zip(replaced, fetch.getResults()))
      from.replaceAllUsesWith(to);
    for (Operation *sync : group) {
      remarkDone(sync, "coalesced", sync->getLoc(), place->getLoc());
      sync->erase();
    }
    ++fetches;
    coalesced += group.size();
  }
  group.clear();
  deadline = nullptr;
  written.clear();
  blocked.clear();
}

void Coalescer::run(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (semantics.kind(&op) != OpKind::HostSync || !placement.isSync(&op) ||
        !fetchConversions(semantics, &op)) {
      follow(&op);
      continue;
    }
    if (op.use_empty())
      continue;
    // A sync that reads what an earlier one of the group gave ends it.
    follow(&op);
    Slice slice;
    if (!group.empty() && deadline != &op && joins(&op, slice)) {
      for (Operation *moved : slice.ops)
        moved->moveBefore(deadline);
      group.push_back(&op);
      continue;
    }
    if (!group.empty())
      remarkKept(&op, slice.reason, slice.blocker);
    open(&op);
  }
  close();
}

namespace {
struct CoalesceHostSyncs
    : public capstan::impl::CapstanCoalesceHostSyncsBase<CoalesceHostSyncs> {
  void runOnOperation() override {
    const OpModels *models = OpModels::get(&getContext());
    if (!models)
      return signalPassFailure();
    auto pure = getCachedParentAnalysis<PureFunctions>();
    Semantics semantics(*models, calleesOf(pure));
    llvm::MapVector<Block *, unsigned> syncs;
    walkHostCode(getOperation(), [&](Operation *op) {
      if (semantics.kind(op) == OpKind::HostSync)
        ++syncs[op->getBlock()];
    });
    // A sync alone in its block stays as it is.
    syncs.remove_if([](const auto &entry) { return entry.second < 2; });
    if (syncs.empty())
      return markAllAnalysesPreserved();
    // A group that closed early may let the next round's grow.
    bool changed = false;
    for (unsigned round = 0; round < kMaxRounds; ++round) {
      Coalescer coalescer(semantics, getOperation());
      for (auto [block, count] : syncs)
        coalescer.run(*block);
      numFetches += coalescer.fetches;
      numCoalesced += coalescer.coalesced;
      if (coalescer.fetches == 0)
        break;
      changed = true;
    }
    if (!changed)
      markAllAnalysesPreserved();
  }
};
} // namespace
