//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What is done with a value element by element, if that is all that is done.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_ANALYSIS_ROUNDING_H
#define CAPSTAN_ANALYSIS_ROUNDING_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace capstan {

/// The only user of a tensor, if that is elementwise with one result: operands
/// have a loop for each dimension, in order.
mlir::linalg::GenericOp elementwiseUser(mlir::Value value);

/// The only user of a tensor, if all it does is rounding to a narrower type.
mlir::linalg::GenericOp roundingUser(mlir::Value value);

/// Whether the body only adds its two inputs; f16 and bf16 in f32.
bool addsInputs(mlir::linalg::GenericOp op);

/// The only user of a tensor, if it adds a vector along the last dimension, and
/// maybe rounds the sums.
mlir::linalg::GenericOp biasUser(mlir::Value value, mlir::Value &bias);

} // namespace capstan

#endif // CAPSTAN_ANALYSIS_ROUNDING_H
