//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/EventCache.h"
#include "cuda/CudaDevice.h"

using namespace capstan::rt;

int32_t EventCache::take(const char *op, CUevent &event) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (!unused.empty()) {
      event = unused.back();
      unused.pop_back();
      return CAPSTAN_RT_OK;
    }
  }
  CAPSTAN_CUDA_TRY(device, op, cuEventCreate, &event, flags);
  return CAPSTAN_RT_OK;
}

void EventCache::give(CUevent event) {
  std::lock_guard<std::mutex> lock(mutex);
  unused.push_back(event);
}

void EventCache::clear() {
  for (CUevent event : unused)
    device.driver().cuEventDestroy(event);
  unused.clear();
}
