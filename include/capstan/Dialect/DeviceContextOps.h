//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Operations for the current device and for what devices can do; few files need
// them.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_DIALECT_DEVICECONTEXTOPS_H
#define CAPSTAN_DIALECT_DEVICECONTEXTOPS_H

#include "capstan/Dialect/Capstan.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

#include "capstan/Dialect/DeviceContextEnums.h.inc"

namespace capstan {
/// The current device of the thread.
struct CurrentDeviceResource
    : public mlir::SideEffects::Resource::Base<CurrentDeviceResource> {
  llvm::StringRef getName() final { return "CurrentDevice"; }
};

/// The chip that capabilities were folded for: an attribute of the module, such
/// as "sm_90". The runtime loads it only where all devices are that chip.
constexpr const char *kChipAttr = "capstan.chip";

/// "sm_90" from "sm_90a"; empty if it is no chip.
std::string chipName(llvm::StringRef chip);
/// What every device of that chip answers; nullopt where they differ, or it
/// isn't known.
std::optional<int64_t> capabilityOf(llvm::StringRef chip, Capability name);
} // namespace capstan

#define GET_OP_CLASSES
#include "capstan/Dialect/DeviceContextOps.h.inc"

#endif // CAPSTAN_DIALECT_DEVICECONTEXTOPS_H
