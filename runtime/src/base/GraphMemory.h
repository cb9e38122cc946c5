//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Memory that several graphs share because no two of them run at once. Each
// capture allocates from the start of one range of addresses, as if it were
// alone, so the range holds as much as the largest graph needs.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_BASE_GRAPHMEMORY_H
#define CAPSTAN_RT_BASE_GRAPHMEMORY_H

#include "base/Backend.h"

#include <map>
#include <vector>

namespace capstan::rt {

class Arena;

/// The range, and who has a part of it.
class GraphMemory final : public RefCounted {
public:
  /// `counters` gets what the range holds, too; it has to outlive the arenas.
  GraphMemory(Device &device, Counters &counters)
      : device(device), counters(counters) {}
  ~GraphMemory() override { resize(0); }

private:
  friend class Arena;
  char *base() const { return range->base(); }
  /// Adds an arena that has nothing yet; false if there are no addresses.
  bool add(Arena &arena);
  /// Gives the arena its first `bytes`; false if there is no memory.
  bool extend(Arena &arena, int64_t bytes);
  void remove(Arena &arena);
  bool resize(int64_t bytes);

  Device &device;
  Counters &counters;
  std::mutex mutex; // graphs end on threads of streams
  std::unique_ptr<AddressRange> range;
  std::vector<Arena *> arenas;
};

/// What one graph has of the range: everything up to the highest address that
/// its capture has used. Lives as long as the graph.
class Arena final : public MemoryPool {
public:
  /// Null if there are no addresses for it.
  static Ref<Arena> create(const Ref<GraphMemory> &memory);
  ~Arena() override { memory->remove(*this); }

  /// The lowest place that fits. Only the thread that captures calls this.
  void *allocate(int64_t bytes, int64_t alignment, int64_t &capacity) override;
  void *allocateUnused(int64_t bytes, int64_t alignment,
                       int64_t &capacity) override;
  void give(void *memory, int64_t capacity) override;
  int64_t bytes() const override { return highest; }

private:
  friend class GraphMemory;
  explicit Arena(const Ref<GraphMemory> &memory) : memory(memory) {}
  /// The lowest place at or behind `from`.
  void *place(int64_t from, int64_t bytes, int64_t alignment,
              int64_t &capacity);

  const Ref<GraphMemory> memory;
  int64_t highest = 0;
  std::map<int64_t, int64_t> used; // begin to end
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_BASE_GRAPHMEMORY_H
