//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Counters: relaxed atomics, one field a line of counters.def.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_BASE_COUNTERS_H
#define CAPSTAN_RT_BASE_COUNTERS_H

#include "base/Api.h"

#include <array>
#include <atomic>
#include <cstddef>

namespace capstan::rt {

enum class Counter {
#define CAPSTAN_RT_COUNTER(NAME, DESCRIPTION) NAME,
#include "capstan_rt/counters.def"
  Count
};

class Counters {
public:
  /// Returns the counter's new value.
  int64_t add(Counter counter, int64_t amount = 1) {
    return value(counter).fetch_add(amount, std::memory_order_relaxed) + amount;
  }
  /// Raises the counter to `amount`.
  void raise(Counter counter, int64_t amount) {
    std::atomic<int64_t> &current = value(counter);
    int64_t seen = current.load(std::memory_order_relaxed);
    while (seen < amount && !current.compare_exchange_weak(
                                seen, amount, std::memory_order_relaxed))
      ;
  }
  /// Takes over every value of `other`.
  void assign(const Counters &other);
  /// Fails if the caller's struct is not the one of this version.
  int32_t read(capstan_rt_counters *counters) const;

private:
  std::atomic<int64_t> &value(Counter counter) {
    return values[static_cast<size_t>(counter)];
  }

  std::array<std::atomic<int64_t>, static_cast<size_t>(Counter::Count)>
      values{};
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_BASE_COUNTERS_H
