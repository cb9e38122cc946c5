//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Interfaces/PaddingOpInterface.h"

using namespace capstan;

#include "capstan/Interfaces/PaddingOpInterface.cpp.inc"

void DimLayout::append(Factor factor) {
  if (factor.padded == 1 && factor.isStatic())
    return;
  if (!factors.empty() && factor.isStatic()) {
    auto live = factors.back().live.times(factor.live);
    int64_t padded;
    if (live && !__builtin_mul_overflow(factors.back().padded, factor.padded,
                                        &padded)) {
      factors.back() = {*live, padded};
      return;
    }
  }
  factors.push_back(factor);
}

int64_t DimLayout::padded() const {
  int64_t product = 1;
  for (const Factor &factor : factors)
    if (__builtin_mul_overflow(product, factor.padded, &product))
      return std::numeric_limits<int64_t>::max();
  return product;
}

std::optional<SizeExpr> DimLayout::live() const {
  std::optional<SizeExpr> product = SizeExpr(1);
  for (const Factor &factor : factors)
    product = product ? product->times(factor.live) : product;
  return product;
}

bool DimLayout::hasPadding() const {
  return llvm::any_of(factors, [](const Factor &f) { return !f.isStatic(); });
}

std::optional<llvm::SmallVector<DimLayout>>
capstan::reshapeLayouts(llvm::ArrayRef<DimLayout> from,
                        llvm::ArrayRef<SizeExpr> sizes) {
  llvm::SmallVector<DimLayout::Factor> row; // what is left, innermost first
  for (const DimLayout &layout : llvm::reverse(from))
    for (const DimLayout::Factor &factor : llvm::reverse(layout.getFactors()))
      row.push_back(factor);
  llvm::SmallVector<DimLayout> result;
  for (const SizeExpr &size : sizes) {
    DimLayout layout;
    SizeExpr rest = size;
    while (!rest.isConstant(1)) {
      if (row.empty())
        return std::nullopt;
      DimLayout::Factor factor = row.pop_back_val();
      if (auto more = rest.dividedBy(factor.live)) {
        layout.append(factor);
        rest = *more;
        continue;
      }
      // The outer part of the factor, if what is left of it is whole.
      auto inner = factor.live.dividedBy(rest);
      auto count = inner ? inner->constant() : std::nullopt;
      if (!count || *count <= 0 || factor.padded % *count != 0)
        return std::nullopt;
      layout.append({rest, factor.padded / *count});
      row.push_back({*count, *count});
      rest = 1;
    }
    result.push_back(layout);
  }
  if (!row.empty())
    return std::nullopt;
  return result;
}
