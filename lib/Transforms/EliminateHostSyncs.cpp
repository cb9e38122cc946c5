//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Removes a sync that gives what the host knows anyway, and one whose value
// only bounds something, is only checked, or is only used by device code: a
// bound operand becomes the size that its model says is large enough, a check
// becomes a check on the device, and device code reads the value itself.
//
//   %n = "torch.aten.Int.Tensor"(%max)
//   %o = "torch.operator"(%q, ..., %n) <{name = "torch.varlen.attention"}>
//   // becomes
//   %t = "torch.aten.size.int"(%q, %c0)
//   %o = "torch.operator"(%q, ..., %t) <{name = "torch.varlen.attention"}>
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/DeadReads.h"
#include "capstan/Analysis/HostCode.h"
#include "capstan/Analysis/MemoryClasses.h"
#include "capstan/Transforms/BoundSizes.h"
#include "capstan/Transforms/DeviceConditions.h"
#include "capstan/Transforms/DeviceOperands.h"
#include "capstan/Transforms/HostElements.h"
#include "capstan/Transforms/Passes.h"
#include "capstan/Transforms/Utils.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANELIMINATEHOSTSYNCS
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {
/// All that depends on a sync.
struct Dependents {
  SmallVector<std::pair<OpOperand *, BoundOperand>> bounds;
  SmallVector<Operation *> checks;
  /// Device code that uses the value.
  llvm::SetVector<Operation *> kernels;
  /// Values that a branch hands out.
  SmallVector<OpOperand *> yields;
  llvm::SetVector<Operation *> arithmetic;
  /// Everything that depends on the sync, as host values.
  llvm::DenseSet<Value> values;
};

class Eliminator {
public:
  Eliminator(const OpModels &models, func::FuncOp function, bool quiet)
      : semantics(models), placement(semantics, function),
        memory(semantics, function), sizes(semantics), function(function),
        quiet(quiet) {}

  bool eliminate(Operation *sync);

  unsigned bounds = 0, checks = 0, operands = 0;

private:
  bool stay(Operation *sync, StringRef reason, Operation *blocker = nullptr) {
    if (!quiet)
      remarkKept(sync, reason, blocker);
    return false;
  }
  bool compute(Operation *sync);
  bool collect(Operation *sync, Dependents &found);
  StringRef follow(OpOperand &use, Dependents &found,
                   SmallVectorImpl<Value> &worklist);
  bool checksCanMove(Operation *sync, const Dependents &found);
  bool mayWriteAfter(Operation *check);
  void erase(Operation *sync, const Dependents &found);

  Semantics semantics;
  Placement placement;
  MemoryClasses memory;
  BoundSizes sizes;
  func::FuncOp function;
  bool quiet;
};
} // namespace

/// Sorts one use in; gives the reason if it needs the value itself.
StringRef Eliminator::follow(OpOperand &use, Dependents &found,
                             SmallVectorImpl<Value> &worklist) {
  Operation *user = use.getOwner();
  unsigned number = use.getOperandNumber();
  if (Operation *kernel = DeviceOperands::kernelOf(semantics, use)) {
    found.kernels.insert(kernel);
    return {};
  }
  if (!isHostCode(user))
    return "its value is used in device code";
  for (const BoundOperand &bound : semantics.boundOperands(user)) {
    if (bound.operand != number)
      continue;
    if (!bound.atMost)
      return "no static bound is known for an operand that it bounds";
    if (!sizes.canBuild(user, bound))
      return "the size that bounds it has no operation of its type";
    found.bounds.push_back({&use, bound});
    return {};
  }
  OpKind kind = semantics.kind(user);
  Operation *parent = user->getParentOp();
  if (kind == OpKind::Check && semantics.condition(user) == use.get()) {
    if (!llvm::is_contained(found.checks, user))
      found.checks.push_back(user);
    return {};
  }
  // One of several values that a branch gives.
  if (kind == OpKind::Yield && semantics.kind(parent) == OpKind::Branch &&
      number < parent->getNumResults()) {
    if (!haveDefaults(semantics, use.get().getType()))
      return "a branch hands its value out, and no unused value of its type "
             "can be made";
    found.yields.push_back(&use);
    worklist.push_back(parent->getResult(number));
    return {};
  }
  auto isScalar = [&](Type type) { return semantics.isHostScalar(type); };
  if (kind == OpKind::Compute && user->getNumRegions() == 0 &&
      semantics.isDeterministic(user) && semantics.isTotal(user) &&
      llvm::all_of(user->getOperandTypes(), isScalar) &&
      llvm::all_of(user->getResultTypes(), isScalar)) {
    if (found.arithmetic.insert(user))
      llvm::append_range(worklist, user->getResults());
    return {};
  }
  if (kind == OpKind::Branch || kind == OpKind::Loop)
    return "its value decides what runs";
  if (kind == OpKind::Yield)
    return "its value leaves the function or is carried by a loop";
  if (kind == OpKind::Call)
    return "its value is passed to a call";
  return "its value is needed";
}

bool Eliminator::collect(Operation *sync, Dependents &found) {
  SmallVector<Value> worklist(sync->getResults());
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (!found.values.insert(value).second)
      continue;
    for (OpOperand &use : value.getUses()) {
      StringRef reason = follow(use, found, worklist);
      if (!reason.empty())
        return stay(sync, reason, use.getOwner());
    }
  }
  return true;
}

/// Whether something that others see may be written once `check` has passed: it
/// would be written by a failing run, too, if the check didn't block.
bool Eliminator::mayWriteAfter(Operation *check) {
  auto writes = [&](Operation *op) {
    return memory.written(op).contains(kWorld);
  };
  if (!writes(function))
    return false;
  for (Operation *op = check; op != function; op = op->getParentOp()) {
    for (Operation *next = op->getNextNode(); next; next = next->getNextNode())
      if (writes(next))
        return true;
    Operation *parent = op->getParentOp();
    // What stands before it may run after it.
    bool again = !op->getParentRegion()->hasOneBlock() ||
                 semantics.kind(parent) == OpKind::Loop;
    if (again && writes(parent))
      return true;
  }
  return false;
}

bool Eliminator::checksCanMove(Operation *sync, const Dependents &found) {
  for (Operation *check : found.checks) {
    if (semantics.constant(semantics.condition(check)).value_or(0) != 0)
      continue;
    if (!function.isPublic())
      return stay(sync,
                  "its value is checked on the host in a private function",
                  check);
    if (!DeviceCondition(semantics, sync, found.values)
             .canBuild(semantics.condition(check)))
      return stay(sync, "its value is checked on the host", check);
    if (mayWriteAfter(check))
      return stay(sync,
                  "its value is checked on the host before memory is "
                  "written",
                  check);
  }
  return true;
}

/// Replaces a sync by what the host knows without it.
bool Eliminator::compute(Operation *sync) {
  if (!isa<ItemOp, FetchOp>(sync))
    return false;
  HostElements elements(semantics, sync);
  SmallVector<Value> values;
  for (OpResult result : sync->getResults()) {
    Value source = sync->getOperand(result.getResultNumber());
    SmallVector<Value> indices(sync->getOperands().drop_front());
    if (isa<FetchOp>(sync)) {
      auto type = dyn_cast<RankedTensorType>(source.getType());
      if (!type || !semantics.isHostScalar(result.getType()))
        return false;
      indices.assign(type.getRank(), elements.constant(0));
    }
    values.push_back(elements.build(source, indices));
    if (!values.back() || values.back().getType() != result.getType())
      return false;
  }
  remarkDone(sync, "eliminated", sync->getLoc(), sync->getLoc());
  sync->replaceAllUsesWith(values);
  elements.commit();
  erase(sync, {});
  return true;
}

/// The sync with all that depended on it, and what fed it and can't fail.
void Eliminator::erase(Operation *sync, const Dependents &found) {
  for (Operation *op : found.arithmetic)
    op->dropAllReferences();
  for (Operation *op : found.arithmetic)
    op->erase();
  SmallVector<Value> dead(sync->getOperands());
  sync->erase();
  while (!dead.empty()) {
    Operation *op = dead.pop_back_val().getDefiningOp();
    if (!op || !op->use_empty() || op->getNumRegions() != 0 ||
        !semantics.isTotal(op) || !semantics.isMovable(op))
      continue;
    llvm::append_range(dead, op->getOperands());
    op->erase();
  }
}

bool Eliminator::eliminate(Operation *sync) {
  if (!placement.isSync(sync) || !semantics.isDeterministic(sync))
    return false;
  if (compute(sync))
    return true;
  Dependents found;
  if (!collect(sync, found))
    return false;
  DeviceOperands device(semantics, sync, found.values);
  for (Operation *kernel : found.kernels)
    if (!device.canRewrite(kernel))
      return stay(sync, "its value is used in device code", kernel);
  if (!readCannotFail(semantics, sync))
    return stay(sync, "it fails unless its source has one element");
  if (!checksCanMove(sync, found))
    return false;
  Location to = sync->getLoc();
  for (Operation *check : found.checks) {
    if (semantics.constant(semantics.condition(check)).value_or(0) == 0) {
      OpBuilder b(check);
      Value condition = DeviceCondition(semantics, sync, found.values)
                            .build(b, semantics.condition(check));
      DeviceCheckOp::create(b, check->getLoc(), condition, checkMessage(check));
      ++checks;
    }
    to = check->getLoc();
    check->erase();
  }
  for (auto &[use, bound] : found.bounds) {
    use->set(sizes.build(use->getOwner(), bound));
    to = use->getOwner()->getLoc();
    ++bounds;
  }
  for (OpOperand *use : found.yields) {
    OpBuilder b(use->getOwner());
    use->set(semantics.buildDefault(b, use->getOwner()->getLoc(),
                                    use->get().getType()));
  }
  for (Operation *kernel : found.kernels) {
    to = kernel->getLoc();
    device.rewrite(kernel);
    ++operands;
  }
  remarkDone(sync, "eliminated", sync->getLoc(), to);
  erase(sync, found);
  return true;
}

namespace {
struct EliminateHostSyncs
    : public capstan::impl::CapstanEliminateHostSyncsBase<EliminateHostSyncs> {
  using Base::Base;

  void runOnOperation() override {
    const OpModels *models = OpModels::get(&getContext());
    if (!models)
      return signalPassFailure();
    Semantics semantics(*models);
    SmallVector<Operation *> syncs = hostSyncsOf(semantics, getOperation());
    if (syncs.empty())
      return markAllAnalysesPreserved();
    Eliminator eliminator(*models, getOperation(), quiet);
    // The last first: one that another's source depends on is free then.
    for (Operation *sync : llvm::reverse(syncs))
      numEliminated += eliminator.eliminate(sync);
    numBounds += eliminator.bounds;
    numChecks += eliminator.checks;
    numOperands += eliminator.operands;
  }
};
} // namespace
