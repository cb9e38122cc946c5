//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What arguments say about their sizes: `capstan.dims` and `capstan.lengths`.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_DIALECT_DIMS_H
#define CAPSTAN_DIALECT_DIMS_H

#include "capstan/Dialect/Capstan.h"
#include "capstan/Interfaces/SizeExpr.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace capstan {

/// Names of attributes of arguments and results.
constexpr const char *kDimsAttr = "capstan.dims";
constexpr const char *kLengthsAttr = "capstan.lengths";
/// Of host integers: the symbol that the argument is.
constexpr const char *kSizeAttr = "capstan.size";
/// Of padded arguments and results: the live part of each dimension.
constexpr const char *kLiveAttr = "capstan.live";
/// Of an argument: the symbol whose live extent it is.
constexpr const char *kExtentAttr = "capstan.extent";
/// Of a padded function: its sizes, and the original.
constexpr const char *kBucketAttr = "capstan.bucket";
constexpr const char *kBucketOfAttr = "capstan.bucket_of";
/// Of a padded function that is a part of the original: the function that takes
/// the original's arguments and the live part of its results, and returns what
/// the original does.
constexpr const char *kRestAttr = "capstan.rest";

/// Adds to `symbols` the dim symbols that the arguments of `function` declare.
void declareDimSymbols(mlir::FunctionOpInterface function,
                       SizeSymbols &symbols);
/// The size that entry `i` of a verified `capstan.dims` gives; none if it says
/// nothing.
std::optional<SizeExpr> declaredSize(mlir::ArrayAttr dims, unsigned i,
                                     SizeSymbols &symbols, mlir::Location loc);

} // namespace capstan

#endif // CAPSTAN_DIALECT_DIMS_H
