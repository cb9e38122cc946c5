//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What may be part of a graph that is captured once and then replayed.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_INTERFACES_CAPTURESAFEOPINTERFACE_H
#define CAPSTAN_INTERFACES_CAPTURESAFEOPINTERFACE_H

#include "mlir/IR/OpDefinition.h"
#include <string>

namespace capstan {

/// Whether a host value is the same in every replay: a constant, or computed
/// from constants and the induction variables of loops with constant bounds.
bool isSameEachReplay(mlir::Value value);

/// Why `op`, with all that is nested in it, can't be part of a graph; empty if
/// it can.
std::string captureObstacle(mlir::Operation *op);

/// Whether `op`, which can be part of a graph, is worth making one.
bool enqueuesWork(mlir::Operation *op);

/// Attaches CaptureSafeOpInterface to upstream's operations.
void registerCaptureSafeExternalModels(mlir::DialectRegistry &registry);

} // namespace capstan

#include "capstan/Interfaces/CaptureSafeOpInterface.h.inc"

#endif // CAPSTAN_INTERFACES_CAPTURESAFEOPINTERFACE_H
