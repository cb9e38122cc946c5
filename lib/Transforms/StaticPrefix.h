//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// A function in two parts: what clones with static shapes can compute, and the
// rest of it, on dynamic shapes.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_LIB_TRANSFORMS_STATICPREFIX_H
#define CAPSTAN_LIB_TRANSFORMS_STATICPREFIX_H

#include "PaddedFunction.h"

namespace capstan {

struct SplitFunction {
  StaticPart part;
  /// Takes the arguments of the function and the results of the part; null if
  /// the part is all of the function.
  mlir::func::FuncOp rest;
};

/// Splits `function` at the first operation that can't be padded in one of
/// `buckets`, or earlier, where all that the rest needs can be trimmed by the
/// host. The function stays as it is. Failure after an error.
mlir::FailureOr<SplitFunction> splitFunction(mlir::func::FuncOp function,
                                             llvm::ArrayRef<Bucket> buckets,
                                             bool poison);

} // namespace capstan

#endif // CAPSTAN_LIB_TRANSFORMS_STATICPREFIX_H
