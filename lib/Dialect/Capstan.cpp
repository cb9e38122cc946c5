//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/Capstan.h"
#include "capstan/Dialect/DeviceContextOps.h"
#include "capstan/Dialect/GraphOps.h"
#include "capstan/Interfaces/BoundOperandOpInterface.h"
#include "capstan/Interfaces/CaptureSafeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace capstan;

#include "capstan/Dialect/CapstanDialect.cpp.inc"
#include "capstan/Interfaces/BoundOperandOpInterface.cpp.inc"
#include "capstan/Interfaces/CaptureSafeOpInterface.cpp.inc"
#include "capstan/Interfaces/HostSyncOpInterface.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "capstan/Dialect/CapstanAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "capstan/Dialect/CapstanTypes.cpp.inc"

void CapstanDialect::registerAttrs() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "capstan/Dialect/CapstanAttrs.cpp.inc"
      >();
}

void CapstanDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "capstan/Dialect/CapstanTypes.cpp.inc"
      >();
}

namespace capstan {
void registerModelsInterface(CapstanDialect *dialect);
} // namespace capstan

void CapstanDialect::initialize() {
  registerAttrs();
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "capstan/Dialect/CapstanOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "capstan/Dialect/GraphOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "capstan/Dialect/DeviceContextOps.cpp.inc"
      >();
  registerModelsInterface(this);
}

Operation *CapstanDialect::materializeConstant(OpBuilder &builder,
                                               Attribute value, Type type,
                                               Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

bool capstan::isHostType(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return isa_and_nonnull<HostAttr>(tensor.getEncoding());
  if (auto memref = dyn_cast<BaseMemRefType>(type))
    return isa_and_nonnull<HostAttr>(memref.getMemorySpace());
  return false;
}

bool capstan::hasContiguousRows(MemRefType type) {
  return type.isLastDimUnitStride() ||
         (type.getRank() > 0 && type.getShape().back() == 1);
}

bool capstan::hasContiguousTokens(MemRefType type) {
  return type.getRank() > 0 &&
         type.getNumContiguousTrailingDims() >= type.getRank() - 1;
}

bool capstan::isDeviceType(Type type) {
  return isa<TensorType, BaseMemRefType>(type) && !isHostType(type);
}
