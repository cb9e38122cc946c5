//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What a module keeps for a region of its code that is captured and replayed.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_BASE_GRAPHREGION_H
#define CAPSTAN_RT_BASE_GRAPHREGION_H

#include "base/Forward.h"

#include <atomic>

namespace capstan::rt {

/// One forward at a time uses the graph; others run the body as it is.
class GraphRegion {
public:
  explicit GraphRegion(const capstan_rt_graph_region &info);

  bool is(const capstan_rt_graph_region &other) const {
    return &info == &other;
  }

  int32_t enter(Forward &forward, void **inputs, void **results, int32_t &run);
  int32_t leave(Forward &forward, void *const *produced, void **results);
  /// The forward ends inside the body.
  void abandon(Forward &forward);

private:
  struct Input {
    const void *address = nullptr; // at the capture
    bool moves = false;            // the address changed once
    /// Memory of the graph if it moves. Kept until the module ends: replays on
    /// other streams may read it still.
    Block staging;
  };

  int32_t enterGraph(Forward &forward, void **inputs, void **results,
                     int32_t &run);
  /// Drops the graph if it would read from an old address.
  int32_t compareInputs(Forward &forward, void *const *given);
  int32_t beginCapture(Forward &forward, void **given);
  int32_t endCapture(Forward &forward, void *const *produced);
  int32_t replay(Forward &forward, void **results);
  int32_t copyOf(Forward &forward, int32_t result, const void *from,
                 void *&copy);

  const capstan_rt_graph_region &info;
  std::atomic<bool> busy{false};

  // Of the forward that owns the region.
  bool hasRun = false;
  bool refused = false; // a capture failed: the body runs as it is from then on
  std::vector<Input> inputs;
  std::vector<const void *> outputs; // memory of the graph, or inputs
  std::vector<Block> produced;       // keeps that memory from being used anew
  Ref<Graph> graph;
  Ref<Event> done;    // the graph's memory was used last
  FailureRef outside; // the forward's, while the body is captured
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_BASE_GRAPHREGION_H
