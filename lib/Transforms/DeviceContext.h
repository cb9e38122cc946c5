//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The parts of --capstan-hoist-device-context. Each says how much it changed.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TRANSFORMS_DEVICECONTEXT_H
#define CAPSTAN_TRANSFORMS_DEVICECONTEXT_H

#include "capstan/Analysis/CurrentDevice.h"

namespace capstan {

/// Regions of a device: one that changes nothing is its body, neighbours become
/// one, a loop moves into the region that is all of it, a region moves to the
/// branch that needs it. DeviceRegions.cpp.
unsigned simplifyDeviceRegions(mlir::ModuleOp module, Semantics &semantics,
                               CurrentDevice &devices);

struct QueryCounts {
  unsigned removed = 0, hoisted = 0, folded = 0;
};
/// Questions about devices: equal ones become one, outside of loops.
/// CapabilityQueries.cpp.
QueryCounts mergeCapabilityQueries(mlir::ModuleOp module, Semantics &semantics,
                                   CurrentDevice &devices);
/// Answers them for a chip, and takes the branches on the answers.
mlir::FailureOr<unsigned> foldCapabilities(mlir::ModuleOp module,
                                           llvm::StringRef chip);

} // namespace capstan

#endif // CAPSTAN_TRANSFORMS_DEVICECONTEXT_H
