//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Checks of descriptors that every backend needs.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_BASE_VALIDATE_H
#define CAPSTAN_RT_BASE_VALIDATE_H

#include "base/Backend.h"

namespace capstan::rt {

/// \param[out] full   the descriptor, with what an older one doesn't have
int32_t checkGemm(const capstan_rt_gemm_desc *desc, const void *a,
                  const void *b, const void *c, capstan_rt_gemm_desc &full);
int32_t checkGroupedGemm(const capstan_rt_gemm_desc *desc, const void *a,
                         const void *b, const int32_t *offsets, const void *c,
                         capstan_rt_gemm_desc &full);
int32_t checkAttention(const capstan_rt_attention_desc *desc,
                       const AttentionArguments &tensors);

/// The descriptor with strides where it says that tokens are contiguous.
capstan_rt_attention_desc withStrides(const capstan_rt_attention_desc &desc);

} // namespace capstan::rt

#endif // CAPSTAN_RT_BASE_VALIDATE_H
