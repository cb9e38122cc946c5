//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What devices can do: one table for each, filled when it is first asked for.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_BASE_CAPABILITIES_H
#define CAPSTAN_RT_BASE_CAPABILITIES_H

#include "base/Error.h"

#include <atomic>
#include <vector>

namespace capstan::rt {

/// Tables of devices by ordinal. A thread that needs one that another thread is
/// filling waits for it. No lock is held meanwhile: in a process that was
/// forked at that moment, the filling thread is gone, and the next one begins
/// anew.
class CapabilityTables {
public:
  explicit CapabilityTables(int32_t devices) : slots(devices) {}

  int32_t devices() const { return static_cast<int32_t>(slots.size()); }

  /// The table, which `read(table)` fills if nobody has; after an error of
  /// `read`, which is returned, the next thread tries again.
  template <typename Read>
  int32_t get(int32_t ordinal, const capstan_rt_capabilities *&table,
              Read read) {
    Slot &slot = slots[ordinal];
    if (slot.state.load(std::memory_order_acquire) != full && claim(slot)) {
      slot.table = {};
      slot.table.size = sizeof(slot.table);
      int32_t code = read(slot.table);
      slot.state.store(code ? empty : full, std::memory_order_release);
      CAPSTAN_RT_TRY(code);
    }
    table = &slot.table;
    return CAPSTAN_RT_OK;
  }

private:
  static constexpr int64_t empty = 0, full = -1;
  struct Slot {
    /// Or the id of the process that is filling the table.
    std::atomic<int64_t> state{empty};
    capstan_rt_capabilities table;
  };
  /// True if this thread has to fill the table, false once it is full.
  static bool claim(Slot &slot);

  std::vector<Slot> slots;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_BASE_CAPABILITIES_H
