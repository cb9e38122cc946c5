//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Operations for graphs and buckets; few files need them.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_DIALECT_GRAPHOPS_H
#define CAPSTAN_DIALECT_GRAPHOPS_H

#include "capstan/Dialect/Capstan.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

#include "capstan/Dialect/GraphEnums.h.inc"

namespace capstan {
/// What counting writes: nothing that a program can see.
struct CounterResource
    : public mlir::SideEffects::Resource::Base<CounterResource> {
  llvm::StringRef getName() final { return "Counter"; }
};
class WithDeviceOp; // another holder of capstan.yield: DeviceContextOps.h

/// Whether a row-major buffer holds the first elements of one of static size.
bool isPrefixOf(mlir::MemRefType part, mlir::MemRefType whole);
} // namespace capstan

#define GET_OP_CLASSES
#include "capstan/Dialect/GraphOps.h.inc"

#endif // CAPSTAN_DIALECT_GRAPHOPS_H
