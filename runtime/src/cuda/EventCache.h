//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Events that are used again.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_EVENTCACHE_H
#define CAPSTAN_RT_CUDA_EVENTCACHE_H

#include "cuda/Driver.h"

#include <vector>

namespace capstan::rt {
class CudaDevice;

class EventCache {
public:
  EventCache(CudaDevice &device, unsigned flags)
      : device(device), flags(flags) {}

  int32_t take(const char *op, CUevent &event);
  void give(CUevent event);
  /// Destroys those that nobody has.
  void clear();

private:
  CudaDevice &device;
  const unsigned flags;
  std::mutex mutex;
  std::vector<CUevent> unused;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_EVENTCACHE_H
