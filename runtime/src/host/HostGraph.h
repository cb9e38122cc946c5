//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Graphs of the host: the recorded pieces of work, run again as they are.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_HOST_HOSTGRAPH_H
#define CAPSTAN_RT_HOST_HOSTGRAPH_H

#include "host/HostEvent.h"
#include "host/HostPool.h"
#include "host/Worker.h"

#include <vector>

namespace capstan::rt {

class HostGraph final : public Graph, public Work {
public:
  HostGraph(HostDevice &device, Ref<MemoryPool> pool);

  // While it is captured.
  void add(std::unique_ptr<Work> work) { recorded.push_back(std::move(work)); }
  void add(Module &module);
  const Ref<MemoryPool> &memory() { return pool; }

  Device &device() override { return *owner; }
  int64_t nodes() const override { return recorded.size(); }
  int64_t bytes() const override { return pool->bytes(); }
  void countReplay() override;
  bool move(const void *, int64_t, const void *) override { return false; }

  MaybeError run(Worker &worker) override;
  void finish() override { release(); }

  /// Behind the last replay.
  HostEvent replayed;

private:
  Ref<HostDevice> owner;
  Ref<MemoryPool> pool;
  std::vector<Ref<RefCounted>> modules; // kept loaded
  std::vector<Counters *> counters;     // of the modules and the device
  std::vector<std::unique_ptr<Work>> recorded;
  std::mutex running; // replays share the graph's memory
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_HOST_HOSTGRAPH_H
