//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Where the device's memory comes from.
//
//===----------------------------------------------------------------------===//

#include "cuda/CudaDevice.h"

using namespace capstan::rt;

void *CudaDevice::reserve(int64_t bytes, CUstream stream) {
  if (!claim(bytes))
    return nullptr;
  void *memory = nullptr;
  if (allocator.allocate) {
    memory = allocator.allocate(allocator.context, bytes, stream);
  } else {
    CUdeviceptr address = 0;
    if (!cu.cuMemAllocFromPoolAsync(&address, bytes, pool, stream))
      memory = reinterpret_cast<void *>(address);
  }
  if (!memory)
    unclaim(bytes);
  return memory;
}

void CudaDevice::unreserve(void *memory, int64_t bytes, CUstream stream) {
  if (allocator.release)
    allocator.release(allocator.context, memory, bytes, stream);
  else
    cu.cuMemFreeAsync(reinterpret_cast<CUdeviceptr>(memory), stream);
  unclaim(bytes);
}

void CudaDevice::trim() {
  cu.cuMemPoolTrimTo(pool, 0);
  if (allocator.empty_cache)
    allocator.empty_cache(allocator.context);
}

bool CudaDevice::claim(int64_t bytes) {
  int64_t before = claimed.fetch_add(bytes, std::memory_order_relaxed);
  if (bytes <= limit - before)
    return true;
  unclaim(bytes);
  return false;
}

void CudaDevice::use(int64_t bytes) {
  int64_t now = inUse.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  counters.raise(Counter::peak_bytes, now);
}
