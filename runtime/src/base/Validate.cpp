//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/Validate.h"
#include "base/Dtype.h"

#include <climits>
#include <cstddef>
#include <cstring>

using namespace capstan::rt;

/// Fails if one of `values` is negative or doesn't fit in 32 bits, which
/// libraries take sizes as.
static const char *outOfRange(std::initializer_list<int64_t> values) {
  for (int64_t value : values)
    if (value < 0 || value > INT_MAX)
      return "a size is negative, or over 2^31 - 1";
  return nullptr;
}

static const char *problemOf(const capstan_rt_gemm_desc &d, const void *a,
                             const void *b, const void *c) {
  if (const char *problem = outOfRange({d.m, d.n, d.k, d.lda, d.ldb, d.ldc}))
    return problem;
  if (d.batch < 0 || d.stride_a < 0 || d.stride_b < 0 || d.stride_c < 0)
    return "the batch or a stride is negative";
  if (d.batch == 0 || d.m == 0 || d.n == 0)
    return nullptr;
  if (d.ldc < d.n)
    return "ldc is smaller than a row of c";
  if (d.batch > 1 && d.stride_c < (d.m - 1) * d.ldc + d.n)
    return "matrices c of the batch overlap";
  if (d.k && d.lda < (d.transpose_a ? d.m : d.k))
    return "lda is smaller than a row of a";
  if (d.k && d.ldb < (d.transpose_b ? d.k : d.n))
    return "ldb is smaller than a row of b";
  if (!c || (d.k && (!a || !b)))
    return "a matrix is null";
  bool isF8 = scalarOf(d.dtype) == Scalar::F8E4M3FN;
  if (isF8 && !(d.scale_a && d.scale_b))
    return "factors of FP8 without a scale";
  if (!isF8 && (d.scale_a || d.scale_b || d.row_scales))
    return "scales of factors that aren't FP8";
  if (d.row_scales && d.batch > 1)
    return "scales of rows of a batch";
  return nullptr;
}

static int32_t complete(const char *op, const capstan_rt_gemm_desc *desc,
                        capstan_rt_gemm_desc &full) {
  full = {};
  // What follows came later.
  constexpr size_t least = offsetof(capstan_rt_gemm_desc, bias);
  if (!desc || (desc->size != sizeof(*desc) && desc->size != least))
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                "the descriptor is null, or its size is unknown");
  memcpy(&full, desc, desc->size);
  return CAPSTAN_RT_OK;
}

int32_t capstan::rt::checkGemm(const capstan_rt_gemm_desc *desc, const void *a,
                               const void *b, const void *c,
                               capstan_rt_gemm_desc &full) {
  CAPSTAN_RT_TRY(complete("gemm", desc, full));
  if (const char *problem = problemOf(full, a, b, c))
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {"gemm", full.location}, problem);
  return CAPSTAN_RT_OK;
}

static const char *problemOfGroups(const capstan_rt_gemm_desc &d, const void *a,
                                   const void *b, const int32_t *offsets,
                                   const void *c) {
  if (d.batch < 0 || d.batch > INT_MAX)
    return "the number of groups is negative, or over 2^31 - 1";
  if (d.transpose_a || d.accumulate || d.stride_a || d.stride_c || d.bias ||
      d.scale_a || d.scale_b)
    return "a is transposed, or something else that groups can't have";
  capstan_rt_gemm_desc one = d;
  one.batch = 1;
  if (const char *problem = problemOf(one, a, b, c))
    return problem;
  return d.batch && !offsets ? "the offsets are null" : nullptr;
}

int32_t capstan::rt::checkGroupedGemm(const capstan_rt_gemm_desc *desc,
                                      const void *a, const void *b,
                                      const int32_t *offsets, const void *c,
                                      capstan_rt_gemm_desc &full) {
  const char *op = "grouped_gemm";
  CAPSTAN_RT_TRY(complete(op, desc, full));
  if (const char *problem = problemOfGroups(full, a, b, offsets, c))
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op, full.location}, problem);
  return CAPSTAN_RT_OK;
}

static const char *problemOf(const capstan_rt_attention_desc &d,
                             const AttentionArguments &t) {
  if (const char *problem =
          outOfRange({d.documents, d.tokens_q, d.tokens_k, d.max_q, d.max_k,
                      d.heads_q, d.heads_k, d.head_dim, d.head_dim_v,
                      d.heads_q * d.head_dim, d.heads_q * d.head_dim_v}))
    return problem;
  if (d.heads_k ? d.heads_q % d.heads_k != 0 : d.heads_q != 0)
    return "heads_q is no multiple of heads_k";
  if (d.stride_q && d.stride_q < d.heads_q * d.head_dim)
    return "stride_q is smaller than a token of q";
  if (d.stride_k && d.stride_k < d.heads_k * d.head_dim)
    return "stride_k is smaller than a token of k";
  if (d.stride_v && d.stride_v < d.heads_k * d.head_dim_v)
    return "stride_v is smaller than a token of v";
  if (d.window_left < -1 || d.window_right < -1)
    return "a window is less than -1";
  if (!t.cuSeqlensQ || !t.cuSeqlensK)
    return "cu_seqlens is null";
  bool queries = d.tokens_q * d.heads_q > 0, keys = d.tokens_k * d.heads_k > 0;
  if ((queries && d.head_dim && !t.q) || (queries && d.head_dim_v && !t.out) ||
      (keys && d.head_dim && !t.k) || (keys && d.head_dim_v && !t.v))
    return "a tensor is null";
  return nullptr;
}

int32_t capstan::rt::checkAttention(const capstan_rt_attention_desc *desc,
                                    const AttentionArguments &tensors) {
  const char *op = "varlen_attention";
  if (!desc || desc->size != sizeof(*desc))
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                "the descriptor is null, or its size is unknown");
  if (const char *problem = problemOf(*desc, tensors))
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op, desc->location}, problem);
  return CAPSTAN_RT_OK;
}

capstan_rt_attention_desc
capstan::rt::withStrides(const capstan_rt_attention_desc &desc) {
  capstan_rt_attention_desc d = desc;
  if (!d.stride_q)
    d.stride_q = d.heads_q * d.head_dim;
  if (!d.stride_k)
    d.stride_k = d.heads_k * d.head_dim;
  if (!d.stride_v)
    d.stride_v = d.heads_k * d.head_dim_v;
  return d;
}
