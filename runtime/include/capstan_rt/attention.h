/*===----------------------------------------------------------------------===*\
|* Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.       *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

/**
 * \file
 * Attention over packed documents for callers without a compiled module, as
 * compiled.h describes it.
 */

#ifndef CAPSTAN_RT_ATTENTION_H
#define CAPSTAN_RT_ATTENTION_H

#include "capstan_rt/compiled.h"
#include "capstan_rt/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Enqueues attention over packed documents. f32, f64, f16 and bf16 on `host`,
 * f16 and bf16 on `cuda`.
 *
 * Offsets are read on the device. If they don't begin at 0, decrease, end
 * behind the tokens, or make a document longer than max_*, the next
 * synchronization fails with CHECK_FAILED, and nothing is written. Tokens
 * behind the last document are padding: their results are undefined.
 * \param[in] desc   copied
 * \param[in] q, k, v, cu_seqlens_q, cu_seqlens_k   device memory
 * \param[out] out, logsumexp   device memory; logsumexp may be null
 * \return NOT_FOUND if the library for it is missing, with the package that has
 *         it; UNSUPPORTED for types and sizes that it doesn't have;
 *         INVALID_ARGUMENT for sizes that don't fit
 */
int32_t capstan_rt_varlen_attention_enqueue(
    capstan_rt_stream *stream, const capstan_rt_attention_desc *desc,
    const void *q, const void *k, const void *v, const int32_t *cu_seqlens_q,
    const int32_t *cu_seqlens_k, void *out, float *logsumexp);
/**
 * Which library computes attention; loads it.
 * \param[out] library   with its version; lives as long as the device; null
 *                       after an error
 * \return NOT_FOUND if it is missing, with the package that has it
 */
int32_t capstan_rt_attention_library(capstan_rt_device *device,
                                     const char **library);

#ifdef __cplusplus
}
#endif

#endif /* CAPSTAN_RT_ATTENTION_H */
