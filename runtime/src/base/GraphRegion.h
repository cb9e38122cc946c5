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

#include "base/GraphPool.h"

namespace capstan::rt {

/// Members belong to the holder of the pool: of its lock, or the forward that
/// has taken it.
class GraphRegion {
public:
  GraphRegion(const capstan_rt_graph_region &info, GraphPool &pool);

  bool is(const capstan_rt_graph_region &other) const {
    return &info == &other;
  }
  const char *location() const { return info.location; }

  /// See graph_begin and graph_end.
  int32_t enter(Forward &forward, const int64_t *liveBytes, void **inputs,
                void **results, int32_t &run);
  int32_t leave(Forward &forward, const int64_t *liveBytes,
                void *const *produced, void **results);
  /// There is no memory for more of the body: what was recorded runs, and the
  /// rest of the body runs as it is.
  int32_t giveUpGraph(Forward &forward);
  /// The forward ends inside the body.
  void abandon(Forward &forward);

private:
  friend class GraphPool;

  struct Input {
    const void *address = nullptr; // at the capture
    bool moves = false;            // it is copied, or its address changed once
    void *staging = nullptr;       // memory of the graph, if it moves
  };

  uint8_t kindOf(int32_t input) const {
    return info.input_kinds ? info.input_kinds[input]
                            : uint8_t(CAPSTAN_RT_INPUT_WHOLE);
  }
  int64_t liveOf(const int64_t *liveBytes, int32_t result) const {
    return liveBytes ? liveBytes[info.num_inputs + result]
                     : info.result_bytes[result];
  }
  /// The copy of an input to memory of the body.
  Part partOf(int32_t input, const int64_t *liveBytes, void *to,
              const void *from) const;
  /// Gives a body that is no graph the inputs that it can't read where they
  /// are.
  int32_t copyInputs(Forward &forward, const int64_t *liveBytes, void **inputs);
  int32_t useGraph(Forward &forward, const int64_t *liveBytes, void **inputs,
                   void **results, int32_t &run);
  /// Begins a graph, or runs the body as it is if there is no memory for one.
  int32_t begin(Forward &forward, const int64_t *liveBytes, void **inputs);
  /// Whether the graph reads another address than one that is given.
  bool moved(Forward &forward, void *const *given);
  /// Lets the graph read input `i` at another address, if it can.
  bool follow(int32_t i, void *to);
  /// Memory and a place for a graph; false if there is none.
  bool prepare(Forward &forward);
  bool allocateStaging();
  /// The copies of inputs that the graph reads elsewhere than where they are.
  void listInputs(const int64_t *liveBytes, void *const *given);
  ReplayLimits limits() const;
  int32_t record(Forward &forward, void **given);
  /// Ends the recording, whatever comes of it.
  int32_t stop(Forward &forward, Ref<Graph> &captured);
  int32_t keep(Forward &forward, void *const *made);
  /// Copies what `parts` has of inputs.
  int32_t replay(Forward &forward, const int64_t *liveBytes, void **results);
  int32_t copyOf(Forward &forward, int64_t bytes, const void *from,
                 void *&copy);
  int32_t copyResults(Forward &forward, const int64_t *liveBytes,
                      const void *const *from, void **results);
  /// Gives the pool back that the forward has taken.
  int32_t giveBack(Forward &forward);
  /// Lets go of graph and memory once the forward's stream is here.
  int32_t retire(Forward &forward);

  const capstan_rt_graph_region &info;
  GraphPool &pool;
  bool hasRun = false;
  bool refused = false; // no graph was possible: the body runs as it is
  uint64_t lastUsed = 0;
  std::vector<Input> inputs;
  Ref<Arena> memory; // of the graph, or of what becomes one
  Ref<Graph> graph;
  std::vector<const void *> outputs; // memory of the graph, or inputs
  ReplayParts parts;                 // of the next replay

  // While the body is recorded.
  Ref<Stream> recorder;
  FailureRef outside; // the forward's
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_BASE_GRAPHREGION_H
