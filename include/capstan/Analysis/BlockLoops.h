//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Loops of a graph of blocks.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_ANALYSIS_BLOCKLOOPS_H
#define CAPSTAN_ANALYSIS_BLOCKLOOPS_H

#include "mlir/Analysis/CFGLoopInfo.h"
#include "mlir/IR/Dominance.h"

namespace capstan {

class BlockLoops {
public:
  BlockLoops(mlir::DominanceInfo &dominance, mlir::Region &region);

  /// Every cycle has a block that dominates it. Otherwise nothing here holds.
  bool isReducible() const { return reducible; }

  /// The innermost loop of a block, or null.
  mlir::CFGLoop *loopOf(mlir::Block *block) const {
    return info ? info->getLoopFor(block) : nullptr;
  }
  bool sameLoop(mlir::Block *a, mlir::Block *b) const {
    return loopOf(a) == loopOf(b);
  }

  /// Whether `block` runs in every execution of `loop` before the loop is left.
  bool runsBeforeExit(mlir::DominanceInfo &dominance, mlir::CFGLoop *loop,
                      mlir::Block *block) const;

private:
  std::unique_ptr<mlir::CFGLoopInfo> info;
  bool reducible = true;
};

} // namespace capstan

#endif // CAPSTAN_ANALYSIS_BLOCKLOOPS_H
