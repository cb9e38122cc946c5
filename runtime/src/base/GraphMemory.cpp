//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/GraphMemory.h"

#include <algorithm>

using namespace capstan::rt;

bool GraphMemory::add(Arena &arena) {
  std::lock_guard<std::mutex> lock(mutex);
  if (!range)
    range = device.reserveAddresses(device.maxGraphBytes);
  if (range)
    arenas.push_back(&arena);
  return bool(range);
}

bool GraphMemory::extend(Arena &arena, int64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  if (bytes > range->bytes() && !resize(bytes))
    return false;
  arena.highest = bytes;
  return true;
}

void GraphMemory::remove(Arena &arena) {
  std::lock_guard<std::mutex> lock(mutex);
  auto it = std::find(arenas.begin(), arenas.end(), &arena);
  if (it == arenas.end())
    return;
  arenas.erase(it);
  int64_t most = 0;
  for (Arena *other : arenas)
    most = std::max(most, other->highest);
  resize(most);
}

bool GraphMemory::resize(int64_t bytes) {
  if (!range)
    return true;
  int64_t before = range->bytes();
  bool resized = range->resize(bytes);
  for (Counters *each : {&counters, &device.counters})
    each->raise(Counter::graph_peak_bytes,
                each->add(Counter::graph_bytes, range->bytes() - before));
  return resized;
}

Ref<Arena> Arena::create(const Ref<GraphMemory> &memory) {
  auto arena = Ref<Arena>::adopt(new Arena(memory));
  return memory->add(*arena) ? arena : nullptr;
}

/// As allocators of GPUs have it: a tile of a matrix that begins inside a line
/// of the cache costs products up to a tenth of their time.
static constexpr int64_t leastAlignment = 256;

void *Arena::allocate(int64_t bytes, int64_t alignment, int64_t &capacity) {
  return place(0, bytes, alignment, capacity);
}

void *Arena::allocateUnused(int64_t bytes, int64_t alignment,
                            int64_t &capacity) {
  return place(highest, bytes, alignment, capacity);
}

void *Arena::place(int64_t from, int64_t bytes, int64_t alignment,
                   int64_t &capacity) {
  // Nothing is that large; rounding must not overflow.
  if (bytes > INT64_MAX / 2)
    return nullptr;
  alignment = std::max(alignment, leastAlignment);
  capacity = (std::max<int64_t>(bytes, 1) + 63) / 64 * 64;
  auto base = reinterpret_cast<uintptr_t>(memory->base());
  auto align = [&](int64_t place) -> int64_t {
    return (base + place + alignment - 1) / alignment * alignment - base;
  };
  int64_t begin = align(from);
  for (auto [start, end] : used) {
    if (begin + capacity <= start)
      break;
    begin = std::max(begin, align(end));
  }
  if (begin + capacity > highest && !memory->extend(*this, begin + capacity))
    return nullptr;
  used[begin] = begin + capacity;
  return memory->base() + begin;
}

void Arena::give(void *block, int64_t) {
  used.erase(static_cast<char *>(block) - memory->base());
}
