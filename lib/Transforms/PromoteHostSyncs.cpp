//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Moves reads that depend on a private function's arguments only to its
// callers; functions are visited callees first, so that chains work.
//
//   func.func private @layer(%x: tensor<?xf32>, %lens: tensor<?xi32>) {
//     %n = capstan.item ...
//   // becomes
//   func.func private @layer(%x: tensor<?xf32>, %lens: tensor<?xi32>, %n: i32)
//   {
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/CallSites.h"
#include "capstan/Analysis/PureFunctions.h"
#include "capstan/Analysis/Slice.h"
#include "capstan/Analysis/ValueNumbering.h"
#include "capstan/Transforms/Passes.h"
#include "capstan/Transforms/Utils.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANPROMOTEHOSTSYNCS
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {
/// Promotes the reads of one function.
class Promoter {
public:
  Promoter(const Semantics &known, func::FuncOp function,
           ArrayRef<Operation *> syncs)
      : semantics(known), function(function), placement(semantics, function),
        numbers(semantics, function, rootsOf(semantics, syncs)) {}

  /// True if `sync` is now a parameter.
  bool promote(Operation *sync, ArrayRef<func::CallOp> calls);

  Semantics semantics;
  func::FuncOp function;
  Placement placement;

private:
  Slice slice(ArrayRef<Value> values);
  std::optional<SmallVector<Level>> levelsOf(Operation *sync,
                                             SmallVector<Value> &needed);

  ValueNumbering numbers;
};
} // namespace

/// What produces `values` from the arguments.
Slice Promoter::slice(ArrayRef<Value> values) {
  Block *entry = &function.front();
  MemoryClasses::Set checked;
  if (numbers.memory().written(function).contains(kChecks))
    checked.insert(kChecks);
  Slice result = collectSlice(
      semantics, numbers.memory(), values,
      [&](Value v) {
        auto arg = dyn_cast<BlockArgument>(v);
        return arg && arg.getOwner() == entry;
      },
      checked);
  for (Operation *op : result.ops)
    if (!numbers.readsEntryMemory(op)) {
      result.reason = "reads memory that the function may write before";
      result.blocker = op;
      result.ops.clear();
      break;
    }
  return result;
}

/// The conditions under which `sync` runs; none if there is more to it than
/// branches.
std::optional<SmallVector<Level>>
Promoter::levelsOf(Operation *sync, SmallVector<Value> &needed) {
  SmallVector<Level> levels;
  for (Operation *at = sync; at != function; at = at->getParentOp()) {
    Region *region = at->getParentRegion();
    Operation *parent = region->getParentOp();
    if (at->getBlock() != &region->front()) {
      remarkKept(sync, "stands in a block that may not run", parent);
      return std::nullopt;
    }
    if (parent == function)
      break;
    if (semantics.kind(parent) != OpKind::Branch) {
      remarkKept(sync, "runs in a loop of the function", parent);
      return std::nullopt;
    }
    levels.push_back({region, nullptr});
    needed.push_back(semantics.condition(parent));
  }
  if (!levels.empty() && !haveDefaults(semantics, sync->getResultTypes())) {
    remarkKept(sync, "stands under a condition, and no unused value of the "
                     "result's type can be made");
    return std::nullopt;
  }
  return levels;
}

bool Promoter::promote(Operation *sync, ArrayRef<func::CallOp> calls) {
  SmallVector<Value> needed(sync->getOperands());
  std::optional<SmallVector<Level>> levels = levelsOf(sync, needed);
  if (!levels)
    return false;
  Slice ops = slice(needed);
  if (!ops.movable()) {
    remarkKept(sync, ops.reason, ops.blocker);
    return false;
  }
  if (!numbers.readsEntryMemory(sync)) {
    remarkKept(sync, "reads memory that the function may write before");
    return false;
  }
  // Which undefined contents are seen where is part of the program.
  ops.ops.push_back(sync);
  for (Operation *op : ops.ops)
    for (Value operand : op->getOperands())
      if (auto arg = dyn_cast<BlockArgument>(operand);
          arg && arg.getOwner() == &function.front())
        for (func::CallOp call : calls) {
          Operation *def = call.getOperand(arg.getArgNumber()).getDefiningOp();
          if (def && semantics.isUndefined(def)) {
            remarkKept(sync, "reads undefined contents", def);
            return false;
          }
        }
  auto cloneSlice = [&](OpBuilder &b, ArrayRef<Value> values, IRMapping &map) {
    for (Operation *op : slice(values).ops)
      if (!map.contains(op->getResult(0)))
        b.clone(*op, map);
  };
  for (func::CallOp call : calls) {
    OpBuilder b(call);
    IRMapping map;
    map.map(function.getArguments(), call.getOperands());
    SmallVector<Value> values =
        cloneUnderGuards(semantics, b, sync, *levels, cloneSlice, map);
    call.getOperandsMutable().append(values);
    remarkDone(sync, "promoted", sync->getLoc(), call.getLoc());
  }
  for (Value result : sync->getResults()) {
    unsigned index = function.getNumArguments();
    if (failed(function.insertArgument(index, result.getType(), {},
                                       sync->getLoc())))
      llvm_unreachable("appending an argument can't fail");
    result.replaceAllUsesWith(function.getArgument(index));
  }
  SmallVector<Value> operands(sync->getOperands());
  numbers.forget(sync);
  sync->erase();
  eraseDeadSlice(semantics, operands,
                 [&](Operation *dead) { numbers.forget(dead); });
  return true;
}

namespace {
struct PromoteHostSyncs
    : public capstan::impl::CapstanPromoteHostSyncsBase<PromoteHostSyncs> {
  using CapstanPromoteHostSyncsBase::CapstanPromoteHostSyncsBase;

  SmallVector<Operation *> syncsOf(Semantics &semantics,
                                   func::FuncOp function) {
    SmallVector<Operation *> syncs = hostSyncsOf(semantics, function);
    llvm::erase_if(
        syncs, [&](Operation *op) { return !semantics.isDeterministic(op); });
    return syncs;
  }

  /// Merges and hoists what `function` received, or what its new parameters
  /// made free.
  LogicalResult settle(Semantics &semantics, func::FuncOp function) {
    OpPassManager pm(func::FuncOp::getOperationName());
    if (merge)
      pm.addPass(createCapstanMergeHostSyncs());
    if (hoist)
      pm.addPass(createCapstanHoistHostSyncs({speculate, merge}));
    if (pm.empty())
      return success();
    // A read that is gone may have been in the way of another, and two that
    // were merged in front of a branch may leave the loop around it.
    for (size_t before = ~size_t(0), now; before > 1; before = now) {
      if (failed(runPipeline(pm, function)))
        return failure();
      now = 0;
      for (Operation *sync : syncsOf(semantics, function))
        for (Operation *op = sync; op != function; op = op->getParentOp())
          ++now;
      if (now >= before)
        break;
    }
    return success();
  }

  /// True if some read of `function` is now a parameter.
  bool promoteAll(Semantics &semantics, func::FuncOp function,
                  CallSites &sites) {
    SmallVector<Operation *> syncs = syncsOf(semantics, function);
    if (syncs.empty())
      return false;
    ArrayRef<func::CallOp> calls = sites.callsOf(function);
    Promoter promoter(semantics, function, syncs);
    bool changed = false;
    for (Operation *sync : syncs) {
      if (!promoter.placement.isSync(sync))
        continue;
      if (!sites.onlyCalled(function)) {
        remarkKept(sync, "the function is used other than by direct calls",
                   function);
        continue;
      }
      if (sites.isRecursive(function)) {
        remarkKept(sync, "the function is recursive", function);
        continue;
      }
      if (calls.empty() || !promoter.promote(sync, calls))
        continue;
      ++numPromoted;
      changed = true;
    }
    return changed;
  }

  void runOnOperation() override {
    const OpModels *models = OpModels::get(&getContext());
    if (!models)
      return signalPassFailure();
    auto &pure = getAnalysis<PureFunctions>();
    Semantics semantics(*models, &pure.callees());
    markAnalysesPreserved<PureFunctions>();
    CallSites sites(getOperation());
    llvm::DenseSet<Operation *> received;
    bool erased = false;
    for (func::FuncOp function : sites.calleesFirst()) {
      // Reads of no use must not become parameters.
      bool touched = function.isPrivate() && eraseDeadCode(semantics, function);
      erased |= touched;
      bool changed = received.contains(function);
      do {
        if (changed && failed(settle(semantics, function)))
          return signalPassFailure();
        if (!function.isPrivate() || function.isExternal())
          break;
        changed = promoteAll(semantics, function, sites);
        touched |= changed;
        for (func::CallOp call : sites.callsOf(function))
          if (changed)
            received.insert(call->getParentOfType<func::FuncOp>());
        // A read that used one of those may be able to follow it.
      } while (changed && !syncsOf(semantics, function).empty());
      // Without its reads it may be pure, which its callers, next, can use.
      if ((touched || received.contains(function)) && pure.update(function))
        for (func::CallOp call : sites.callsOf(function))
          received.insert(call->getParentOfType<func::FuncOp>());
    }
    if (received.empty() && !erased)
      markAllAnalysesPreserved();
  }
};
} // namespace
