//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/GraphRegion.h"

#include <algorithm>

using namespace capstan::rt;

GraphRegion::GraphRegion(const capstan_rt_graph_region &info, GraphPool &pool)
    : info(info), pool(pool), inputs(info.num_inputs) {
  for (int32_t i = 0; i < info.num_inputs; ++i)
    inputs[i].moves = kindOf(i) != CAPSTAN_RT_INPUT_WHOLE;
}

int32_t GraphRegion::enter(Forward &forward, const int64_t *liveBytes,
                           void **given, void **results, int32_t &run) {
  run = 1;
  forward.region = this;
  if (forward.stream->capturing() || // the caller's graph gets the body
      forward.caller.device->trace.profiling())
    return copyInputs(forward, liveBytes, given);
  std::unique_lock<std::mutex> lock(pool.mutex);
  if (pool.taken || !hasRun || refused) {
    lock.unlock();
    return copyInputs(forward, liveBytes, given);
  }
  CAPSTAN_RT_TRY(pool.beginTurn(forward));
  int32_t code = useGraph(forward, liveBytes, given, results, run);
  if (forward.hasPool)
    return code;
  if (code || !run)
    forward.region = nullptr;
  if (code && !graph)
    retire(forward); // copies to it may be under way
  int32_t ended = pool.endTurn(forward, code || run ? nullptr : graph);
  return code ? code : ended;
}

int32_t GraphRegion::useGraph(Forward &forward, const int64_t *liveBytes,
                              void **given, void **results, int32_t &run) {
  pool.touch(*this);
  if (graph && moved(forward, given))
    CAPSTAN_RT_TRY(retire(forward));
  if (!graph)
    return begin(forward, liveBytes, given);
  run = 0;
  listInputs(liveBytes, given);
  return replay(forward, liveBytes, results);
}

int32_t GraphRegion::begin(Forward &forward, const int64_t *liveBytes,
                           void **given) {
  // What this forward allocated, the next one has elsewhere.
  for (int32_t i = 0; i < info.num_inputs; ++i)
    inputs[i].moves |= info.input_bytes[i] && forward.holds(given[i]);
  if (prepare(forward)) {
    listInputs(liveBytes, given);
    int32_t code = record(forward, given);
    if (code != CAPSTAN_RT_OUT_OF_MEMORY || recorder)
      return code;
    memory = nullptr;
  }
  forward.count(Counter::fallbacks_memory);
  return copyInputs(forward, liveBytes, given);
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

bool GraphRegion::moved(Forward &forward, void *const *given) {
  bool any = false;
  for (int32_t i = 0; i < info.num_inputs; ++i) {
    if (inputs[i].moves || !info.input_bytes[i] ||
        inputs[i].address == given[i])
      continue;
    if (!any && follow(i, given[i]))
      forward.count(Counter::graph_moves);
    else
      any = inputs[i].moves = true;
  }
  return any;
}

static bool overlap(const void *a, int64_t bytesA, const void *b,
                    int64_t bytesB) {
  auto beginA = reinterpret_cast<uintptr_t>(a);
  auto beginB = reinterpret_cast<uintptr_t>(b);
  return beginA < beginB + bytesB && beginB < beginA + bytesA;
}

bool GraphRegion::follow(int32_t i, void *to) {
  const void *from = inputs[i].address;
  int64_t bytes = info.input_bytes[i];
  // An address must tell which input it belongs to, now and at the next move.
  for (int32_t j = 0; j < info.num_inputs; ++j)
    if (j != i && !inputs[j].moves &&
        (overlap(inputs[j].address, info.input_bytes[j], from, bytes) ||
         overlap(inputs[j].address, info.input_bytes[j], to, bytes)))
      return false;
  if (!graph->move(from, bytes, to))
    return false;
  inputs[i].address = to;
  for (const void *&output : outputs)
    if (overlap(output, 1, from, bytes))
      output = static_cast<char *>(to) + (static_cast<const char *>(output) -
                                          static_cast<const char *>(from));
  return true;
}

bool GraphRegion::prepare(Forward &forward) {
  memory = Arena::create(pool.memory);
  refused = !memory || !allocateStaging();
  if (!refused && pool.makePlace(forward))
    return true;
  memory = nullptr;
  return false;
}

bool GraphRegion::allocateStaging() {
  int64_t capacity;
  for (int32_t i = 0; i < info.num_inputs; ++i)
    if (Input &input = inputs[i]; input.moves) {
      input.staging = memory->allocate(info.input_bytes[i], 64, capacity);
      if (!input.staging)
        return false;
    }
  return true;
}

Part GraphRegion::partOf(int32_t input, const int64_t *liveBytes, void *to,
                         const void *from) const {
  uint8_t kind = kindOf(input);
  return {to, from,
          kind == CAPSTAN_RT_INPUT_PREFIX ? liveBytes[input]
                                          : info.input_bytes[input],
          kind == CAPSTAN_RT_INPUT_NUMBER};
}

void GraphRegion::listInputs(const int64_t *liveBytes, void *const *given) {
  parts.inputs.clear();
  for (int32_t i = 0; i < info.num_inputs; ++i)
    if (inputs[i].moves)
      parts.inputs.push_back(partOf(i, liveBytes, inputs[i].staging, given[i]));
}

int32_t GraphRegion::copyInputs(Forward &forward, const int64_t *liveBytes,
                                void **given) {
  std::vector<Part> parts;
  for (int32_t i = 0; i < info.num_inputs; ++i)
    if (kindOf(i) != CAPSTAN_RT_INPUT_WHOLE) {
      void *copy;
      CAPSTAN_RT_TRY(
          forward.allocate(info.input_bytes[i], 64, /*host=*/false, &copy));
      forward.inputCopies.push_back(copy);
      parts.push_back(partOf(i, liveBytes, copy, given[i]));
      given[i] = copy;
    }
  return forward.stream->stage(forward.failure, parts);
}

//===----------------------------------------------------------------------===//
// Capture
//===----------------------------------------------------------------------===//

ReplayLimits GraphRegion::limits() const {
  ReplayLimits limits = {0, info.num_results, 0, 0};
  for (int32_t i = 0; i < info.num_inputs; ++i)
    if (inputs[i].moves) {
      ++limits.inputs;
      limits.inputBytes = std::max(limits.inputBytes, info.input_bytes[i]);
    }
  for (int32_t i = 0; i < info.num_results; ++i)
    limits.resultBytes = std::max(limits.resultBytes, info.result_bytes[i]);
  return limits;
}

/// Records on a stream of its own: other threads may use the caller's, and a
/// device may have streams that can't be captured.
int32_t GraphRegion::record(Forward &forward, void **given) {
  Stream *stream;
  CAPSTAN_RT_TRY(forward.caller.device->createStream(&stream));
  auto opened = Ref<Stream>::adopt(stream);
  CAPSTAN_RT_TRY(opened->beginCapture(memory, limits()));
  recorder = std::move(opened);
  for (int32_t i = 0; i < info.num_inputs; ++i) {
    inputs[i].address = given[i];
    if (inputs[i].moves)
      given[i] = inputs[i].staging;
  }
  forward.stream = recorder.get();
  // The graph outlives this forward, and must not keep its own module alive.
  outside = std::exchange(forward.failure, FailureRef::adopt(new Failure));
  forward.hasPool = pool.taken = true;
  // Inputs are read now: the first replay has none to copy.
  int32_t code = forward.caller.stage(outside, parts.inputs);
  for (Part &part : parts.inputs)
    part.bytes = 0;
  return code;
}

int32_t GraphRegion::stop(Forward &forward, Ref<Graph> &captured) {
  Graph *result = nullptr;
  int32_t code = recorder->endCapture(&result);
  captured = Ref<Graph>::adopt(result);
  refused |= code != CAPSTAN_RT_OK;
  recorder = nullptr;
  forward.stream = &forward.caller;
  forward.failure = std::exchange(outside, nullptr);
  return code;
}

int32_t GraphRegion::keep(Forward &forward, void *const *made) {
  CAPSTAN_RT_TRY(stop(forward, graph));
  pool.add(*this);
  forward.count(Counter::graph_captures);
  outputs.assign(made, made + info.num_results);
  return CAPSTAN_RT_OK;
}

int32_t GraphRegion::giveUpGraph(Forward &forward) {
  CAPSTAN_RT_TRY(stop(forward, graph));
  refused = true;
  forward.count(Counter::fallbacks_memory);
  parts.results.clear();
  return forward.stream->replay(*graph, forward.failure, parts);
}

int32_t GraphRegion::leave(Forward &forward, const int64_t *liveBytes,
                           void *const *made, void **results) {
  forward.region = nullptr;
  int32_t code = CAPSTAN_RT_OK;
  if (!forward.hasPool) {
    for (int32_t i = 0; i < info.num_results && !code; ++i)
      if (forward.owns(made[i]) &&
          std::find(made, made + i, made[i]) == made + i)
        results[i] = made[i];
      else
        code = copyOf(forward, liveOf(liveBytes, i), made[i], results[i]);
    for (void *copy : std::exchange(forward.inputCopies, {}))
      if (std::find(made, made + info.num_results, copy) ==
          made + info.num_results)
        forward.free(copy, /*host=*/false);
    std::lock_guard<std::mutex> lock(pool.mutex);
    hasRun = true;
    return code;
  }
  std::lock_guard<std::mutex> lock(pool.mutex);
  if (!recorder)
    code = copyResults(forward, liveBytes, made, results);
  else if (!(code = keep(forward, made)))
    code = replay(forward, liveBytes, results);
  // Addresses of a graph's memory are no longer the body's.
  for (int32_t i = 0; i < info.num_results; ++i) {
    bool host;
    forward.take(made[i], &host);
  }
  int32_t given = giveBack(forward);
  return code ? code : given;
}

void GraphRegion::abandon(Forward &forward) {
  forward.region = nullptr;
  if (!forward.hasPool)
    return;
  if (recorder) {
    Ref<Graph> discarded;
    stop(forward, discarded);
    refused = true;
    forward.count(Counter::fallbacks_capture);
  }
  std::lock_guard<std::mutex> lock(pool.mutex);
  giveBack(forward);
}

int32_t GraphRegion::giveBack(Forward &forward) {
  forward.hasPool = pool.taken = false;
  if (refused)
    CAPSTAN_RT_TRY(retire(forward));
  return pool.endTurn(forward);
}

//===----------------------------------------------------------------------===//
// Replay, and the end of a graph
//===----------------------------------------------------------------------===//

int32_t GraphRegion::replay(Forward &forward, const int64_t *liveBytes,
                            void **results) {
  parts.results.clear();
  for (int32_t i = 0; i < info.num_results; ++i) {
    int64_t bytes = liveOf(liveBytes, i);
    CAPSTAN_RT_TRY(forward.allocate(bytes, 64, /*host=*/false, &results[i]));
    parts.results.push_back({results[i], outputs[i], bytes, /*host=*/false});
  }
  CAPSTAN_RT_TRY(forward.stream->replay(*graph, forward.failure, parts));
  forward.count(Counter::graph_replays);
  return CAPSTAN_RT_OK;
}

/// The pool's memory is another graph's next: the caller gets copies.
int32_t GraphRegion::copyResults(Forward &forward, const int64_t *liveBytes,
                                 const void *const *from, void **results) {
  for (int32_t i = 0; i < info.num_results; ++i)
    CAPSTAN_RT_TRY(copyOf(forward, liveOf(liveBytes, i), from[i], results[i]));
  return CAPSTAN_RT_OK;
}

int32_t GraphRegion::copyOf(Forward &forward, int64_t bytes, const void *from,
                            void *&copy) {
  CAPSTAN_RT_TRY(forward.allocate(bytes, 64, /*host=*/false, &copy));
  return bytes ? forward.stream->copy(forward.failure, copy, from, bytes)
               : int32_t(CAPSTAN_RT_OK);
}

namespace {
/// Keeps a graph and its memory until the stream is here: it has waited for all
/// earlier turns, on whatever streams. The module stays, too: it counts.
class Retired final : public Callback {
public:
  Retired(FailureRef forward, Ref<Arena> memory, Ref<Graph> graph)
      : forward(std::move(forward)), memory(std::move(memory)),
        graph(std::move(graph)) {}
  MaybeError run() override { return nullptr; }

private:
  FailureRef forward;
  Ref<Arena> memory;
  Ref<Graph> graph;
};
} // namespace

int32_t GraphRegion::retire(Forward &forward) {
  pool.remove(*this);
  outputs.clear();
  return forward.stream->callback(
      "graph_retire",
      std::make_unique<Retired>(forward.failure, std::exchange(memory, nullptr),
                                std::exchange(graph, nullptr)));
}
