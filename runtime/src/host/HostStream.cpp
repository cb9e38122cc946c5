//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "host/HostStream.h"
#include "base/Module.h"
#include "host/Works.h"

#include <cstring>

using namespace capstan::rt;

HostStream::HostStream(HostDevice &device)
    : Stream(&device), host(device),
      pool(Ref<HostPool>::adopt(new HostPool(device))),
      hostPool(Ref<HostPool>::adopt(new HostPool(device))), worker(device) {}

int32_t HostStream::enqueue(std::unique_ptr<Work> work,
                            Timeline::Ticket *ticket) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (captured && !graph)
      return discarded();
    if (captured) {
      graph->add(std::move(work));
      return CAPSTAN_RT_OK;
    }
  }
  Timeline::Ticket pushed = worker.push(work.release());
  if (ticket)
    *ticket = pushed;
  return CAPSTAN_RT_OK;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static int32_t outOfMemory(const char *op, HostDevice &device, int64_t bytes) {
  return fail(CAPSTAN_RT_OUT_OF_MEMORY, {op, nullptr, device.name()},
              format("no memory for %lld bytes; %lld of %lld are in use",
                     static_cast<long long>(bytes),
                     static_cast<long long>(device.used()),
                     static_cast<long long>(device.memoryLimit())));
}

int32_t HostStream::allocate(int64_t bytes, int64_t alignment, Block *block) {
  Ref<MemoryPool> from = pool;
  bool recording;
  {
    std::lock_guard<std::mutex> lock(mutex);
    recording = captured;
    if (captured && !graph)
      return discarded();
    if (captured)
      from = graph->memory();
  }
  int64_t capacity;
  void *memory = from->allocate(bytes, alignment, capacity);
  if (!memory && !recording) {
    // Unused blocks of other sizes may be enough, once no work uses them.
    worker.timeline->wait(worker.last());
    pool->trim();
    hostPool->trim();
    memory = from->allocate(bytes, alignment, capacity);
  }
  if (!memory)
    return outOfMemory("alloc", host, bytes);
  *block = Block(memory, capacity, from);
  return host.poisonsMemory() ? enqueue(makeFill(memory, capacity))
                              : int32_t(CAPSTAN_RT_OK);
}

int32_t HostStream::allocateHost(int64_t bytes, int64_t alignment,
                                 Block *block) {
  int64_t capacity;
  void *memory = hostPool->allocate(bytes, alignment, capacity);
  if (!memory)
    return outOfMemory("host_alloc", host, bytes);
  if (host.poisonsMemory())
    memset(memory, CAPSTAN_RT_POISON, capacity);
  *block = Block(memory, capacity, hostPool);
  return CAPSTAN_RT_OK;
}

//===----------------------------------------------------------------------===//
// Work
//===----------------------------------------------------------------------===//

int32_t HostStream::copy(const FailureRef &failure, void *destination,
                         const void *source, int64_t bytes) {
  return enqueue(makeCopy(failure, destination, source, bytes));
}

int32_t HostStream::stage(const FailureRef &failure,
                          const std::vector<Part> &parts) {
  for (const Part &part : parts)
    CAPSTAN_RT_TRY(
        part.host ? toDevice(failure, part.destination, part.source, part.bytes)
                  : copy(failure, part.destination, part.source, part.bytes));
  return CAPSTAN_RT_OK;
}

int32_t HostStream::toDevice(const FailureRef &failure, void *destination,
                             const void *source, int64_t bytes) {
  return enqueue(makeToDevice(failure, destination, source, bytes));
}

int32_t HostStream::launch(const FailureRef &failure,
                           const capstan_rt_kernel_info *info,
                           capstan_rt_kernel kernel, const void *arguments,
                           int64_t bytes, int64_t extent) {
  return enqueue(makeLaunch(failure, info, kernel, arguments, bytes, extent));
}

int32_t HostStream::launchGpu(const FailureRef &, const GpuLaunch &) {
  return fail(CAPSTAN_RT_UNSUPPORTED, {"launch_gpu", nullptr, host.name()},
              "the host runs no kernels of GPUs");
}

int32_t HostStream::gemm(const FailureRef &failure,
                         const capstan_rt_gemm_desc &desc, const void *a,
                         const void *b, void *c) {
  std::unique_ptr<Work> work;
  CAPSTAN_RT_TRY(makeGemm(host, failure, desc, a, b, c, work));
  return enqueue(std::move(work));
}

int32_t HostStream::groupedGemm(const FailureRef &failure,
                                const capstan_rt_gemm_desc &desc, const void *a,
                                const void *b, const int32_t *offsets,
                                void *c) {
  std::unique_ptr<Work> work;
  CAPSTAN_RT_TRY(makeGroupedGemm(host, failure, desc, a, b, offsets, c, work));
  return enqueue(std::move(work));
}

int32_t HostStream::attention(const FailureRef &failure,
                              const capstan_rt_attention_desc &desc,
                              const AttentionArguments &tensors) {
  std::unique_ptr<Work> work;
  CAPSTAN_RT_TRY(makeAttention(host, failure, desc, tensors, work));
  return enqueue(std::move(work));
}

int32_t HostStream::check(const FailureRef &failure, const uint8_t *condition,
                          const char *message, const char *location) {
  return enqueue(makeCheck(failure, condition, message, location));
}

int32_t HostStream::fetch(const FailureRef &failure, int64_t count,
                          const capstan_rt_part *parts, bool poison,
                          Fetch **fetch) {
  auto result = Ref<HostFetch>::adopt(
      new HostFetch(host, worker.timeline, failure, count, parts));
  if (poison)
    result->poison();
  CAPSTAN_RT_TRY(enqueue(makeFetch(result), &result->ticket));
  *fetch = result.take();
  return CAPSTAN_RT_OK;
}

int32_t HostStream::callback(const char *op,
                             std::unique_ptr<Callback> callback) {
  return enqueue(makeCallback(op, std::move(callback)));
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

int32_t HostStream::synchronize() {
  TraceScope span(host.trace, "wait", "stream_synchronize");
  worker.timeline->wait(worker.last());
  return worker.timeline->reportPending();
}

bool HostStream::query() { return worker.timeline->reached(worker.last()); }

int32_t HostStream::record(Event &event) {
  static_cast<HostEvent &>(event).record(worker.timeline, worker.last());
  return CAPSTAN_RT_OK;
}

int32_t HostStream::wait(Event &event) {
  HostEvent::Point point = static_cast<HostEvent &>(event).point();
  if (!point.timeline || point.timeline.get() == worker.timeline.get())
    return CAPSTAN_RT_OK; // a stream's own work runs in order
  return enqueue(makeWait(point.timeline, point.ticket));
}

void HostEvent::record(Ref<Timeline> timeline, Timeline::Ticket ticket) {
  std::lock_guard<std::mutex> lock(mutex);
  recorded = {std::move(timeline), ticket};
}

HostEvent::Point HostEvent::point() {
  std::lock_guard<std::mutex> lock(mutex);
  return recorded;
}

int32_t HostEvent::synchronize() {
  Point at = point();
  if (!at.timeline)
    return CAPSTAN_RT_OK;
  TraceScope span(device->trace, "wait", "event_synchronize");
  at.timeline->wait(at.ticket);
  return at.timeline->reportPending();
}

bool HostEvent::query() {
  Point at = point();
  return !at.timeline || at.timeline->reached(at.ticket);
}
