//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/BlockLoops.h"

using namespace mlir;
using namespace capstan;

BlockLoops::BlockLoops(DominanceInfo &dominance, Region &region) {
  if (region.empty() || region.hasOneBlock())
    return;
  info = std::make_unique<CFGLoopInfo>(dominance.getDomTree(&region));
  // A retreating edge whose target doesn't dominate its source enters a cycle
  // in the middle.
  DenseMap<Block *, unsigned> state; // 1: on the path, 2: done
  SmallVector<std::pair<Block *, unsigned>> path = {{&region.front(), 0}};
  state[&region.front()] = 1;
  while (!path.empty()) {
    auto &[block, next] = path.back();
    if (next == block->getNumSuccessors()) {
      state[block] = 2;
      path.pop_back();
      continue;
    }
    Block *successor = block->getSuccessor(next++);
    if (state[successor] == 1 && !dominance.dominates(successor, block))
      reducible = false;
    if (state[successor] == 0) {
      state[successor] = 1;
      path.push_back({successor, 0});
    }
  }
}

bool BlockLoops::runsBeforeExit(DominanceInfo &dominance, CFGLoop *loop,
                                Block *block) const {
  SmallVector<Block *> exiting;
  loop->getExitingBlocks(exiting);
  return !exiting.empty() && llvm::all_of(exiting, [&](Block *exit) {
    return dominance.dominates(block, exit);
  });
}
