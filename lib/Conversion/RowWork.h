//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What can be computed row by row.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_LIB_CONVERSION_ROWWORK_H
#define CAPSTAN_LIB_CONVERSION_ROWWORK_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace capstan {

/// A part of each row, or rows side by side, at places that 16-byte accesses
/// can do.
bool isPart(mlir::Operation *op);

/// The end of a chain: rows are computed of rows.
bool isRowWork(mlir::linalg::GenericOp op);

/// Elements that the threads of a row have at a time, or 0: they have registers
/// for the whole row. In a part of a row nothing of another part can be summed.
int64_t partOfRow(mlir::linalg::GenericOp anchor);

/// Computes rows or parts of them, or a number for each row.
bool mayJoin(mlir::Operation *producer, mlir::linalg::GenericOp anchor);

/// Whether each row of the reader reads another row or number, so that none is
/// computed more than once.
bool readsOwnRows(mlir::OpOperand &use, unsigned rows);

} // namespace capstan

#endif // CAPSTAN_LIB_CONVERSION_ROWWORK_H
