//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/CudaEvent.h"

using namespace capstan::rt;

/// Not to be used again: a stream may still wait for the old recording.
CudaEvent::~CudaEvent() {
  Current current(gpu);
  Relaxed relaxed(gpu);
  gpu.driver().cuEventDestroy(event);
}

int32_t CudaEvent::record(Ref<Flights> of, CUstream stream) {
  std::lock_guard<std::mutex> lock(mutex);
  CAPSTAN_CUDA_TRY(gpu, "event_record", cuEventRecord, event, stream);
  flights = std::move(of);
  return CAPSTAN_RT_OK;
}

int32_t CudaEvent::synchronize() {
  Ref<Flights> recorded;
  {
    std::lock_guard<std::mutex> lock(mutex);
    recorded = flights;
  }
  if (!recorded)
    return CAPSTAN_RT_OK;
  TraceScope span(gpu.trace, "wait", "event_synchronize");
  Current current(gpu);
  Relaxed relaxed(gpu);
  if (CUresult result = gpu.driver().cuEventSynchronize(event))
    return recorded->fault(result, "cuEventSynchronize", "event_synchronize");
  recorded->reap();
  return recorded->reportPending();
}

bool CudaEvent::query() {
  Current current(gpu);
  Relaxed relaxed(gpu);
  return gpu.driver().cuEventQuery(event) != CUDA_ERROR_NOT_READY;
}
