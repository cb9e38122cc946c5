//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_INTERFACES_HOSTSYNCOPINTERFACE_H
#define CAPSTAN_INTERFACES_HOSTSYNCOPINTERFACE_H

#include "mlir/IR/OpDefinition.h"

#include "capstan/Interfaces/HostSyncOpInterface.h.inc"

#endif // CAPSTAN_INTERFACES_HOSTSYNCOPINTERFACE_H
