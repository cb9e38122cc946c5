//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/CudaRange.h"

#include <algorithm>

using namespace capstan::rt;

/// Memory is given back by whole chunks.
static constexpr int64_t largestChunk = 32 << 20;

static CUmemAllocationProp propertiesOf(const CudaDevice &device) {
  CUmemAllocationProp properties = {};
  properties.type = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location = {CU_MEM_LOCATION_TYPE_DEVICE, {device.gpu()}};
  return properties;
}

std::unique_ptr<AddressRange> CudaRange::create(CudaDevice &device,
                                                int64_t most) {
  Current current(device);
  Relaxed relaxed(device);
  const Driver &cu = device.driver();
  std::unique_ptr<CudaRange> range(new CudaRange(device));
  CUmemAllocationProp properties = propertiesOf(device);
  size_t granularity = 0;
  if (cu.cuMemGetAllocationGranularity(&granularity, &properties,
                                       CU_MEM_ALLOC_GRANULARITY_MINIMUM))
    return nullptr;
  range->granularity = granularity;
  range->size = most / granularity * granularity;
  if (!range->size || cu.cuMemAddressReserve(&range->address, range->size, 0,
                                             /*addr=*/0, /*flags=*/0))
    return nullptr;
  return range;
}

CudaRange::~CudaRange() {
  resize(0);
  if (!address)
    return;
  Current current(*device);
  Relaxed relaxed(*device);
  device->driver().cuMemAddressFree(address, size);
}

bool CudaRange::resize(int64_t bytes) {
  Current current(*device);
  Relaxed relaxed(*device);
  if (bytes > size)
    return false;
  bytes = (bytes + granularity - 1) / granularity * granularity;
  int64_t before = mapped;
  bool enough = true;
  while (enough && mapped < bytes)
    enough = grow(std::min(bytes - mapped, largestChunk));
  if (!enough)
    bytes = before;
  while (!chunks.empty() && chunks.back().begin >= bytes)
    shrink();
  return enough;
}

bool CudaRange::grow(int64_t bytes) {
  const Driver &cu = device->driver();
  if (mapped + bytes > size || !device->claim(bytes))
    return false;
  CUmemAllocationProp properties = propertiesOf(*device);
  CUmemGenericAllocationHandle memory;
  CUresult result = cu.cuMemCreate(&memory, bytes, &properties, 0);
  if (result == CUDA_ERROR_OUT_OF_MEMORY) {
    device->trim();
    result = cu.cuMemCreate(&memory, bytes, &properties, 0);
  }
  if (result) {
    device->unclaim(bytes);
    return false;
  }
  chunks.push_back({mapped, bytes, memory});
  mapped += bytes;
  CUmemAccessDesc access = {properties.location,
                            CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
  CUdeviceptr at = address + chunks.back().begin;
  if (!cu.cuMemMap(at, bytes, 0, memory, 0) &&
      !cu.cuMemSetAccess(at, bytes, &access, 1))
    return true;
  shrink();
  return false;
}

void CudaRange::shrink() {
  const Driver &cu = device->driver();
  Chunk chunk = chunks.back();
  chunks.pop_back();
  cu.cuMemUnmap(address + chunk.begin, chunk.bytes);
  cu.cuMemRelease(chunk.memory);
  mapped -= chunk.bytes;
  device->unclaim(chunk.bytes);
}
