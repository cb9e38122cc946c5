//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/ReplayRing.h"
#include "cuda/GraphNodes.h"

#include <cstring>

using namespace capstan::rt;

static constexpr const char *op = "graph_launch";

// The record of the replay's failures and a free word, then parts of results.
static constexpr int64_t headWords = 2;

ReplayRing::~ReplayRing() {
  Current current(device);
  Relaxed relaxed(device);
  for (CUevent event : done)
    if (event)
      device.events.give(event);
  if (kernels.state)
    device.unreserve(reinterpret_cast<void *>(kernels.state), stateBytes,
                     device.ownStream());
}

int32_t ReplayRing::open(const ReplayLimits &most) {
  const char *op = "capture_begin";
  Relaxed relaxed(device);
  limits = most;
  constexpr int64_t word = sizeof(uint64_t),
                    part = sizeof(RuntimeKernels::Part);
  kernels.mask = slots - 1;
  kernels.headBytes = headWords * word + limits.results * part;
  kernels.slotBytes = kernels.headBytes + limits.inputs * part;
  CAPSTAN_RT_TRY(Ref<PinnedPool>::adopt(new PinnedPool(device))
                     ->allocateBlock(op, slots * kernels.slotBytes + word,
                                     /*alignment=*/64, memory));
  kernels.slots = reinterpret_cast<uint64_t>(memory.get());
  kernels.done = kernels.slots + slots * kernels.slotBytes;
  *reinterpret_cast<uint64_t *>(kernels.done) = 0;
  stateBytes = RuntimeKernels::Replay::counterBytes + kernels.slotBytes;
  void *state = device.reserve(stateBytes, device.ownStream());
  if (!state)
    return fail(
        CAPSTAN_RT_OUT_OF_MEMORY, {op, nullptr, device.name()},
        format("no memory for %lld bytes", static_cast<long long>(stateBytes)));
  kernels.state = reinterpret_cast<CUdeviceptr>(state);
  CAPSTAN_CUDA_TRY(device, op, cuMemsetD8Async, kernels.state, 0, stateBytes,
                   device.ownStream());
  CAPSTAN_CUDA_TRY(device, op, cuStreamSynchronize, device.ownStream());
  return CAPSTAN_RT_OK;
}

/// The nodes that nothing depends on.
static CUresult leavesOf(const Driver &cu, CUgraph graph,
                         std::vector<CUgraphNode> &leaves) {
  std::vector<CUgraphNode> nodes;
  if (CUresult result = listNodes(cu.cuGraphGetNodes, graph, nodes))
    return result;
  for (CUgraphNode node : nodes) {
    size_t dependent = 0;
    // An error says that there are edges, of a newer kind.
    if (!cu.cuGraphNodeGetDependentNodes(node, nullptr, &dependent) &&
        !dependent)
      leaves.push_back(node);
  }
  return CUDA_SUCCESS;
}

CUresult ReplayRing::addNodes(CUgraph graph, CUdeviceptr record) {
  const Driver &cu = device.driver();
  kernels.record = record;
  std::vector<CUgraphNode> leaves;
  if (CUresult result = leavesOf(cu, graph, leaves))
    return result;
  CUgraphNode first, copy;
  if (limits.inputs) {
    if (CUresult result = device.kernels.copyNode(graph, kernels, limits, copy))
      return result;
    if (CUresult result = putFirst(cu, graph, copy))
      return result;
  }
  if (CUresult result = device.kernels.beginNode(graph, kernels, first))
    return result;
  if (CUresult result = putFirst(cu, graph, first))
    return result;
  if (leaves.empty())
    leaves.push_back(limits.inputs ? copy : first);
  return device.kernels.endNode(graph, leaves, kernels, limits);
}

void ReplayRing::fill(uint64_t *slot, const ReplayParts &parts,
                      CUdeviceptr record) const {
  slot[0] = record;
  auto *part = reinterpret_cast<RuntimeKernels::Part *>(slot + headWords);
  auto add = [&](const std::vector<Part> &some, size_t count) {
    for (size_t i = 0; i < count; ++i)
      *part++ = i < some.size() ? RuntimeKernels::Part::of(some[i])
                                : RuntimeKernels::Part();
  };
  add(parts.results, limits.results);
  add(parts.inputs, limits.inputs);
}

int32_t ReplayRing::waitForHalf(CUevent done) {
  Relaxed relaxed(device);
  CAPSTAN_CUDA_TRY(device, op, cuEventSynchronize, done);
  return CAPSTAN_RT_OK;
}

int32_t ReplayRing::launch(CUgraphExec exec, const Ref<StreamHandle> &stream,
                           const ReplayParts &parts, CUdeviceptr record) {
  std::lock_guard<std::mutex> lock(mutex);
  CUevent &event = done[launched / half % 2];
  if (launched % half == 0 && event)
    CAPSTAN_RT_TRY(waitForHalf(event));
  else if (!event)
    CAPSTAN_RT_TRY(device.events.take(op, event));
  fill(static_cast<uint64_t *>(memory.get()) +
           launched % slots * kernels.slotBytes / sizeof(uint64_t),
       parts, record);
  // The driver runs no two replays of a graph at once, and all in this order.
  CAPSTAN_CUDA_TRY(device, op, cuGraphLaunch, exec, stream->stream);
  ++launched;
  last = stream;
  if (launched % half == 0)
    CAPSTAN_CUDA_TRY(device, op, cuEventRecord, event, stream->stream);
  return CAPSTAN_RT_OK;
}

int32_t ReplayRing::wait(const StreamHandle &stream) {
  std::lock_guard<std::mutex> lock(mutex);
  if (!launched || last.get() == &stream)
    return CAPSTAN_RT_OK;
  // The lower half of what has been done, which may turn over.
  CAPSTAN_CUDA_TRY(device, "stream_wait_event", cuStreamWaitValue32,
                   stream.stream, kernels.done, static_cast<uint32_t>(launched),
                   CU_STREAM_WAIT_VALUE_GEQ);
  return CAPSTAN_RT_OK;
}
