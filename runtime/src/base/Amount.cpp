//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/Amount.h"
#include "base/Dtype.h"
#include "base/Error.h"

#include <algorithm>

using namespace capstan::rt;

Amount capstan::rt::amountOf(const capstan_rt_gemm_desc &d) {
  auto product = [](auto... sizes) { return (double(sizes) * ...); };
  double size = double(bytesOf(d.dtype)), sizeC = double(bytesOf(resultOf(d)));
  // A stride of 0 repeats the matrix.
  auto matrices = [&](int64_t stride) { return stride ? d.batch : 1; };
  Amount amount;
  amount.flops = 2 * product(d.batch, d.m, d.n, d.k);
  amount.bytes = size * product(matrices(d.stride_a), d.m, d.k) +
                 size * product(matrices(d.stride_b), d.k, d.n) +
                 sizeC * product(d.batch, d.m, d.n) * (d.accumulate ? 2 : 1);
  amount.dtype = d.dtype;
  auto n = [](int64_t value) { return static_cast<long long>(value); };
  amount.what = format("%lldx%lldx%lld %s", n(d.m), n(d.n), n(d.k),
                       nameOf(d.dtype).c_str());
  if (d.batch != 1)
    amount.what = format("%lld of %s", n(d.batch), amount.what.c_str());
  return amount;
}

/// Pairs of a query and a key that it attends to, in one document.
static double pairsOf(const capstan_rt_attention_desc &d, int64_t queries,
                      int64_t keys) {
  double pairs = 0;
  for (int64_t i = 0; i < queries; ++i) {
    int64_t diagonal = i + keys - queries, first = 0, last = keys - 1;
    if (d.causal)
      last = std::min(last, diagonal);
    if (d.window_right >= 0)
      last = std::min(last, diagonal + d.window_right);
    if (d.window_left >= 0)
      first = std::max(first, diagonal - d.window_left);
    pairs += double(std::max<int64_t>(0, last - first + 1));
  }
  return pairs;
}

Amount capstan::rt::amountOf(const capstan_rt_attention_desc &d,
                             const int32_t *cuSeqlensQ,
                             const int32_t *cuSeqlensK) {
  double pairs = 0;
  // Bad ones are another's to report.
  for (int64_t i = 0; i < d.documents; ++i)
    pairs += pairsOf(
        d, std::min(int64_t(cuSeqlensQ[i + 1]) - cuSeqlensQ[i], d.tokens_q),
        std::min(int64_t(cuSeqlensK[i + 1]) - cuSeqlensK[i], d.tokens_k));
  double queries = cuSeqlensQ[d.documents], keys = cuSeqlensK[d.documents];
  double width = double(d.head_dim + d.head_dim_v);
  Amount amount;
  amount.flops = 2 * pairs * double(d.heads_q) * width;
  amount.bytes = double(bytesOf(d.dtype)) * width *
                 (queries * double(d.heads_q) + keys * double(d.heads_k));
  amount.dtype = d.dtype;
  amount.what =
      format("%lld heads of %lld %s", static_cast<long long>(d.heads_q),
             static_cast<long long>(d.head_dim), nameOf(d.dtype).c_str());
  return amount;
}

Amount capstan::rt::amountOfCopy(int64_t bytes) {
  Amount amount;
  amount.bytes = 2 * double(bytes);
  return amount;
}
