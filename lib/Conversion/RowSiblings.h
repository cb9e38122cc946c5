//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Rows that are computed of the same rows.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_LIB_CONVERSION_ROWSIBLINGS_H
#define CAPSTAN_LIB_CONVERSION_ROWSIBLINGS_H

#include "mlir/IR/PatternMatch.h"

namespace capstan {

/// Makes arithmetic on the same rows one operation with several results, as
/// cosines and sines of the same angles, unless a result's readers may join it.
void joinSiblings(mlir::RewriterBase &rewriter, mlir::Operation *root);

} // namespace capstan

#endif // CAPSTAN_LIB_CONVERSION_ROWSIBLINGS_H
