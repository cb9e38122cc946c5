//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What the host computes from a sync, and checks of that, on the device.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TRANSFORMS_DEVICECONDITIONS_H
#define CAPSTAN_TRANSFORMS_DEVICECONDITIONS_H

#include "capstan/Interfaces/Semantics.h"
#include "llvm/ADT/DenseSet.h"

namespace capstan {

/// What host arithmetic computes from one sync.
class SyncSlice {
public:
  /// `dependent` are all host values that depend on `sync`.
  SyncSlice(Semantics &semantics, mlir::Operation *sync,
            const llvm::DenseSet<mlir::Value> &dependent)
      : semantics(semantics), sync(sync), dependent(dependent) {}

  /// Finds what is between the sync and `values`; false if a branch hands one
  /// out, which has no computation to repeat.
  bool collect(llvm::ArrayRef<mlir::Value> values);
  /// In order.
  llvm::ArrayRef<mlir::Operation *> operations() const { return ops; }
  /// Results of the sync that the values depend on.
  llvm::ArrayRef<mlir::Value> results() const { return leaves; }

  /// The tensor that `result` of the sync is read from, if the host has the
  /// value as the device does; else null.
  mlir::Value source(mlir::Value result);
  /// That value as a tensor of rank 0.
  mlir::Value buildSource(mlir::OpBuilder &b, mlir::Value result);

protected:
  Semantics &semantics;
  mlir::Operation *sync;
  const llvm::DenseSet<mlir::Value> &dependent;
  llvm::SmallVector<mlir::Operation *> ops;
  llvm::SmallVector<mlir::Value> leaves;
};

/// The condition of a check that host arithmetic computes from one sync, as the
/// same computation on the device.
class DeviceCondition : SyncSlice {
public:
  using SyncSlice::SyncSlice;

  bool canBuild(mlir::Value condition);
  mlir::Value build(mlir::OpBuilder &b, mlir::Value condition);

private:
  bool isForeignBuildable();
};

/// What a check reports.
llvm::StringRef checkMessage(mlir::Operation *check);

} // namespace capstan

#endif // CAPSTAN_TRANSFORMS_DEVICECONDITIONS_H
