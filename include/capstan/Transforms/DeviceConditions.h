//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Checks of host values, done on the device instead.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TRANSFORMS_DEVICECONDITIONS_H
#define CAPSTAN_TRANSFORMS_DEVICECONDITIONS_H

#include "capstan/Interfaces/Semantics.h"
#include "llvm/ADT/DenseSet.h"

namespace capstan {

/// The condition of a check that host arithmetic computes from one sync, as the
/// same computation on the device.
class DeviceCondition {
public:
  /// `dependent` are all host values that depend on `sync`.
  DeviceCondition(Semantics &semantics, mlir::Operation *sync,
                  const llvm::DenseSet<mlir::Value> &dependent)
      : semantics(semantics), sync(sync), dependent(dependent) {}

  bool canBuild(mlir::Value condition);
  mlir::Value build(mlir::OpBuilder &b, mlir::Value condition);

private:
  /// Ops between the sync and the condition, in order.
  bool collect(mlir::Value condition);
  mlir::Value source(mlir::Value result);
  bool isForeignBuildable();

  Semantics &semantics;
  mlir::Operation *sync;
  const llvm::DenseSet<mlir::Value> &dependent;
  llvm::SmallVector<mlir::Operation *> ops;
  /// Results of the sync that the condition depends on.
  llvm::SmallVector<mlir::Value> leaves;
};

/// What a check reports.
llvm::StringRef checkMessage(mlir::Operation *check);

} // namespace capstan

#endif // CAPSTAN_TRANSFORMS_DEVICECONDITIONS_H
