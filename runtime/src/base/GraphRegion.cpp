//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/GraphRegion.h"

#include <algorithm>

using namespace capstan::rt;

GraphRegion::GraphRegion(const capstan_rt_graph_region &info)
    : info(info), inputs(info.num_inputs) {}

int32_t GraphRegion::enter(Forward &forward, void **given, void **results,
                           int32_t &run) {
  run = 1;
  bool mine = !forward.stream.capturing() && !busy.exchange(true);
  if (mine && hasRun && !refused) {
    int32_t code = enterGraph(forward, given, results, run);
    if (code || !run) {
      busy = false;
      return code;
    }
  }
  forward.region = this;
  forward.ownsRegion = mine;
  return CAPSTAN_RT_OK;
}

int32_t GraphRegion::enterGraph(Forward &forward, void **given, void **results,
                                int32_t &run) {
  if (!done) {
    Event *event;
    CAPSTAN_RT_TRY(forward.stream.device->createEvent(&event));
    done = Ref<Event>::adopt(event);
  }
  // Replays of other streams share the memory that is written now.
  CAPSTAN_RT_TRY(forward.stream.wait(*done));
  CAPSTAN_RT_TRY(compareInputs(forward, given));
  for (int32_t i = 0; i < info.num_inputs; ++i) {
    Input &input = inputs[i];
    int64_t bytes = info.input_bytes[i];
    if (!input.moves || !bytes)
      continue;
    if (!input.staging.get())
      CAPSTAN_RT_TRY(forward.stream.allocate(bytes, 64, &input.staging));
    CAPSTAN_RT_TRY(forward.stream.copy(forward.failure, input.staging.get(),
                                       given[i], bytes));
  }
  if (!graph)
    return beginCapture(forward, given);
  run = 0;
  return replay(forward, results);
}

namespace {
/// Keeps a graph and its memory until the stream is here.
class Retired final : public Callback {
public:
  Retired(Ref<Graph> graph, std::vector<Block> memory)
      : graph(std::move(graph)), memory(std::move(memory)) {}
  MaybeError run() override { return nullptr; }

private:
  Ref<Graph> graph;
  std::vector<Block> memory;
};
} // namespace

int32_t GraphRegion::compareInputs(Forward &forward, void *const *given) {
  if (!graph)
    return CAPSTAN_RT_OK;
  bool moved = false;
  for (int32_t i = 0; i < info.num_inputs; ++i)
    if (!inputs[i].moves && info.input_bytes[i] &&
        inputs[i].address != given[i])
      moved = inputs[i].moves = true;
  if (!moved)
    return CAPSTAN_RT_OK;
  // Other streams may copy results out of the graph still; this one waits.
  outputs.clear();
  return forward.stream.callback(
      "graph_retire", std::make_unique<Retired>(std::exchange(graph, nullptr),
                                                std::exchange(produced, {})));
}

int32_t GraphRegion::beginCapture(Forward &forward, void **given) {
  CAPSTAN_RT_TRY(forward.stream.beginCapture());
  for (int32_t i = 0; i < info.num_inputs; ++i) {
    inputs[i].address = given[i];
    if (inputs[i].staging.get())
      given[i] = inputs[i].staging.get();
  }
  // The graph outlives this forward, and must not keep its own module alive.
  outside = forward.failure;
  forward.failure = FailureRef::adopt(new Failure);
  return CAPSTAN_RT_OK;
}

int32_t GraphRegion::leave(Forward &forward, void *const *made,
                           void **results) {
  forward.region = nullptr;
  int32_t code = CAPSTAN_RT_OK;
  if (forward.ownsRegion && outside) {
    code = endCapture(forward, made);
    if (!code)
      code = replay(forward, results);
  } else {
    for (int32_t i = 0; i < info.num_results && !code; ++i)
      if (forward.owns(made[i]) &&
          std::find(made, made + i, made[i]) == made + i)
        results[i] = made[i];
      else
        code = copyOf(forward, i, made[i], results[i]);
  }
  if (forward.ownsRegion) {
    hasRun = true;
    busy = false;
  }
  return code;
}

int32_t GraphRegion::endCapture(Forward &forward, void *const *made) {
  forward.failure = std::move(outside);
  outside = nullptr;
  Graph *captured = nullptr;
  if (int32_t code = forward.stream.endCapture(&captured)) {
    refused = true;
    return code;
  }
  graph = Ref<Graph>::adopt(captured);
  forward.count(Counter::graph_captures);
  for (int32_t i = 0; i < info.num_results; ++i) {
    bool host;
    outputs.push_back(made[i]);
    if (Block block = forward.take(made[i], &host); block.get())
      produced.push_back(std::move(block));
  }
  return CAPSTAN_RT_OK;
}

int32_t GraphRegion::replay(Forward &forward, void **results) {
  CAPSTAN_RT_TRY(forward.stream.replay(*graph, forward.failure));
  forward.count(Counter::graph_replays);
  // A later replay must not change what the caller holds.
  for (int32_t i = 0; i < info.num_results; ++i)
    CAPSTAN_RT_TRY(copyOf(forward, i, outputs[i], results[i]));
  return forward.stream.record(*done);
}

int32_t GraphRegion::copyOf(Forward &forward, int32_t result, const void *from,
                            void *&copy) {
  int64_t bytes = info.result_bytes[result];
  CAPSTAN_RT_TRY(forward.allocate(bytes, 64, /*host=*/false, &copy));
  return bytes ? forward.stream.copy(forward.failure, copy, from, bytes)
               : int32_t(CAPSTAN_RT_OK);
}

void GraphRegion::abandon(Forward &forward) {
  forward.region = nullptr;
  if (!forward.ownsRegion)
    return;
  if (outside) {
    forward.failure = std::move(outside);
    outside = nullptr;
    Graph *captured = nullptr;
    if (!forward.stream.endCapture(&captured)) {
      Ref<Graph>::adopt(captured);
      forward.count(Counter::fallbacks_capture);
    }
    refused = true;
  }
  busy = false;
}
