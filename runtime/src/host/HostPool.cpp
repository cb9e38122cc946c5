//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "host/HostPool.h"

#include <algorithm>

using namespace capstan::rt;

/// Rounds up to eight sizes for each power of two, so that batches of similar
/// shape share blocks and at most an eighth is wasted.
static int64_t roundUp(int64_t bytes) {
  int64_t step = 64;
  while (step * 16 <= bytes)
    step *= 2;
  return (std::max<int64_t>(bytes, 1) + step - 1) / step * step;
}

HostPool::HostPool(HostDevice &device)
    : device(Ref<HostDevice>::share(&device)) {}

HostPool::~HostPool() { trim(); }

void *HostPool::cached(int64_t capacity, int64_t alignment) {
  std::lock_guard<std::mutex> lock(mutex);
  auto it = unused.find(capacity);
  if (it == unused.end())
    return nullptr;
  std::vector<void *> &blocks = it->second;
  // The newest first: it may still be in a cache of the processor.
  for (size_t i = blocks.size(); i-- > 0;)
    if (void *memory = blocks[i];
        reinterpret_cast<uintptr_t>(memory) % alignment == 0) {
      blocks.erase(blocks.begin() + i);
      return memory;
    }
  return nullptr;
}

void *HostPool::allocate(int64_t bytes, int64_t alignment, int64_t &capacity) {
  // Nothing is that large; rounding must not overflow.
  if (bytes > INT64_MAX / 2)
    return nullptr;
  alignment = std::max<int64_t>(alignment, 64);
  capacity = roundUp(bytes);
  void *memory = cached(capacity, alignment);
  if (!memory && (memory = device->reserve(capacity, alignment)))
    total.fetch_add(capacity, std::memory_order_relaxed);
  if (memory)
    device->use(capacity);
  return memory;
}

void HostPool::give(void *memory, int64_t capacity) {
  device->use(-capacity);
  std::lock_guard<std::mutex> lock(mutex);
  unused[capacity].push_back(memory);
}

void HostPool::trim() {
  std::lock_guard<std::mutex> lock(mutex);
  for (auto &[capacity, blocks] : unused)
    for (void *memory : blocks) {
      device->unreserve(memory, capacity);
      total.fetch_sub(capacity, std::memory_order_relaxed);
    }
  unused.clear();
}
