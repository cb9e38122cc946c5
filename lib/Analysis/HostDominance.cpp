//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/HostDominance.h"
#include "mlir/IR/Operation.h"

using namespace mlir;
using namespace capstan;

bool HostDominance::properlyDominates(Operation *a, Operation *b) {
  Operation *ancestor = a->getParentRegion()->findAncestorOpInRegion(*b);
  if (!ancestor || ancestor == a)
    return false;
  if (ancestor->getBlock() == a->getBlock())
    return a->isBeforeInBlock(ancestor);
  return DominanceInfo::properlyDominates(a->getBlock(), ancestor->getBlock());
}

bool HostDominance::properlyDominates(Value a, Operation *b) {
  if (Operation *def = a.getDefiningOp())
    return properlyDominates(def, b);
  Block *block = cast<BlockArgument>(a).getOwner();
  Operation *ancestor = block->getParent()->findAncestorOpInRegion(*b);
  return ancestor && DominanceInfo::dominates(block, ancestor->getBlock());
}
