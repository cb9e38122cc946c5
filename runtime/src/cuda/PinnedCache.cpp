//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/PinnedCache.h"
#include "cuda/CudaDevice.h"

#include <algorithm>
#include <cstring>

using namespace capstan::rt;

/// Smaller blocks are parts of memory that is pinned at once.
static constexpr int64_t slab = 256 * 1024;
static constexpr int64_t largest = int64_t(1) << 46; // more than any host has

bool PinnedCache::grow(int64_t capacity) {
  Relaxed relaxed(device);
  int64_t bytes = std::max(capacity, slab);
  void *memory = nullptr;
  if (device.driver().cuMemHostAlloc(
          &memory, bytes, CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP))
    return false;
  pinned.push_back(memory);
  std::vector<void *> &blocks = unused[capacity];
  for (int64_t at = bytes - capacity; at >= 0; at -= capacity)
    blocks.push_back(static_cast<char *>(memory) + at);
  return true;
}

void *PinnedCache::allocate(int64_t bytes, int64_t &capacity) {
  if (bytes > largest)
    return nullptr;
  for (capacity = 64; capacity < bytes; capacity *= 2)
    ;
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<void *> &blocks = unused[capacity];
  if (blocks.empty() && !grow(capacity))
    return nullptr;
  void *memory = blocks.back();
  blocks.pop_back();
  return memory;
}

void PinnedCache::give(void *memory, int64_t capacity) {
  std::lock_guard<std::mutex> lock(mutex);
  unused[capacity].push_back(memory);
}

void PinnedCache::clear() {
  unused.clear();
  for (void *memory : pinned)
    device.driver().cuMemFreeHost(memory);
  pinned.clear();
}

PinnedPool::PinnedPool(CudaDevice &device)
    : device(Ref<CudaDevice>::share(&device)) {}

void *PinnedPool::allocate(int64_t bytes, int64_t alignment,
                           int64_t &capacity) {
  return device->pinned.allocate(std::max(bytes, alignment), capacity);
}

void PinnedPool::give(void *memory, int64_t capacity) {
  device->pinned.give(memory, capacity);
}

int32_t PinnedPool::allocateBlock(const char *op, int64_t bytes,
                                  int64_t alignment, Block &block) {
  if (alignment > 4096)
    return fail(CAPSTAN_RT_UNSUPPORTED, {op, nullptr, device->name()},
                "memory of the host is aligned to 4096 bytes at most");
  int64_t capacity;
  void *memory = allocate(bytes, alignment, capacity);
  if (!memory)
    return fail(CAPSTAN_RT_OUT_OF_MEMORY, {op, nullptr, device->name()},
                format("no memory for %lld bytes that the GPU can reach",
                       static_cast<long long>(bytes)));
  if (device->poisonsMemory())
    memset(memory, CAPSTAN_RT_POISON, capacity);
  block = Block(memory, capacity, Ref<PinnedPool>::share(this));
  return CAPSTAN_RT_OK;
}
