//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/CudaStream.h"
#include "cuda/CudaEvent.h"
#include "cuda/OwnerCapture.h"

#include <cstring>

using namespace capstan::rt;

CudaStream::CudaStream(CudaDevice &device, CUstream stream, bool owned)
    : Stream(&device), gpu(device),
      handle(Ref<StreamHandle>::adopt(new StreamHandle(device, stream, owned))),
      pool(Ref<StreamPool>::adopt(new StreamPool(handle))),
      hostPool(Ref<PinnedPool>::adopt(new PinnedPool(device))),
      flights(Ref<Flights>::adopt(new Flights(handle))) {}

CudaStream::~CudaStream() {
  Current current(gpu);
  Relaxed relaxed(gpu);
  if (captured)
    abandonCapture();
  if (handle->capturedByOwner())
    return;
  flights->close("stream");
  gpu.driver().cuStreamSynchronize(handle->stream);
  flights->reap();
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static int32_t outOfMemory(CudaDevice &device, int64_t bytes) {
  return fail(CAPSTAN_RT_OUT_OF_MEMORY, {"alloc", nullptr, device.name()},
              format("no memory for %lld bytes; %lld of %lld are in use",
                     static_cast<long long>(bytes),
                     static_cast<long long>(device.used()),
                     static_cast<long long>(device.memoryLimit())));
}

int32_t CudaStream::allocate(int64_t bytes, int64_t alignment, Block *block) {
  Current current(gpu);
  Ref<CudaGraph> recorded;
  CAPSTAN_RT_TRY(recording(recorded));
  Ref<MemoryPool> from = pool;
  bool inCapture = true;
  if (recorded)
    from = recorded->memory();
  else if (handle->capturedByOwner())
    from = Ref<MemoryPool>::adopt(new CapturedPool(handle));
  else
    inCapture = false;
  if (!inCapture)
    handle->releaseDeferred();
  int64_t capacity;
  void *memory = from->allocate(bytes, alignment, capacity);
  if (!memory && !inCapture && bytes <= gpu.memoryLimit()) {
    // Memory that is freed in the order of streams may be enough, once they
    // have got there.
    Relaxed relaxed(gpu);
    flights->close("alloc");
    gpu.driver().cuStreamSynchronize(handle->stream);
    flights->reap();
    gpu.trim();
    memory = from->allocate(bytes, alignment, capacity);
  }
  if (!memory)
    return outOfMemory(gpu, bytes);
  *block = Block(memory, capacity, from);
  if (gpu.poisonsMemory() && bytes)
    CAPSTAN_CUDA_TRY(gpu, "alloc", cuMemsetD8Async,
                     reinterpret_cast<CUdeviceptr>(memory), CAPSTAN_RT_POISON,
                     bytes, handle->stream);
  return CAPSTAN_RT_OK;
}

int32_t CudaStream::allocateHost(int64_t bytes, int64_t alignment,
                                 Block *block) {
  Current current(gpu);
  return hostPool->allocateBlock("host_alloc", bytes, alignment, *block);
}

//===----------------------------------------------------------------------===//
// What work needs
//===----------------------------------------------------------------------===//

void CudaStream::keep(CudaGraph *recorded, Ref<RefCounted> object) {
  CUgraph owners;
  if (recorded)
    recorded->keep(std::move(object));
  else if (handle->capturedByOwner(&owners))
    keepInGraph(gpu, owners, std::move(object));
  else
    flights->keep(std::move(object));
}

void CudaStream::cover(CudaGraph *recorded, const FailureRef &failure) {
  CUgraph owners;
  if (recorded)
    return; // the graph has its modules
  if (handle->capturedByOwner(&owners))
    keepInGraph(gpu, owners, failure);
  else
    flights->cover(failure);
}

int32_t CudaStream::stateFor(CudaGraph *recorded, const FailureRef &failure,
                             FailureState *&state) {
  // All of a graph shares one record.
  const FailureRef &owner = recorded ? recorded->failure : failure;
  if (!owner->backend) {
    Ref<FailureState> created;
    CAPSTAN_RT_TRY(FailureState::create(gpu, created));
    // What fails in one replay is not to fail in the next. Replays of our
    // graphs see to that at their end.
    if (!recorded && handle->capturedByOwner())
      CAPSTAN_RT_TRY(gpu.kernels.reset(handle->stream, created->record()));
    owner->backend = created;
  }
  state = stateOf(*owner);
  return CAPSTAN_RT_OK;
}

int32_t CudaStream::callback(const char *op,
                             std::unique_ptr<Callback> callback) {
  Current current(gpu);
  CAPSTAN_RT_TRY(flights->call(op, std::move(callback)));
  flights->reap();
  return CAPSTAN_RT_OK;
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

int32_t CudaStream::synchronize() {
  TraceScope span(gpu.trace, "wait", "stream_synchronize");
  const char *op = "stream_synchronize";
  Current current(gpu);
  Relaxed relaxed(gpu);
  CAPSTAN_RT_TRY(flights->close(op));
  if (CUresult result = gpu.driver().cuStreamSynchronize(handle->stream))
    return flights->fault(result, "cuStreamSynchronize", op);
  flights->reap();
  handle->releaseDeferred();
  return flights->reportPending();
}

bool CudaStream::query() {
  Current current(gpu);
  Relaxed relaxed(gpu);
  return gpu.driver().cuStreamQuery(handle->stream) != CUDA_ERROR_NOT_READY;
}

int32_t CudaStream::record(Event &event) {
  Current current(gpu);
  // Who waits for the event hears of failures before it.
  if (flights->watches()) {
    CAPSTAN_RT_TRY(flights->close("event_record"));
    flights->reap(); // nobody may ever wait for the stream
  }
  return static_cast<CudaEvent &>(event).record(flights, handle->stream);
}

int32_t CudaStream::wait(Event &event) {
  Current current(gpu);
  auto &recorded = static_cast<CudaEvent &>(event);
  if (recorded.isOf(*flights) && !capturing())
    return CAPSTAN_RT_OK; // it is in order
  CAPSTAN_CUDA_TRY(gpu, "stream_wait_event", cuStreamWaitEvent, handle->stream,
                   recorded.native(), 0);
  return CAPSTAN_RT_OK;
}
