//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Vectors of rows in loops over them.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_LIB_CONVERSION_VECTORIZEROWS_H
#define CAPSTAN_LIB_CONVERSION_VECTORIZEROWS_H

#include "mlir/IR/Operation.h"

namespace capstan {

/// Makes linalg operations and concatenations in the loops over rows in `root`
/// operations on vectors, with upstream's patterns.
mlir::LogicalResult vectorizeRows(mlir::Operation *root);

} // namespace capstan

#endif // CAPSTAN_LIB_CONVERSION_VECTORIZEROWS_H
