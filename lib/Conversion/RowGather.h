//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Linalg operations that read rows of a tensor at places that other tensors
// give, as an embedding does.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_LIB_CONVERSION_ROWGATHER_H
#define CAPSTAN_LIB_CONVERSION_ROWGATHER_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace capstan {

/// Whether the elements of the innermost loop are those of rows that the outer
/// loops choose, besides arithmetic. Checks must be the same for a row.
bool gathersRows(mlir::linalg::GenericOp op);

/// Makes the rows that are read operands, and what the outer loops compute
/// scalars. All loops but the innermost have one iteration, and gathersRows
/// holds.
void takeRows(mlir::RewriterBase &rewriter, mlir::linalg::GenericOp op);

} // namespace capstan

#endif // CAPSTAN_LIB_CONVERSION_ROWGATHER_H
