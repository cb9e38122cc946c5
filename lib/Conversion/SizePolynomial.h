//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Sums of products of symbols. All arithmetic wraps, as that of `index` does.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_CONVERSION_SIZEPOLYNOMIAL_H
#define CAPSTAN_CONVERSION_SIZEPOLYNOMIAL_H

#include "llvm/ADT/STLExtras.h"
#include <cstdint>
#include <map>
#include <vector>

namespace capstan {

/// Coefficients of sorted lists of symbols; none is zero.
class Size {
public:
  using Product = std::vector<unsigned>;

  Size() = default;
  explicit Size(int64_t constant) { add({}, constant); }
  static Size symbol(unsigned number) {
    Size result;
    result.add({number}, 1);
    return result;
  }

  const std::map<Product, int64_t> &terms() const { return sum; }
  bool operator==(const Size &other) const { return sum == other.sum; }
  bool operator<(const Size &other) const { return sum < other.sum; }

  Size plus(const Size &other, int64_t factor = 1) const {
    Size result(*this);
    for (auto &[product, c] : other.sum)
      result.add(product, wrappingProduct(c, factor));
    return result;
  }

  Size times(const Size &other) const {
    Size result;
    for (auto &[x, cx] : sum)
      for (auto &[y, cy] : other.sum) {
        Product product(x);
        product.insert(product.end(), y.begin(), y.end());
        llvm::sort(product);
        result.add(product, wrappingProduct(cx, cy));
      }
    return result;
  }

private:
  static int64_t wrappingProduct(int64_t x, int64_t y) {
    return static_cast<int64_t>(static_cast<uint64_t>(x) * y);
  }

  void add(const Product &product, int64_t c) {
    int64_t &total = sum[product];
    total = static_cast<int64_t>(static_cast<uint64_t>(total) + c);
    if (total == 0)
      sum.erase(product);
  }

  std::map<Product, int64_t> sum;
};

} // namespace capstan

#endif // CAPSTAN_CONVERSION_SIZEPOLYNOMIAL_H
