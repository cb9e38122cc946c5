//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Attention over packed documents by its definition, for tests to compare with.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_TEST_ATTENTIONPROBLEM_H
#define CAPSTAN_RT_TEST_ATTENTIONPROBLEM_H

#include "Support.h"

#include <cmath>

namespace capstan::rt::test {

/// A problem, and its answer by the definition.
template <typename T> struct Problem {
  capstan_rt_attention_desc d = {};
  std::vector<int32_t> lengthsQ, lengthsK;
  std::vector<T> q, k, v;

  Problem(std::vector<int32_t> queries, std::vector<int32_t> keys,
          int64_t headsQ, int64_t headsK, int64_t dim, int64_t dimV) {
    d.size = sizeof(d);
    d.dtype = rtDtypeOf<T>();
    d.documents = queries.size();
    d.heads_q = headsQ, d.heads_k = headsK, d.head_dim = dim,
    d.head_dim_v = dimV;
    d.scale = 1 / std::sqrt(double(dim));
    d.window_left = d.window_right = -1;
    d.location = "attention.mlir:1:1";
    lengthsQ = sums(queries, d.max_q), lengthsK = sums(keys, d.max_k);
    d.tokens_q = lengthsQ.back(), d.tokens_k = lengthsK.back();
    q = randomValues<T>(d.tokens_q * headsQ * dim, 1, /*limit=*/2);
    k = randomValues<T>(d.tokens_k * headsK * dim, 2, /*limit=*/2);
    v = randomValues<T>(d.tokens_k * headsK * dimV, 3, /*limit=*/2);
  }

  static std::vector<int32_t> sums(const std::vector<int32_t> &lengths,
                                   int64_t &longest) {
    std::vector<int32_t> result = {0};
    for (int32_t length : lengths) {
      result.push_back(result.back() + length);
      longest = std::max<int64_t>(longest, length);
    }
    return result;
  }
  bool sees(int64_t i, int64_t j, int64_t queries, int64_t keys) const {
    int64_t diagonal = i + keys - queries;
    return (!d.causal || j <= diagonal) &&
           (d.window_left < 0 || j >= diagonal - d.window_left) &&
           (d.window_right < 0 || j <= diagonal + d.window_right);
  }
  void solve(std::vector<double> &out, std::vector<double> &lse) const;
};

template <typename T>
void Problem<T>::solve(std::vector<double> &out,
                       std::vector<double> &lse) const {
  out.assign(d.tokens_q * d.heads_q * d.head_dim_v, 0);
  lse.assign(d.heads_q * d.tokens_q, -INFINITY);
  for (int64_t doc = 0; doc < d.documents; ++doc)
    for (int64_t h = 0; h < d.heads_q; ++h) {
      int64_t hk = h / (d.heads_q / d.heads_k);
      int64_t q0 = lengthsQ[doc], k0 = lengthsK[doc];
      int64_t queries = lengthsQ[doc + 1] - q0, keys = lengthsK[doc + 1] - k0;
      for (int64_t i = 0; i < queries; ++i) {
        double total = 0;
        std::vector<double> weights(keys);
        for (int64_t j = 0; j < keys; ++j) {
          double score = 0;
          for (int64_t x = 0; x < d.head_dim; ++x)
            score += double(q[((q0 + i) * d.heads_q + h) * d.head_dim + x]) *
                     double(k[((k0 + j) * d.heads_k + hk) * d.head_dim + x]);
          weights[j] =
              sees(i, j, queries, keys) ? std::exp(score * d.scale) : 0;
          total += weights[j];
        }
        if (total == 0)
          continue;
        lse[h * d.tokens_q + q0 + i] = std::log(total);
        for (int64_t j = 0; j < keys; ++j)
          for (int64_t x = 0; x < d.head_dim_v; ++x)
            out[((q0 + i) * d.heads_q + h) * d.head_dim_v + x] +=
                weights[j] / total *
                double(v[((k0 + j) * d.heads_k + hk) * d.head_dim_v + x]);
      }
    }
}

} // namespace capstan::rt::test

#endif // CAPSTAN_RT_TEST_ATTENTIONPROBLEM_H
