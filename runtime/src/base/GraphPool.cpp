//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/GraphPool.h"
#include "base/GraphRegion.h"

#include <algorithm>

using namespace capstan::rt;

int32_t GraphPool::beginTurn(Forward &forward) {
  if (!lastTurn) {
    Event *event;
    CAPSTAN_RT_TRY(forward.caller.device->createEvent(&event));
    lastTurn = Ref<Event>::adopt(event);
  }
  if (!forward.poolSince)
    forward.poolSince = ++clock;
  return lastReplayed ? forward.stream->waitReplays(*lastReplayed)
                      : forward.stream->wait(*lastTurn);
}

int32_t GraphPool::endTurn(Forward &forward, Ref<Graph> replayed) {
  lastReplayed = std::move(replayed);
  return lastReplayed ? int32_t(CAPSTAN_RT_OK)
                      : forward.stream->record(*lastTurn);
}

void GraphPool::touch(GraphRegion &region) { region.lastUsed = ++clock; }

bool GraphPool::makePlace(Forward &forward) {
  int32_t most = forward.caller.device->maxGraphs;
  if (!most || kept.size() < size_t(most))
    return true;
  GraphRegion &oldest = **std::min_element(
      kept.begin(), kept.end(),
      [](GraphRegion *a, GraphRegion *b) { return a->lastUsed < b->lastUsed; });
  if (oldest.lastUsed > forward.poolSince)
    return false;
  oldest.retire(forward);
  forward.count(Counter::graph_evictions);
  return true;
}

void GraphPool::remove(GraphRegion &region) {
  kept.erase(std::remove(kept.begin(), kept.end(), &region), kept.end());
}
