//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// One block of queries: scores of a block of keys at a time, with a softmax
// that is corrected as larger scores come (Milakov and Gimelshein, 2018).
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_HOST_ATTENTIONBLOCK_H
#define CAPSTAN_RT_HOST_ATTENTIONBLOCK_H

#include "base/Backend.h"
#include "host/Blas.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

namespace capstan::rt {

/// Queries [query, query + size) of a head of a document.
struct AttentionBlock {
  static constexpr int64_t size = 64;
  int64_t firstQ, queries, firstK, keys;
  int64_t head, query;
};

/// Computes blocks of elements T, in f64 for f64 and in f32 for all others.
template <typename T> class AttentionScratch {
  using Real = std::conditional_t<std::is_same_v<T, double>, double, float>;
  static constexpr bool converts = !std::is_same_v<T, Real>;
  static constexpr int64_t keyBlock = 256;
  static constexpr Real lowest = -std::numeric_limits<Real>::infinity();

public:
  AttentionScratch(const Blas &blas, const capstan_rt_attention_desc &desc,
                   const AttentionArguments &tensors)
      : blas(blas), d(desc), t(tensors),
        scores(AttentionBlock::size * keyBlock),
        sums(AttentionBlock::size * desc.head_dim_v),
        largest(AttentionBlock::size), total(AttentionBlock::size) {}

  void run(const AttentionBlock &block);

private:
  struct Range {
    int64_t begin, end;
  };
  /// The keys that query `i` of the document attends to.
  Range keysOf(const AttentionBlock &block, int64_t i) const {
    int64_t diagonal = i + block.keys - block.queries;
    int64_t begin = 0, end = block.keys;
    if (d.causal)
      end = std::min(end, diagonal + 1);
    if (d.window_left >= 0)
      begin = std::max(begin, diagonal - d.window_left);
    if (d.window_right >= 0)
      end = std::min(end, diagonal + d.window_right + 1);
    return {begin, std::max(begin, end)};
  }
  /// Rows of a head as Real, with the elements from one to the next.
  /// \param[in,out] stride   from one token to the next; in what is returned
  const Real *rows(const void *tensor, int64_t first, int64_t count,
                   int64_t head, int64_t dim, std::vector<Real> &copy,
                   int64_t &stride) const;
  void addKeys(const AttentionBlock &block, int64_t rowsQ, Range keys,
               const Real *q, int64_t strideQ);
  Real addRow(Real *row, Range seen, int64_t width, int64_t i);
  void store(const AttentionBlock &block, int64_t rowsQ);

  const Blas &blas;
  const capstan_rt_attention_desc &d;
  const AttentionArguments &t;
  std::vector<Real> scores, sums, largest, total;
  std::vector<Real> copyQ, copyK, copyV;
};

template <typename T>
auto AttentionScratch<T>::rows(const void *tensor, int64_t first, int64_t count,
                               int64_t head, int64_t dim,
                               std::vector<Real> &copy, int64_t &stride) const
    -> const Real * {
  const T *from = static_cast<const T *>(tensor) + first * stride + head * dim;
  if constexpr (!converts) {
    return from;
  } else {
    copy.resize(count * dim);
    for (int64_t i = 0; i < count; ++i)
      for (int64_t j = 0; j < dim; ++j)
        copy[i * dim + j] = Real(from[i * stride + j]);
    stride = dim;
    return copy.data();
  }
}

/// Turns a row of scores into weights. Returns what earlier sums are worth now.
template <typename T>
auto AttentionScratch<T>::addRow(Real *row, Range seen, int64_t width,
                                 int64_t i) -> Real {
  Real top = largest[i];
  for (int64_t j = seen.begin; j < seen.end; ++j)
    top = std::max(top, row[j]);
  // Without a key so far, or with scores of -inf only, nothing has weight.
  Real shift = top == lowest ? Real(0) : top;
  Real sum = 0;
  std::fill(row, row + seen.begin, Real(0));
  for (int64_t j = seen.begin; j < seen.end; ++j)
    sum += row[j] = std::exp(row[j] - shift);
  std::fill(row + seen.end, row + width, Real(0));
  Real correction = std::exp(largest[i] - shift);
  largest[i] = top;
  total[i] = total[i] * correction + sum;
  return correction;
}

template <typename T>
void AttentionScratch<T>::addKeys(const AttentionBlock &block, int64_t rowsQ,
                                  Range keys, const Real *q, int64_t strideQ) {
  int64_t width = keys.end - keys.begin,
          headK = block.head / (d.heads_q / d.heads_k);
  int64_t first = block.firstK + keys.begin, strideK = d.stride_k,
          strideV = d.stride_v;
  const Real *k = rows(t.k, first, width, headK, d.head_dim, copyK, strideK);
  const Real *v = rows(t.v, first, width, headK, d.head_dim_v, copyV, strideV);
  if (d.head_dim)
    blas.gemm<Real>(false, true, rowsQ, width, d.head_dim, Real(d.scale), q,
                    strideQ, k, strideK, Real(0), scores.data(), width);
  else
    std::fill(scores.begin(), scores.end(), Real(0));
  for (int64_t i = 0; i < rowsQ; ++i) {
    Range seen = keysOf(block, block.query + i);
    seen.begin = std::clamp<int64_t>(seen.begin - keys.begin, 0, width);
    seen.end = std::clamp<int64_t>(seen.end - keys.begin, seen.begin, width);
    Real correction = addRow(&scores[i * width], seen, width, i);
    if (correction != Real(1))
      for (int64_t j = 0; j < d.head_dim_v; ++j)
        sums[i * d.head_dim_v + j] *= correction;
  }
  if (d.head_dim_v)
    blas.gemm<Real>(false, false, rowsQ, d.head_dim_v, width, Real(1),
                    scores.data(), width, v, strideV, Real(1), sums.data(),
                    d.head_dim_v);
}

template <typename T>
void AttentionScratch<T>::store(const AttentionBlock &block, int64_t rowsQ) {
  for (int64_t i = 0; i < rowsQ; ++i) {
    int64_t token = block.firstQ + block.query + i;
    T *out = static_cast<T *>(t.out) +
             (token * d.heads_q + block.head) * d.head_dim_v;
    Real weight = total[i] > 0 ? 1 / total[i] : total[i];
    for (int64_t j = 0; j < d.head_dim_v; ++j)
      out[j] = T(sums[i * d.head_dim_v + j] * weight);
    if (t.logsumexp)
      t.logsumexp[block.head * d.tokens_q + token] =
          static_cast<float>(largest[i] + std::log(total[i]));
  }
}

template <typename T>
void AttentionScratch<T>::run(const AttentionBlock &block) {
  int64_t rowsQ = std::min(AttentionBlock::size, block.queries - block.query);
  std::fill(sums.begin(), sums.end(), Real(0));
  std::fill(largest.begin(), largest.end(), lowest);
  std::fill(total.begin(), total.end(), Real(0));
  int64_t strideQ = d.stride_q;
  const Real *q = rows(t.q, block.firstQ + block.query, rowsQ, block.head,
                       d.head_dim, copyQ, strideQ);
  // Later queries never see fewer keys at the end, nor more at the begin.
  int64_t begin = keysOf(block, block.query).begin;
  int64_t end = keysOf(block, block.query + rowsQ - 1).end;
  for (int64_t j = std::max<int64_t>(begin, 0); j < end; j += keyBlock)
    addKeys(block, rowsQ, {j, std::min(j + keyBlock, end)}, q, strideQ);
  store(block, rowsQ);
}

} // namespace capstan::rt

#endif // CAPSTAN_RT_HOST_ATTENTIONBLOCK_H
