//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What work has to move and to compute at least, for traces.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_BASE_AMOUNT_H
#define CAPSTAN_RT_BASE_AMOUNT_H

#include "base/Api.h"
#include "capstan_rt/compiled.h"

#include <string>

namespace capstan::rt {

/// Of one piece of work. 0: not known.
struct Amount {
  double bytes = 0; ///< read and written
  double flops = 0;
  capstan_rt_dtype dtype = {}; ///< of what is multiplied
  std::string what;            ///< tells it from others of its name
};

Amount amountOf(const capstan_rt_gemm_desc &desc);
/// The offsets are in memory of the host.
Amount amountOf(const capstan_rt_attention_desc &desc,
                const int32_t *cuSeqlensQ, const int32_t *cuSeqlensK);
/// Of a copy on the device.
Amount amountOfCopy(int64_t bytes);

} // namespace capstan::rt

#endif // CAPSTAN_RT_BASE_AMOUNT_H
