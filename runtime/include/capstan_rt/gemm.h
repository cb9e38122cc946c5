/*===----------------------------------------------------------------------===*\
|* Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.       *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

/**
 * \file
 * Matrix products for callers without a compiled module, as compiled.h
 * describes them. On `host` they need OpenBLAS, which is loaded when first
 * needed.
 */

#ifndef CAPSTAN_RT_GEMM_H
#define CAPSTAN_RT_GEMM_H

#include "capstan_rt/compiled.h"
#include "capstan_rt/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Enqueues c = a * b (+ c) (+ bias). f32 and f64; f16, bf16 and FP8 by way of
 * f32.
 * \param[in] desc   copied
 * \param[in] a, b, c   device memory, alive until the stream has got there
 * \return NOT_FOUND if the library is missing, with the package that has it;
 *         UNSUPPORTED for other types; INVALID_ARGUMENT for sizes that don't
 *         fit
 */
int32_t capstan_rt_gemm_enqueue(capstan_rt_stream *stream,
                                const capstan_rt_gemm_desc *desc, const void *a,
                                const void *b, void *c);
/**
 * Which library multiplies matrices; loads it.
 * \param[out] library   lives as long as the device; null after an error
 * \return NOT_FOUND if it is missing, with the package that has it
 */
int32_t capstan_rt_gemm_library(capstan_rt_device *device,
                                const char **library);

#ifdef __cplusplus
}
#endif

#endif /* CAPSTAN_RT_GEMM_H */
