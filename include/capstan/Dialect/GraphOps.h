//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Operations for graphs; few files need them.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_DIALECT_GRAPHOPS_H
#define CAPSTAN_DIALECT_GRAPHOPS_H

#include "capstan/Dialect/Capstan.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

#define GET_OP_CLASSES
#include "capstan/Dialect/GraphOps.h.inc"

#endif // CAPSTAN_DIALECT_GRAPHOPS_H
