//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Traces: what streams and callers did and when, as JSON of Chrome's format.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_BASE_TRACE_H
#define CAPSTAN_RT_BASE_TRACE_H

#include "base/Api.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

namespace capstan::rt {

class Trace {
public:
  using Clock = std::chrono::steady_clock;

  bool running() const { return on.load(std::memory_order_relaxed); }
  int32_t start();
  int32_t stop(const char *path);
  /// Copies the strings: a module may be gone when the trace is written.
  void add(const char *category, const char *name, const char *location,
           Clock::time_point begin, Clock::time_point end,
           int32_t device = -1) {
    add(category, name, location, begin, end, ofThread(), device);
  }
  /// The same, on another track than that of the thread.
  void add(const char *category, const char *name, const char *location,
           Clock::time_point begin, Clock::time_point end, uint64_t track,
           int32_t device = -1);
  /// A number that no thread has.
  static uint64_t newTrack();

private:
  struct Span {
    std::string name, location;
    const char *category;
    Clock::time_point begin, end;
    uint64_t track;
    int32_t device; ///< that does it; -1: not said
  };
  static uint64_t ofThread();

  std::atomic<bool> on{false};
  std::mutex mutex;
  std::vector<Span> spans;
  Clock::time_point origin;
};

/// Adds a span from here to the end of the scope, if the trace runs. Names a
/// span of no name by its category.
class TraceScope {
public:
  TraceScope(Trace &trace, const char *category, const char *name = nullptr,
             const char *location = nullptr, int32_t device = -1)
      : trace(trace.running() ? &trace : nullptr), category(category),
        name(name), location(location), device(device) {
    if (this->trace)
      begin = Trace::Clock::now();
  }
  ~TraceScope() {
    if (trace)
      trace->add(category, name, location, begin, Trace::Clock::now(), device);
  }
  TraceScope(const TraceScope &) = delete;
  TraceScope &operator=(const TraceScope &) = delete;

private:
  Trace *trace;
  const char *category, *name, *location;
  int32_t device;
  Trace::Clock::time_point begin;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_BASE_TRACE_H
