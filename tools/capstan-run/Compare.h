//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// How far the outputs of two runs are apart.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TOOLS_RUN_COMPARE_H
#define CAPSTAN_TOOLS_RUN_COMPARE_H

#include "Tensor.h"

namespace capstan::run {

struct Difference {
  /// Bit for bit the same.
  bool equal = false;
  /// The norm of the difference over the norm of the reference; infinite where
  /// only one of the two is not a number, or the reference is zero.
  double norm = 0;
  /// The largest difference of two elements over the reference's largest.
  double largest = 0;
};

/// An error if types or shapes differ.
llvm::Expected<Difference> compare(llvm::StringRef name, const Tensor &tensor,
                                   const Tensor &reference);

} // namespace capstan::run

#endif // CAPSTAN_TOOLS_RUN_COMPARE_H
