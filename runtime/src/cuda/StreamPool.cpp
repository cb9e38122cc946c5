//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/StreamPool.h"

#include <algorithm>

using namespace capstan::rt;

/// What the driver's pools and frameworks' caches align to.
static constexpr int64_t aligned = 256;

StreamHandle::~StreamHandle() {
  Current current(*device);
  Relaxed relaxed(*device);
  ours = false;
  releaseDeferred();
  if (owned)
    device->driver().cuStreamDestroy(stream);
}

bool StreamHandle::capturedByOwner(CUgraph *graph) const {
  if (owned || ours.load(std::memory_order_relaxed))
    return false;
  CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
  device->driver().cuStreamGetCaptureInfo(stream, &status, /*id=*/nullptr,
                                          graph, nullptr, nullptr);
  return status == CU_STREAM_CAPTURE_STATUS_ACTIVE;
}

void StreamHandle::free(void *memory, int64_t bytes) {
  if (ours.load(std::memory_order_relaxed) || capturedByOwner()) {
    std::lock_guard<std::mutex> lock(mutex);
    deferred.push_back({memory, bytes});
    anyDeferred = true;
    return;
  }
  device->unreserve(memory, bytes, stream);
}

void StreamHandle::releaseDeferred() {
  if (!anyDeferred.load(std::memory_order_relaxed))
    return;
  std::lock_guard<std::mutex> lock(mutex);
  for (auto [memory, bytes] : deferred)
    device->unreserve(memory, bytes, stream);
  deferred.clear();
  anyDeferred = false;
}

/// Rounded so that the counters say the same on all backends; 0 is a block too.
static int64_t roundUp(int64_t bytes) {
  return (std::max<int64_t>(bytes, 1) + 63) / 64 * 64;
}

void *StreamPool::allocate(int64_t bytes, int64_t alignment,
                           int64_t &capacity) {
  // Nothing is that large; rounding must not overflow.
  if (bytes > INT64_MAX / 2 || alignment > INT64_MAX / 4)
    return nullptr;
  int64_t extra = alignment > aligned ? alignment : 0;
  capacity = roundUp(bytes) + extra;
  void *memory = handle->device->reserve(capacity, handle->stream);
  if (!memory)
    return nullptr;
  handle->device->use(capacity);
  if (!extra)
    return memory;
  auto address = reinterpret_cast<uintptr_t>(memory);
  auto *block = reinterpret_cast<void *>((address + extra - 1) / extra * extra);
  std::lock_guard<std::mutex> lock(mutex);
  shifted[block] = memory;
  return block;
}

void StreamPool::give(void *memory, int64_t capacity) {
  Current current(*handle->device);
  handle->device->use(-capacity);
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (auto it = shifted.find(memory); it != shifted.end()) {
      memory = it->second;
      shifted.erase(it);
    }
  }
  giveBack(memory, capacity);
}

void *GraphOnlyPool::allocate(int64_t bytes, int64_t alignment,
                              int64_t &capacity) {
  if (bytes > INT64_MAX / 2 || alignment > aligned)
    return nullptr;
  {
    std::lock_guard<std::mutex> lock(mutex);
    capacity = roundUp(bytes);
    std::vector<void *> &blocks = unused[capacity];
    if (!blocks.empty()) {
      void *memory = blocks.back();
      blocks.pop_back();
      return memory;
    }
  }
  return allocateUnused(bytes, alignment, capacity);
}

void *GraphOnlyPool::allocateUnused(int64_t bytes, int64_t alignment,
                                    int64_t &capacity) {
  if (bytes > INT64_MAX / 2 || alignment > aligned)
    return nullptr;
  capacity = roundUp(bytes);
  std::lock_guard<std::mutex> lock(mutex);
  Relaxed relaxed(*device);
  void *memory = device->reserve(capacity, device->ownStream());
  if (!memory)
    return nullptr;
  // From here on any stream may use it.
  device->driver().cuStreamSynchronize(device->ownStream());
  all.push_back({memory, capacity});
  total += capacity;
  return memory;
}

void GraphOnlyPool::give(void *memory, int64_t capacity) {
  std::lock_guard<std::mutex> lock(mutex);
  unused[capacity].push_back(memory);
}

GraphOnlyPool::~GraphOnlyPool() {
  Current current(*device);
  Relaxed relaxed(*device);
  for (auto [memory, bytes] : all)
    device->unreserve(memory, bytes, device->ownStream());
}
