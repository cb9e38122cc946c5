//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_DIALECT_CAPSTAN_H
#define CAPSTAN_DIALECT_CAPSTAN_H

#include "capstan/Interfaces/BoundOperandOpInterface.h"
#include "capstan/Interfaces/HostSyncOpInterface.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "capstan/Dialect/CapstanDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "capstan/Dialect/CapstanAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "capstan/Dialect/CapstanTypes.h.inc"

namespace capstan {

/// The resource that host syncs read: keeps upstream passes from hoisting them
/// out of regions that may not run, and lets them erase unused ones.
struct HostSyncResource
    : public mlir::SideEffects::Resource::Base<HostSyncResource> {
  llvm::StringRef getName() final { return "HostSync"; }
};

/// Whether `type` is a tensor with encoding, or a memref with memory space,
/// `#capstan.host`.
bool isHostType(mlir::Type type);

/// Whether `type` is a builtin tensor or memref that lives on the device.
bool isDeviceType(mlir::Type type);

/// An argument of a function whose values are the same in all calls.
constexpr const char *kFrozenAttr = "capstan.frozen";
/// How callers know an argument or a result.
constexpr const char *kNameAttr = "capstan.name";

/// Whether elements of the last dimension are known to follow each other.
bool hasContiguousRows(mlir::MemRefType type);
/// Whether all but the first dimension is contiguous: elements of the first may
/// be apart.
bool hasContiguousTokens(mlir::MemRefType type);

} // namespace capstan

#define GET_OP_CLASSES
#include "capstan/Dialect/CapstanOps.h.inc"

#endif // CAPSTAN_DIALECT_CAPSTAN_H
