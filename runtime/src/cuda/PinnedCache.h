//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Pinned memory of the host. Pinning costs more than most copies take, so
// blocks are kept until the device ends.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_PINNEDCACHE_H
#define CAPSTAN_RT_CUDA_PINNEDCACHE_H

#include "base/Backend.h"
#include "cuda/Driver.h"

#include <map>
#include <vector>

namespace capstan::rt {
class CudaDevice;

class PinnedCache {
public:
  explicit PinnedCache(CudaDevice &device) : device(device) {}

  /// Sizes are rounded up to a power of two; aligned to that or to 4096. Null
  /// if there is no memory.
  void *allocate(int64_t bytes, int64_t &capacity);
  void give(void *memory, int64_t capacity);
  void clear();

private:
  /// Pins memory for blocks of this size. The caller holds the lock.
  bool grow(int64_t capacity);

  CudaDevice &device;
  std::mutex mutex;
  std::map<int64_t, std::vector<void *>> unused; // by capacity
  std::vector<void *> pinned;
};

/// The cache for blocks whose owners may outlive everything else of the device.
class PinnedPool final : public MemoryPool {
public:
  explicit PinnedPool(CudaDevice &device);

  /// At most 4096 of alignment.
  void *allocate(int64_t bytes, int64_t alignment, int64_t &capacity) override;
  void give(void *memory, int64_t capacity) override;
  int64_t bytes() const override { return 0; }
  int32_t allocateBlock(const char *op, int64_t bytes, int64_t alignment,
                        Block &block);

private:
  Ref<CudaDevice> device;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_PINNEDCACHE_H
