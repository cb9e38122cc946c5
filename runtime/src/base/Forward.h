//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// One run of an entry: what it owns, counts, and has under way.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_BASE_FORWARD_H
#define CAPSTAN_RT_BASE_FORWARD_H

#include "base/Module.h"

#include <unordered_map>
#include <vector>

namespace capstan::rt {
class GraphRegion;
} // namespace capstan::rt

struct capstan_rt_forward {
  using Counter = capstan::rt::Counter;

  /// Memory of `alloc` or `host_alloc`.
  struct Owned {
    capstan::rt::Block block;
    int64_t bytes;
    bool host;
  };

  capstan_rt_stream &caller;
  /// Where work goes: the caller's stream, or one that records the region.
  capstan_rt_stream *stream = &caller;
  capstan_rt_module &module;
  /// Shared with the work of this forward; inside a region that is captured,
  /// with the graph's.
  capstan::rt::FailureRef failure;
  capstan::rt::Counters counters;
  /// Whether an entry point said why this forward fails.
  bool explained = false;
  /// The graph region whose body runs, or null; and whether it runs to become a
  /// graph, so that this forward has the module's graph pool.
  capstan::rt::GraphRegion *region = nullptr;
  bool hasPool = false;
  /// Copies of inputs that the region's body reads.
  std::vector<void *> inputCopies;
  /// When it used the pool first; 0: not yet.
  uint64_t poolSince = 0;

  /// The current device when this forward changed it first; -1: it has not.
  int32_t deviceBefore = -1;
  /// The device that it made current, if that isn't the stream's; else -1.
  int32_t elsewhere = -1;

  capstan_rt_forward(capstan_rt_stream &stream, capstan_rt_module &module);
  /// Releases what the entry left, and leaves the counters with the module.
  ~capstan_rt_forward();

  int32_t allocate(int64_t bytes, int64_t alignment, bool host, void **memory);
  int32_t free(void *memory, bool host);
  /// Takes memory out of the forward; an empty block if it isn't the forward's.
  /// `host` says which kind it was.
  capstan::rt::Block take(void *memory, bool *host);
  bool owns(void *memory) const { return owned.count(memory); }
  /// Whether `address` is inside memory of this forward.
  bool holds(const void *address) const;

  // Work that may take memory of its own.
  int32_t gemm(const capstan_rt_gemm_desc &desc, const void *a, const void *b,
               void *c);
  int32_t attention(const capstan_rt_attention_desc &desc,
                    const capstan::rt::AttentionArguments &tensors);

  int32_t startFetch(int64_t count, const capstan_rt_part *parts, bool poison,
                     capstan_rt_fetch **fetch);
  int32_t waitFetch(capstan_rt_fetch *fetch, Counter kind);
  int32_t releaseFetch(capstan_rt_fetch *fetch);

  int32_t setDevice(int64_t ordinal);
  /// Makes the device current that was so at the start.
  void restoreDevice();
  /// An error while a device is current whose work this stream doesn't do.
  int32_t here(const char *op) {
    return elsewhere < 0 ? int32_t(CAPSTAN_RT_OK) : failElsewhere(op);
  }

  /// Counts for this forward, its module and its device.
  void count(Counter counter, int64_t amount = 1);
  /// Remembers that the thread's last error is about this forward.
  int32_t done(int32_t code);
  int32_t fail(int32_t code, capstan::rt::Where where, std::string message);

private:
  struct Running {
    capstan::rt::Ref<capstan_rt_fetch> fetch;
    int64_t bytes;
  };
  int32_t failElsewhere(const char *op);
  Running *find(capstan_rt_fetch *fetch);
  /// Enqueues what takes memory first; without the graph if that has none left.
  template <typename Work> int32_t orWithoutGraph(Work enqueue);
  int32_t allocateDevice(int64_t bytes, int64_t alignment,
                         capstan::rt::Block *block);
  /// An error if work is recorded, which `what` can't be.
  int32_t refuseInCapture(const char *op, const char *what);

  std::unordered_map<void *, Owned> owned;
  std::vector<Running> fetches;
  int64_t live = 0;
};

#endif // CAPSTAN_RT_BASE_FORWARD_H
