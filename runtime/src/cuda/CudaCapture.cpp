//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// How a stream of a GPU is captured, and how graphs are replayed on it.
//
//===----------------------------------------------------------------------===//

#include "base/Module.h"
#include "cuda/Traced.h"

using namespace capstan::rt;

int32_t CudaStream::lookUp(Ref<CudaGraph> &recorded) {
  std::lock_guard<std::mutex> lock(mutex);
  if (captured && !graph)
    return discarded();
  recorded = graph;
  return CAPSTAN_RT_OK;
}

bool CudaStream::capturing() { return captured || handle->capturedByOwner(); }

int32_t CudaStream::beginCapture(Ref<MemoryPool> memory,
                                 const ReplayLimits &limits) {
  const char *op = "capture_begin";
  Current current(gpu);
  if (!memory)
    memory = Ref<GraphOnlyPool>::adopt(new GraphOnlyPool(gpu));
  std::lock_guard<std::mutex> lock(mutex);
  if (capturing())
    return fail(CAPSTAN_RT_INVALID_CAPTURE, {op, nullptr, gpu.name()},
                "the stream is being captured already");
  auto opened = Ref<CudaGraph>::adopt(new CudaGraph(gpu, std::move(memory)));
  CAPSTAN_RT_TRY(opened->open(limits));
  // An event of what is under way would be recorded.
  CAPSTAN_RT_TRY(flights->close(op));
  Captures::begin();
  if (CUresult result = gpu.driver().cuStreamBeginCapture(
          handle->stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)) {
    Captures::end();
    return gpu.failed(result, "cuStreamBeginCapture", {op});
  }
  graph = std::move(opened);
  handle->setCaptured(true);
  captured.store(true, std::memory_order_release);
  return CAPSTAN_RT_OK;
}

int32_t CudaStream::endCapture(Graph **result) {
  const char *op = "capture_end";
  Current current(gpu);
  Ref<CudaGraph> ended; // released outside the lock
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (!captured)
      return fail(CAPSTAN_RT_INVALID_CAPTURE, {op, nullptr, gpu.name()},
                  "the stream is not being captured");
    CUgraph recorded = nullptr;
    CUresult code = gpu.driver().cuStreamEndCapture(handle->stream, &recorded);
    if (code == CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD)
      return gpu.failed(code, "cuStreamEndCapture", {op});
    Captures::end();
    captured = false;
    handle->setCaptured(false);
    ended = std::exchange(graph, nullptr);
    if (!ended) {
      if (recorded)
        gpu.driver().cuGraphDestroy(recorded);
      return discarded();
    }
    if (code)
      return gpu.failed(code, "cuStreamEndCapture", {op});
    CAPSTAN_RT_TRY(ended->instantiate(recorded));
  }
  handle->releaseDeferred();
  *result = ended.take();
  return CAPSTAN_RT_OK;
}

/// The stream ends.
void CudaStream::abandonCapture() {
  CUgraph recorded = nullptr;
  CUresult code = gpu.driver().cuStreamEndCapture(handle->stream, &recorded);
  if (code != CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD)
    Captures::end(); // also of one that the driver has ended already
  handle->setCaptured(false);
  if (recorded)
    gpu.driver().cuGraphDestroy(recorded);
}

int32_t CudaStream::refuseInCapture(const char *op, const char *what,
                                    const char *location) {
  Ref<CudaGraph> dropped; // released outside the lock
  if (handle->capturedByOwner())
    return fail(CAPSTAN_RT_INVALID_CAPTURE, {op, location, gpu.name()},
                format("%s while the stream is captured", what));
  std::lock_guard<std::mutex> lock(mutex);
  if (!captured)
    return CAPSTAN_RT_OK;
  if (!graph)
    return discarded();
  // The driver goes on recording until the thread that began ends that.
  dropped = std::exchange(graph, nullptr);
  whyDiscarded = makeError(
      CAPSTAN_RT_INVALID_CAPTURE, {op, location, gpu.name()},
      format("%s while the stream is captured; the capture is discarded",
             what));
  return discarded();
}

void CudaStream::captureCall(Module &module) {
  std::lock_guard<std::mutex> lock(mutex);
  if (captured && graph)
    graph->add(module);
}

int32_t CudaStream::replay(Graph &replayed, const FailureRef &failure,
                           const ReplayParts &parts) {
  auto &recorded = static_cast<CudaGraph &>(replayed);
  Current current(gpu);
  FailureRef owner = failure;
  CUdeviceptr record = 0;
  if (stateOf(*recorded.failure)) {
    if (!owner)
      owner = FailureRef::adopt(new Failure);
    FailureState *state;
    CAPSTAN_RT_TRY(stateFor(/*recorded=*/nullptr, owner, state));
    // Until its failure is reported: the graph has what codes stand for.
    state->keep(Ref<RefCounted>::share(&recorded));
    record = state->record();
  }
  {
    Traced traced(*this, /*recorded=*/false, "graph", "graph_launch");
    CAPSTAN_RT_TRY(recorded.launch(handle, parts, record));
  }
  if (!record)
    flights->keep(Ref<RefCounted>::share(&recorded));
  if (owner)
    flights->cover(owner);
  return CAPSTAN_RT_OK;
}

int32_t CudaStream::waitReplays(Graph &graph) {
  Current current(gpu);
  return static_cast<CudaGraph &>(graph).wait(*handle);
}
