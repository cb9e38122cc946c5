//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Device code that uses host values, made to read them from the device.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TRANSFORMS_DEVICEOPERANDS_H
#define CAPSTAN_TRANSFORMS_DEVICEOPERANDS_H

#include "capstan/Transforms/DeviceConditions.h"

namespace capstan {

/// Kernels that use what host arithmetic computes from one sync: what the sync
/// reads becomes an operand, and the arithmetic part of the body.
class DeviceOperands : SyncSlice {
public:
  using SyncSlice::SyncSlice;

  /// The operation of host code that is, or holds, the user of a host scalar
  /// and may take a tensor instead: a structured operation on tensors, or one
  /// that fills a tensor. Else null.
  static mlir::Operation *kernelOf(Semantics &semantics, mlir::OpOperand &use);

  bool canRewrite(mlir::Operation *kernel);
  void rewrite(mlir::Operation *kernel);

private:
  llvm::SmallVector<mlir::Value> uses(mlir::Operation *kernel);
};

} // namespace capstan

#endif // CAPSTAN_TRANSFORMS_DEVICEOPERANDS_H
