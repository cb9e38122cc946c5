//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Functions of f32 as arithmetic, for devices without a C library.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_CONVERSION_EXPANDFUNCTIONS_H
#define CAPSTAN_CONVERSION_EXPANDFUNCTIONS_H

#include "mlir/IR/PatternMatch.h"

namespace capstan {

/// `math.sin` and `math.cos` of f32 become arithmetic of f64 and f32.
/// Error: within 1.6 units in the last place, measured for |x| <= 1e6, which is
/// more than positions have. The reduction of x is good to 2^53; beyond, the
/// result is some number. NaN and infinities give NaN.
///
/// `math.exp` of f32 becomes a `math.exp2` that may be approximate (`afn`), of
/// numbers in [-0.5, 1] unless the result over- or underflows. Error: that of
/// the `math.exp2`, and at most 0.5 units in the last place. Results are
/// infinite, subnormal and zero where they should be.
void populateFunctionPatterns(mlir::RewritePatternSet &patterns);

/// Conversions from and to f8E4M3FN become arithmetic on bits: neither LLVM nor
/// a host has the type.
void populateFloat8Patterns(mlir::RewritePatternSet &patterns);

} // namespace capstan

#endif // CAPSTAN_CONVERSION_EXPANDFUNCTIONS_H
