//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Compare.h"
#include "Files.h"
#include <cmath>
#include <cstring>
#include <limits>

using namespace capstan::run;

static double quotient(double difference, double reference) {
  if (difference == 0)
    return 0;
  return reference == 0 ? std::numeric_limits<double>::infinity()
                        : difference / reference;
}

llvm::Expected<Difference> capstan::run::compare(llvm::StringRef name,
                                                 const Tensor &tensor,
                                                 const Tensor &reference) {
  // A .npz holds bf16 and FP8 as f32.
  if (tensor.dtype.code != kFloat && isFloat(tensor.dtype) &&
      reference.dtype.bits == 32) {
    auto wide = widen(tensor);
    return wide ? compare(name, *wide, reference) : wide.takeError();
  }
  if (!(tensor.dtype == reference.dtype) || tensor.shape != reference.shape)
    return error("output '%s': %s here, %s there", name.str().c_str(),
                 describe(tensor.dtype, tensor.shape).c_str(),
                 describe(reference.dtype, reference.shape).c_str());
  Difference result;
  result.equal = std::memcmp(tensor.data, reference.data, tensor.bytes()) == 0;
  if (result.equal)
    return result;
  double squares = 0, all = 0, largest = 0, most = 0;
  for (int64_t i = 0, e = tensor.elements(); i < e; ++i) {
    double x = elementOf(tensor, i), y = elementOf(reference, i);
    if (x == y || (std::isnan(x) && std::isnan(y))) {
      all += std::isfinite(y) ? y * y : 0;
      most = std::isfinite(y) ? std::max(most, std::abs(y)) : most;
      continue;
    }
    double d = std::abs(x - y);
    if (!std::isfinite(d)) {
      result.norm = result.largest = std::numeric_limits<double>::infinity();
      return result;
    }
    squares += d * d;
    all += y * y;
    largest = std::max(largest, d);
    most = std::max(most, std::abs(y));
  }
  result.norm = quotient(std::sqrt(squares), std::sqrt(all));
  result.largest = quotient(largest, most);
  return result;
}
