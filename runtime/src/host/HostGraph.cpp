//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "host/HostGraph.h"
#include "base/Module.h"

#include <algorithm>

using namespace capstan::rt;

HostGraph::HostGraph(HostDevice &device, Ref<MemoryPool> pool)
    : Work(nullptr, "graph", "graph_launch"), replayed(device),
      owner(Ref<HostDevice>::share(&device)), pool(std::move(pool)),
      counters{&device.counters} {}

void HostGraph::add(Module &module) {
  if (std::find(counters.begin(), counters.end(), &module.counters) !=
      counters.end())
    return;
  counters.push_back(&module.counters);
  modules.push_back(Ref<RefCounted>::share(&module));
}

void HostGraph::countReplay() {
  for (Counters *each : counters)
    each->add(Counter::graph_replays);
}

MaybeError HostGraph::run(Worker &worker) {
  std::lock_guard<std::mutex> lock(running);
  for (const std::unique_ptr<Work> &work : recorded)
    if (work->failure)
      work->failure->reset();
  MaybeError first;
  for (const std::unique_ptr<Work> &work : recorded) {
    MaybeError error = worker.attempt(*work);
    if (!first)
      first = std::move(error);
  }
  return first;
}
