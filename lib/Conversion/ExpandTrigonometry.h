//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Sine and cosine of f32 as arithmetic, for devices without a C library.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_CONVERSION_EXPANDTRIGONOMETRY_H
#define CAPSTAN_CONVERSION_EXPANDTRIGONOMETRY_H

#include "mlir/IR/PatternMatch.h"

namespace capstan {

/// `math.sin` and `math.cos` of f32 scalars become arithmetic of f64 and f32.
/// Error: within 1.6 units in the last place, measured for |x| <= 1e6, which is
/// more than positions have. The reduction of x is good to 2^53; beyond, the
/// result is some number. NaN and infinities give NaN.
void populateTrigonometryPatterns(mlir::RewritePatternSet &patterns);

} // namespace capstan

#endif // CAPSTAN_CONVERSION_EXPANDTRIGONOMETRY_H
