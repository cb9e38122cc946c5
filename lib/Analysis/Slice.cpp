//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/Slice.h"
#include "capstan/Analysis/DeadReads.h"
#include "capstan/Analysis/HostCode.h"
#include "mlir/IR/Iterators.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace capstan;

SmallVector<Value> capstan::sliceInputs(Operation *op) {
  SmallVector<Value> result(op->getOperands());
  if (op->getNumRegions() == 0)
    return result;
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  result.append(captured.begin(), captured.end());
  return result;
}

/// Something sees more than the shape of a result of `op`.
static bool isSeen(Semantics &semantics, Operation *op) {
  return llvm::any_of(op->getUses(), [&](OpOperand &use) {
    return !semantics.readsShapeOnly(use);
  });
}

bool capstan::looksAtUndefined(Semantics &semantics, Operation *op) {
  return op
      ->walk([&](Operation *nested) {
        return nested != op && semantics.isUndefined(nested) &&
                       isSeen(semantics, nested)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

void capstan::moveOfSlice(Semantics &semantics, Operation *op,
                          Operation *place) {
  if (!semantics.isUndefined(op) || !isSeen(semantics, op))
    return op->moveBefore(place);
  Operation *copy = OpBuilder(place).clone(*op);
  op->replaceUsesWithIf(copy->getResults(), [&](OpOperand &use) {
    return semantics.readsShapeOnly(use);
  });
}

Slice capstan::collectSlice(Semantics &semantics, const MemoryClasses &memory,
                            ArrayRef<Value> values,
                            llvm::function_ref<bool(Value)> available,
                            const MemoryClasses::Set &written,
                            llvm::DenseMap<Operation *, std::string> *blocked) {
  Slice slice;
  llvm::DenseSet<Operation *> done;
  auto block = [&](Operation *op, std::string reason) {
    slice.reason = std::move(reason);
    slice.blocker = op;
    slice.ops.clear();
  };
  struct Frame {
    Operation *op;
    SmallVector<Value> inputs;
    unsigned next = 0;
  };
  SmallVector<Frame> stack;
  // Visits the definition of a value; false: it can't move.
  auto enter = [&](Value value, bool shapeOnly) {
    Operation *op = value.getDefiningOp();
    // Which undefined contents are seen where is part of the program.
    if (op && !shapeOnly && semantics.isUndefined(op)) {
      block(op, "reads undefined contents");
      return false;
    }
    if (available(value))
      return true;
    if (!op) {
      Operation *owner = cast<BlockArgument>(value).getOwner()->getParentOp();
      block(owner, "depends on the iteration or on a value passed between "
                   "blocks");
      return false;
    }
    if (done.contains(op))
      return true;
    if (blocked) {
      auto it = blocked->find(op);
      if (it != blocked->end()) {
        block(op, it->second);
        return false;
      }
    }
    if (op->getNumRegions() != 0 && looksAtUndefined(semantics, op)) {
      block(op, "reads undefined contents");
      return false;
    }
    if (!semantics.isMovable(op)) {
      block(op, semantics.kind(op) == OpKind::HostSync
                    ? kDependsOnSync
                    : "depends on an operation that can't move");
      return false;
    }
    for (MemoryClass id : memory.read(op))
      if (written.contains(id)) {
        block(op, "reads memory that may be written in between");
        return false;
      }
    for (OpResult result : op->getResults())
      if (memory.identityMatters(result)) {
        block(op, "makes storage that may be written");
        return false;
      }
    done.insert(op);
    stack.push_back({op, sliceInputs(op)});
    return true;
  };
  for (Value value : values) {
    bool ok = enter(value, /*shapeOnly=*/false);
    while (ok && !stack.empty()) {
      Frame &frame = stack.back();
      if (frame.next == frame.inputs.size()) {
        slice.ops.push_back(frame.op);
        stack.pop_back();
        continue;
      }
      unsigned index = frame.next++;
      // Captures follow the operands.
      bool shapeOnly = index < frame.op->getNumOperands() &&
                       semantics.readsShapeOnly(frame.op->getOpOperand(index));
      ok = enter(frame.inputs[index], shapeOnly);
    }
    if (!ok) {
      if (blocked)
        for (const Frame &frame : stack)
          (*blocked)[frame.op] = slice.reason;
      return slice;
    }
  }
  return slice;
}

/// An op that sees undefined contents is part of the order of such ops.
static bool seesUndefined(Semantics &semantics, Operation *op) {
  return semantics.isUndefined(op) ||
         llvm::any_of(op->getOpOperands(), [&](OpOperand &use) {
           Operation *def = use.get().getDefiningOp();
           return def && semantics.isUndefined(def) &&
                  !semantics.readsShapeOnly(use);
         });
}

bool capstan::eraseDeadCode(Semantics &semantics, Operation *root) {
  bool changed = false;
  root->walk<WalkOrder::PostOrder, ReverseIterator>([&](Operation *op) {
    // Dead loops, branches and allocations stay: which of several equal ones is
    // which would change.
    bool reads = semantics.kind(op) == OpKind::HostSync;
    bool dead = isOpTriviallyDead(op) ||
                (reads && op->use_empty() && readCannotFail(semantics, op));
    if (!dead || holdsHostCode(op) || seesUndefined(semantics, op) ||
        (!reads && !semantics.isMovable(op)))
      return;
    op->erase();
    changed = true;
  });
  return changed;
}

void capstan::eraseDeadSlice(Semantics &semantics, ArrayRef<Value> values,
                             llvm::function_ref<void(Operation *)> erased) {
  llvm::SetVector<Operation *> worklist;
  auto push = [&](Value value) {
    if (Operation *op = value.getDefiningOp())
      worklist.insert(op);
  };
  for (Value value : values)
    push(value);
  while (!worklist.empty()) {
    Operation *op = worklist.pop_back_val();
    if (!op->use_empty() || seesUndefined(semantics, op) ||
        !semantics.isMovable(op))
      continue;
    SmallVector<Value> next = sliceInputs(op);
    erased(op);
    op->erase();
    for (Value value : next)
      push(value);
  }
}
