//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Traces: what streams and callers did and when, as JSON of Chrome's format, or
// as a table of what took the time.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_BASE_TRACE_H
#define CAPSTAN_RT_BASE_TRACE_H

#include "base/Amount.h"
#include "base/Api.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace capstan::rt {

class Trace {
public:
  using Clock = std::chrono::steady_clock;

  bool running() const { return on.load(std::memory_order_relaxed); }
  /// Whether pieces of work are wanted one by one: graphs hide theirs.
  bool profiling() const {
    return profile.load(std::memory_order_relaxed) && running();
  }
  int32_t start(bool profile);
  int32_t stop(const char *path);
  /// The table of a profile; lives until the next one.
  int32_t stopProfile(Device &device, const char **table);
  /// Copies the strings: a module may be gone when the trace is written.
  void add(const char *category, const char *name, const char *location,
           Clock::time_point begin, Clock::time_point end, int32_t device = -1,
           std::optional<Amount> amount = {}) {
    add(category, name, location, begin, end, ofThread(), device,
        std::move(amount));
  }
  /// The same, on another track than that of the thread. Only work of streams
  /// has an amount.
  void add(const char *category, const char *name, const char *location,
           Clock::time_point begin, Clock::time_point end, uint64_t track,
           int32_t device, std::optional<Amount> amount);
  /// A number that no thread has.
  static uint64_t newTrack();

  struct Span {
    std::string name, location;
    const char *category;
    Clock::time_point begin, end;
    uint64_t track;
    int32_t device; ///< that does it; -1: not said
    std::optional<Amount> amount;
  };

private:
  static uint64_t ofThread();
  int32_t take(const char *op, std::vector<Span> &taken);

  std::atomic<bool> on{false}, profile{false};
  std::mutex mutex;
  std::vector<Span> spans;
  Clock::time_point origin;
  std::string table;
};

/// What took the time, and how near that is to what the device can do, which is
/// measured here.
std::string profileTable(Device &device, const std::vector<Trace::Span> &spans);

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
      trace->add(category, name, location, begin,
                 ended == Trace::Clock::time_point() ? Trace::Clock::now()
                                                     : ended,
                 device, std::move(amount));
  }
  bool running() const { return trace; }
  /// Ends the span here. `its` is what was done in it.
  void end(Trace::Clock::time_point at, Amount its) {
    ended = at;
    amount = std::move(its);
  }
  TraceScope(const TraceScope &) = delete;
  TraceScope &operator=(const TraceScope &) = delete;

private:
  Trace *trace;
  const char *category, *name, *location;
  int32_t device;
  Trace::Clock::time_point begin, ended;
  std::optional<Amount> amount;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_BASE_TRACE_H
