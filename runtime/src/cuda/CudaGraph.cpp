//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/CudaGraph.h"
#include "base/Module.h"

#include <algorithm>

using namespace capstan::rt;

CudaGraph::CudaGraph(CudaDevice &device, Ref<MemoryPool> pool)
    : failure(FailureRef::adopt(new Failure)),
      owner(Ref<CudaDevice>::share(&device)), pool(std::move(pool)),
      counters{&device.counters}, parts(device), ring(device) {}

CudaGraph::~CudaGraph() {
  Current current(*owner);
  Relaxed relaxed(*owner);
  if (exec)
    owner->driver().cuGraphExecDestroy(exec);
  if (recorded)
    owner->driver().cuGraphDestroy(recorded);
}

int32_t CudaGraph::open(const ReplayLimits &limits) {
  tells = limits.inputs || limits.results;
  return ring.open(limits);
}

void CudaGraph::keep(Ref<RefCounted> object) {
  std::lock_guard<std::mutex> lock(mutex);
  kept.push_back(std::move(object));
}

void *CudaGraph::ownWorkspace(int64_t bytes) {
  constexpr int64_t most = 2 << 20, mostOfAll = 64 << 20, piece = 1 << 20;
  bytes = (bytes + 255) / 256 * 256;
  if (bytes > most)
    return nullptr;
  if (bytes > ownLeft) {
    int64_t capacity, wanted = std::max(bytes, piece);
    if (ownBytes + wanted > mostOfAll)
      return nullptr;
    // Used by nothing of the graph so far, either.
    void *memory = pool->allocateUnused(wanted, /*alignment=*/256, capacity);
    if (!memory)
      return nullptr;
    own.push_back(Block(memory, capacity, pool));
    ownLeft = wanted;
    ownBytes += wanted;
  }
  ownLeft -= bytes;
  return static_cast<char *>(own.back().get()) + ownLeft;
}

void CudaGraph::add(Module &module) {
  std::lock_guard<std::mutex> lock(mutex);
  if (std::find(counters.begin(), counters.end(), &module.counters) !=
      counters.end())
    return;
  counters.push_back(&module.counters);
  kept.push_back(Ref<RefCounted>::share(&module));
}

void CudaGraph::countReplay() {
  for (Counters *each : counters)
    each->add(Counter::graph_replays);
}

int32_t CudaGraph::instantiate(CUgraph recording) {
  const char *op = "capture_end";
  recorded = recording;
  const Driver &cu = owner->driver();
  size_t nodes = 0;
  if (CUresult result = parts.fillByKernels(recorded))
    return owner->failed(result, "setting memory by kernels", {op});
  FailureState *state = stateOf(*failure);
  tells |= bool(state);
  if (tells)
    if (CUresult result = ring.addNodes(recorded, state ? state->record() : 0))
      return owner->failed(result, "adding the ends of a replay", {op});
  CUresult result = cu.cuGraphGetNodes(recorded, nullptr, &nodes);
  if (!result)
    result = cu.cuGraphInstantiateWithFlags(&exec, recorded, 0);
  count = static_cast<int64_t>(nodes);
  return result ? owner->failed(result, "cuGraphInstantiateWithFlags", {op})
                : int32_t(CAPSTAN_RT_OK);
}

bool CudaGraph::move(const void *from, int64_t bytes, const void *to) {
  Current current(*owner);
  return parts.move(exec, from, bytes, to);
}

int32_t CudaGraph::launch(const Ref<StreamHandle> &stream,
                          const ReplayParts &parts, CUdeviceptr record) {
  if (tells)
    return ring.launch(exec, stream, parts, record);
  CAPSTAN_CUDA_TRY(*owner, "graph_launch", cuGraphLaunch, exec, stream->stream);
  return CAPSTAN_RT_OK;
}

int32_t CudaGraph::wait(const StreamHandle &stream) {
  return ring.wait(stream);
}
