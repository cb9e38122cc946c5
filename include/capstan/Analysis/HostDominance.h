//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Dominance in host code. MLIR takes a region of an unregistered operation for
// a graph, in which every op dominates every other; foreign loops and branches
// run in order.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_ANALYSIS_HOSTDOMINANCE_H
#define CAPSTAN_ANALYSIS_HOSTDOMINANCE_H

#include "mlir/IR/Dominance.h"

namespace capstan {

class HostDominance : public mlir::DominanceInfo {
public:
  /// `a` has run whenever `b` runs. An op doesn't dominate what is in it.
  bool properlyDominates(mlir::Operation *a, mlir::Operation *b);
  bool properlyDominates(mlir::Value a, mlir::Operation *b);
};

} // namespace capstan

#endif // CAPSTAN_ANALYSIS_HOSTDOMINANCE_H
