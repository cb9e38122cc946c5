//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "BufferLives.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace capstan;

BufferLives::BufferLives(func::FuncOp function) : aliases(function) {
  unsigned count = 0;
  function.walk<WalkOrder::PreOrder>(
      [&](Operation *op) { first[op] = count++; });
  function.walk<WalkOrder::PostOrder>([&](Operation *op) {
    unsigned end = first[op];
    for (Region &region : op->getRegions())
      for (Operation &inner : region.getOps())
        end = std::max(end, last[&inner]);
    last[op] = end;
  });
}

Value capstan::rootOf(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value;
}

/// The last operation in the block of `alloc` that may use its memory.
Operation *BufferLives::lastUse(memref::AllocOp alloc,
                                memref::DeallocOp dealloc) {
  Operation *last = alloc;
  for (Value alias : aliases.resolve(alloc))
    for (Operation *user : alias.getUsers()) {
      if (user == dealloc)
        continue;
      Operation *op = alloc->getBlock()->findAncestorOpInBlock(*user);
      // An address as a number may be compared as long as it is taken.
      if (!op || op->hasTrait<OpTrait::IsTerminator>() ||
          isa<memref::ExtractAlignedPointerAsIndexOp>(user))
        return dealloc;
      if (last->isBeforeInBlock(op))
        last = op;
    }
  return last->isBeforeInBlock(dealloc) ? last : dealloc;
}

std::optional<BufferLife> BufferLives::find(memref::AllocOp alloc,
                                            StringRef &reason) {
  SmallVector<memref::DeallocOp> deallocs;
  for (Value alias : aliases.resolve(alloc))
    for (Operation *user : alias.getUsers())
      if (auto dealloc = dyn_cast<memref::DeallocOp>(user))
        if (rootOf(dealloc.getMemref()) == alloc.getResult())
          deallocs.push_back(dealloc);
  if (deallocs.empty()) {
    reason = "it outlives its block";
    return std::nullopt;
  }
  memref::DeallocOp dealloc = deallocs.front();
  if (deallocs.size() > 1 || dealloc->getBlock() != alloc->getBlock()) {
    reason = "it is freed in another block";
    return std::nullopt;
  }
  Operation *use = lastUse(alloc, dealloc);
  if (use != dealloc)
    dealloc->moveAfter(use);
  return BufferLife{alloc, dealloc, use, beginOf(alloc), endOf(use)};
}
