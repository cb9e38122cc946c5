//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What the graph regions of a module share: memory, turns in which their graphs
// use it, and a limit on the number of graphs.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_BASE_GRAPHPOOL_H
#define CAPSTAN_RT_BASE_GRAPHPOOL_H

#include "base/Forward.h"
#include "base/GraphMemory.h"

namespace capstan::rt {

class GraphPool {
public:
  GraphPool(Device &device, Counters &counters)
      : memory(Ref<GraphMemory>::adopt(new GraphMemory(device, counters))) {}

  const Ref<GraphMemory> memory;

  /// Held while a forward enqueues what uses the memory, so that the order of
  /// the uses is that of the turns.
  std::mutex mutex;

  // For the holder of the lock.

  /// A forward captures a body: until it is done the turn is its.
  bool taken = false;
  /// The forward's stream waits for the turn before.
  int32_t beginTurn(Forward &forward);
  /// The next turn waits for `replayed`, if nothing came behind that, or else
  /// for what the forward's stream has got so far.
  int32_t endTurn(Forward &forward, Ref<Graph> replayed = nullptr);

  /// The region's graph is used now.
  void touch(GraphRegion &region);
  /// Lets go of the graph that was used longest ago, if there are too many for
  /// one more. False if all were used since this forward began: then they would
  /// take turns to push each other out.
  bool makePlace(Forward &forward);
  void add(GraphRegion &region) { kept.push_back(&region); }
  void remove(GraphRegion &region);

private:
  Ref<Event> lastTurn;
  Ref<Graph> lastReplayed;         // the last turn was a replay of it; or null
  std::vector<GraphRegion *> kept; // with a graph
  uint64_t clock = 0;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_BASE_GRAPHPOOL_H
