//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/CudaFetch.h"

#include <cstring>

using namespace capstan::rt;

/// What is larger is copied by the copy engine: a block of threads would take
/// longer.
static constexpr int64_t mostGathered = 16 * 1024;

static int64_t roundUp(int64_t bytes) { return (bytes + 7) / 8 * 8; }

CudaFetch::CudaFetch(CudaDevice &device, Ref<Flights> flights,
                     FailureRef failure, int64_t count,
                     const capstan_rt_part *parts)
    : device(Ref<CudaDevice>::share(&device)), flights(std::move(flights)),
      failure(std::move(failure)), parts(parts, parts + count) {}

CudaFetch::~CudaFetch() {
  if (event)
    device->events.give(event);
}

int32_t CudaFetch::start(PinnedPool &pool, CUstream stream) {
  const char *op = "fetch";
  int64_t bytes = 0, capacity;
  for (const capstan_rt_part &part : parts)
    bytes += roundUp(part.bytes);
  if (bytes) {
    void *block = pool.allocate(bytes, /*alignment=*/64, capacity);
    if (!block)
      return fail(CAPSTAN_RT_OUT_OF_MEMORY, {op, nullptr, device->name()},
                  format("no pinned memory for %lld bytes",
                         static_cast<long long>(bytes)));
    staging = Block(block, capacity, Ref<PinnedPool>::share(&pool));
    CAPSTAN_RT_TRY(gather(stream));
  }
  CAPSTAN_RT_TRY(device->events.take(op, event));
  CAPSTAN_CUDA_TRY(*device, op, cuEventRecord, event, stream);
  return CAPSTAN_RT_OK;
}

int32_t CudaFetch::gather(CUstream stream) {
  RuntimeKernels::Parts small;
  int count = 0;
  auto *to = static_cast<char *>(staging.get());
  for (const capstan_rt_part &part : parts) {
    auto source = reinterpret_cast<CUdeviceptr>(part.source);
    if (part.bytes > mostGathered)
      CAPSTAN_CUDA_TRY(*device, "fetch", cuMemcpyDtoHAsync, to, source,
                       part.bytes, stream);
    else if (part.bytes)
      small.part[count++] = {to, source, static_cast<uint64_t>(part.bytes),
                             /*number=*/0};
    to += roundUp(part.bytes);
    if (count == RuntimeKernels::mostParts)
      CAPSTAN_RT_TRY(device->kernels.copy("fetch", stream,
                                          std::exchange(count, 0), small));
  }
  return count ? device->kernels.copy("fetch", stream, count, small)
               : int32_t(CAPSTAN_RT_OK);
}

void CudaFetch::poison() {
  for (const capstan_rt_part &part : parts)
    if (part.bytes)
      memset(part.destination, CAPSTAN_RT_POISON, part.bytes);
}

int32_t CudaFetch::wait() {
  TraceScope span(device->trace, "wait", "fetch");
  Current current(*device);
  Relaxed relaxed(*device);
  if (CUresult result = device->driver().cuEventSynchronize(event))
    return flights->fault(result, "cuEventSynchronize", "fetch_wait");
  FailureState *state = stateOf(*failure);
  if (state && state->failed() && !failure->failed())
    failure->set(state->error());
  if (failure->failed()) {
    flights->dropPending(failure.get());
    return report(failure->get());
  }
  auto *from = static_cast<const char *>(staging.get());
  for (const capstan_rt_part &part : parts)
    if (part.bytes) {
      memcpy(part.destination, from, part.bytes);
      from += roundUp(part.bytes);
    }
  return CAPSTAN_RT_OK;
}

bool CudaFetch::writes(const void *memory, int64_t bytes) const {
  auto begin = reinterpret_cast<uintptr_t>(memory);
  for (const capstan_rt_part &part : parts) {
    auto at = reinterpret_cast<uintptr_t>(part.destination);
    if (part.bytes && at < begin + bytes && begin < at + part.bytes)
      return true;
  }
  return false;
}
