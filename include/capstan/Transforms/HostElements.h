//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Elements of device tensors that no data has a part in.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TRANSFORMS_HOSTELEMENTS_H
#define CAPSTAN_TRANSFORMS_HOSTELEMENTS_H

#include "capstan/Interfaces/Semantics.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace capstan {

/// Computes elements on the host: of constants, of tensors filled with host
/// values, of kernels that compute from such tensors, host values and indices,
/// and sums of one number over dimensions.
class HostElements {
public:
  /// Values are to stand before `place`.
  HostElements(Semantics &semantics, mlir::Operation *place);

  /// The element of `tensor` at `indices`, or null. A null index: any.
  mlir::Value build(mlir::Value tensor, llvm::ArrayRef<mlir::Value> indices);
  mlir::Value constant(int64_t value);
  /// Puts what was built and is used before `place`; without this nothing
  /// stays.
  void commit();

private:
  struct Body;
  mlir::Value result(mlir::linalg::LinalgOp op, unsigned number,
                     llvm::ArrayRef<mlir::Value> indices);
  mlir::Value inBody(Body &body, mlir::Value value);
  mlir::OpFoldResult sizeOf(mlir::Value tensor, int64_t dim);
  mlir::Value sum(Body &body, mlir::Value init);

  Semantics &semantics;
  mlir::Operation *place;
  mlir::Block block;
  mlir::OpBuilder b;
  /// Operations that are still looked at.
  unsigned budget = 64;
};

} // namespace capstan

#endif // CAPSTAN_TRANSFORMS_HOSTELEMENTS_H
