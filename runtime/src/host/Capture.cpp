//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// How a stream of the host is captured.
//
//===----------------------------------------------------------------------===//

#include "base/Module.h"
#include "host/HostStream.h"

using namespace capstan::rt;

bool HostStream::capturing() {
  std::lock_guard<std::mutex> lock(mutex);
  return captured;
}

int32_t HostStream::beginCapture(Ref<MemoryPool> memory, const ReplayLimits &) {
  if (!memory)
    memory = Ref<HostPool>::adopt(new HostPool(host));
  std::lock_guard<std::mutex> lock(mutex);
  if (captured)
    return fail(CAPSTAN_RT_INVALID_CAPTURE,
                {"capture_begin", nullptr, host.name()},
                "the stream is being captured already");
  captured = true;
  graph = Ref<HostGraph>::adopt(new HostGraph(host, std::move(memory)));
  return CAPSTAN_RT_OK;
}

/// Says why there is nothing to record to. The caller holds the lock.
int32_t HostStream::discarded() { return report(whyDiscarded); }

int32_t HostStream::endCapture(Graph **result) {
  std::lock_guard<std::mutex> lock(mutex);
  if (!captured)
    return fail(CAPSTAN_RT_INVALID_CAPTURE,
                {"capture_end", nullptr, host.name()},
                "the stream is not being captured");
  captured = false;
  if (!graph)
    return discarded();
  *result = graph.take();
  return CAPSTAN_RT_OK;
}

int32_t HostStream::refuseInCapture(const char *op, const char *what,
                                    const char *location) {
  Ref<HostGraph> dropped; // released outside the lock
  std::lock_guard<std::mutex> lock(mutex);
  if (!captured)
    return CAPSTAN_RT_OK;
  if (!graph)
    return discarded();
  dropped = std::exchange(graph, nullptr);
  whyDiscarded = makeError(
      CAPSTAN_RT_INVALID_CAPTURE, {op, location, host.name()},
      format("%s while the stream is captured; the capture is discarded",
             what));
  return discarded();
}

void HostStream::captureCall(Module &module) {
  std::lock_guard<std::mutex> lock(mutex);
  if (captured && graph)
    graph->add(module);
}

namespace {
/// A replay as a part of a forward.
class Replay final : public Work {
public:
  Replay(const FailureRef &failure, HostGraph &graph)
      : Work(failure, "graph", "graph_launch"),
        graph(Ref<HostGraph>::share(&graph)) {}
  MaybeError run(Worker &worker) override { return graph->run(worker); }

private:
  Ref<HostGraph> graph;
};
} // namespace

int32_t HostStream::replay(Graph &replayed, const FailureRef &failure,
                           const ReplayParts &parts) {
  auto &recorded = static_cast<HostGraph &>(replayed);
  CAPSTAN_RT_TRY(stage(failure, parts.inputs));
  if (failure) {
    CAPSTAN_RT_TRY(enqueue(std::make_unique<Replay>(failure, recorded)));
  } else {
    recorded.retain(); // until the queue is done with it
    worker.push(&recorded);
  }
  CAPSTAN_RT_TRY(stage(failure, parts.results));
  return record(recorded.replayed);
}

int32_t HostStream::waitReplays(Graph &graph) {
  return wait(static_cast<HostGraph &>(graph).replayed);
}
