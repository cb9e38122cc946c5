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

Placement::Placement(Semantics &semantics, Operation *root)
    : semantics(semantics) {
  // Each round can only move values from the CPU to the device.
  while (visit(root)) {
  }
}

bool Placement::isOnCpu(Value value) const {
  if (isa<TensorType, BaseMemRefType>(value.getType())) {
    // What is made of host values or constants is known on the host.
    Operation *def = value.getDefiningOp();
    return isHostType(value.getType()) ||
           (def && (def->hasTrait<OpTrait::ConstantLike>() ||
                    isa<tensor::FromElementsOp>(def)));
  }
  auto it = cpu.find(value);
  return it != cpu.end() && it->second;
}

bool Placement::isSync(Operation *op) const {
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

bool Placement::resultOnCpu(Operation *op) {
  if (isa<FetchOp, FetchWaitOp>(op))
    return true;
  const ForeignOpModel *m = semantics.model(op);
  if (!m)
    return false;
  if (m->alwaysCpu)
    return true;
  if (m->sync && !m->sync->dynamicSize && semantics.syncInfo(op))
    return true;
  if (m->deviceOperand && *m->deviceOperand < op->getNumOperands()) {
    Operation *def = op->getOperand(*m->deviceOperand).getDefiningOp();
    if (!def)
      return false;
    if (auto device = def->getAttrOfType<StringAttr>("value"))
      return device.getValue().starts_with("cpu");
  }
  bool any = false;
  for (Value operand : op->getOperands()) {
    if (!semantics.isTensorLike(operand.getType()))
      continue;
    // A list of host values says nothing about where the result is.
    if (auto *type = semantics.typeModel(operand.getType()))
      if (type->kind == TypeKind::List && !cpu.count(operand))
        if (Operation *def = operand.getDefiningOp())
          if (llvm::none_of(def->getOperandTypes(), [&](Type t) {
                return semantics.isTensorLike(t);
              }))
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
    return region.hasOneBlock() && !region.front().empty() ? &region.front().back()
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
        for (auto [j, arg] : llvm::enumerate(op->getSuccessor(i)->getArguments()))
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
