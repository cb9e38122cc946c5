//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Which foreign tensors are on the CPU: an optimistic fixpoint over the values
// that loops and branches carry.
//
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/Capstan.h"
#include "capstan/Interfaces/Semantics.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

using namespace mlir;
using namespace capstan;

void Placement::visitAll() {
  visitedAll = true;
  cpu.clear();
  // Each round can only move values from the CPU to the device.
  while (visit(root)) {
  }
}

bool Placement::isOnCpu(Value value) {
  if (isa<TensorType, BaseMemRefType>(value.getType())) {
    // What is made of host values or constants is known on the host.
    Operation *def = value.getDefiningOp();
    return isHostType(value.getType()) ||
           (def && (def->hasTrait<OpTrait::ConstantLike>() ||
                    isa<tensor::FromElementsOp>(def)));
  }
  auto it = cpu.find(value);
  if (it != cpu.end())
    return it->second;
  if (visitedAll)
    return false;
  if (std::optional<bool> found = search(value))
    return *found;
  visitAll();
  return cpu.lookup(value);
}

/// Backwards from `value`, without recursion. None if it comes to a value that
/// control flow hands on.
std::optional<bool> Placement::search(Value value) {
  struct Frame {
    Value value;
    unsigned next = 0;
    bool any = false;
  };
  SmallVector<Frame> stack = {{value}};
  auto finish = [&](bool onCpu) {
    cpu[stack.back().value] = onCpu;
    stack.pop_back();
  };
  while (!stack.empty()) {
    Frame &frame = stack.back();
    Operation *op = frame.value.getDefiningOp();
    if (!op) {
      auto arg = cast<BlockArgument>(frame.value);
      if (arg.getOwner()->getParentOp() != root ||
          !arg.getOwner()->isEntryBlock())
        return std::nullopt;
      finish(false);
      continue;
    }
    if (op->getNumRegions() != 0)
      return std::nullopt;
    if (std::optional<bool> known = decided(op)) {
      finish(*known);
      continue;
    }
    if (frame.next == op->getNumOperands()) {
      finish(frame.any);
      continue;
    }
    Value operand = op->getOperand(frame.next);
    if (!semantics.isTensorLike(operand.getType())) {
      ++frame.next;
      continue;
    }
    if (isa<OpaqueType>(operand.getType()) && !cpu.count(operand)) {
      stack.push_back({operand});
      continue;
    }
    ++frame.next;
    if (!decides(operand))
      continue;
    if (isOnCpu(operand))
      frame.any = true;
    else
      finish(false);
  }
  return cpu.lookup(value);
}

bool Placement::isSync(Operation *op) {
  if (semantics.kind(op) != OpKind::HostSync)
    return false;
  std::optional<SyncInfo> info = semantics.syncInfo(op);
  return info && llvm::any_of(info->sources, [&](OpOperand *source) {
           return !isOnCpu(source->get());
         });
}

/// `into` receives a value that is on the CPU or not; true: that changed it.
bool Placement::join(Value into, bool onCpu) {
  auto [it, inserted] = cpu.try_emplace(into, onCpu);
  if (inserted)
    return onCpu;
  if (it->second && !onCpu) {
    it->second = false;
    return true;
  }
  return false;
}

/// Where the op says itself that its results are.
std::optional<bool> Placement::decided(Operation *op) {
  if (isa<FetchOp, FetchWaitOp>(op))
    return true;
  const ForeignOpModel *m = semantics.model(op);
  if (!m)
    return false;
  if (m->alwaysCpu)
    return true;
  if (m->sync && !m->sync->dynamicSize && semantics.syncInfo(op))
    return true;
  if (!m->deviceOperand || *m->deviceOperand >= op->getNumOperands())
    return std::nullopt;
  Operation *def = op->getOperand(*m->deviceOperand).getDefiningOp();
  if (!def)
    return false;
  if (auto device = def->getAttrOfType<StringAttr>("value"))
    return device.getValue().starts_with("cpu");
  return std::nullopt;
}

/// A list of host values says nothing about where a result is.
bool Placement::decides(Value operand) {
  const ForeignTypeModel *type = semantics.typeModel(operand.getType());
  if (!type || type->kind != TypeKind::List || isOnCpu(operand))
    return true;
  Operation *def = operand.getDefiningOp();
  return !def || llvm::any_of(def->getOperandTypes(), [&](Type t) {
    return semantics.isTensorLike(t);
  });
}

bool Placement::resultOnCpu(Operation *op) {
  if (std::optional<bool> known = decided(op))
    return *known;
  bool any = false;
  for (Value operand : op->getOperands()) {
    if (!semantics.isTensorLike(operand.getType()) || !decides(operand))
      continue;
    if (!isOnCpu(operand))
      return false;
    any = true;
  }
  return any;
}

bool Placement::visit(Operation *op) {
  bool changed = false;
  auto yielded = [&](Region &region) -> Operation * {
    return region.hasOneBlock() && !region.front().empty()
               ? &region.front().back()
               : nullptr;
  };
  if (op->getNumRegions() == 0) {
    // Absent means on the device, so that the map holds few values.
    if (op->getNumResults()) {
      bool onCpu = resultOnCpu(op);
      for (Value result : op->getResults())
        if (isa<OpaqueType>(result.getType()) && (onCpu || cpu.count(result)))
          changed |= join(result, onCpu);
    }
    // Values that a branch of the control-flow graph passes on.
    if (auto branch = dyn_cast<BranchOpInterface>(op))
      for (unsigned i = 0, e = op->getNumSuccessors(); i < e; ++i) {
        SuccessorOperands operands = branch.getSuccessorOperands(i);
        for (auto [j, arg] :
             llvm::enumerate(op->getSuccessor(i)->getArguments()))
          if (isa<OpaqueType>(arg.getType()))
            changed |= join(arg, operands[j] && isOnCpu(operands[j]));
      }
    return changed;
  }
  std::optional<LoopDesc> loop = semantics.loop(op);
  if (loop)
    for (auto [arg, init] : llvm::zip(loop->carried, loop->inits))
      if (isa<OpaqueType>(arg.getType()))
        changed |= join(arg, isOnCpu(init));
  for (Region &region : op->getRegions())
    for (Block &block : region)
      changed |= visitBlock(block);
  if (loop && !loop->yielded.empty()) {
    for (auto [arg, next, result] :
         llvm::zip(loop->carried, loop->yielded, op->getResults())) {
      if (!isa<OpaqueType>(arg.getType()))
        continue;
      changed |= join(arg, isOnCpu(next));
      changed |= join(result, isOnCpu(arg));
    }
  } else if (semantics.kind(op) == OpKind::Branch) {
    for (Region &region : op->getRegions())
      if (Operation *yield = yielded(region))
        for (auto [result, value] :
             llvm::zip(op->getResults(), yield->getOperands()))
          if (isa<OpaqueType>(result.getType()))
            changed |= join(result, isOnCpu(value));
  }
  return changed;
}

bool Placement::visitBlock(Block &block) {
  bool changed = false;
  for (Operation &op : block)
    changed |= visit(&op);
  return changed;
}
