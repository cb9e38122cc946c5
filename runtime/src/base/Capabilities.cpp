//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/Capabilities.h"
#include "base/Backend.h"

#include <chrono>
#include <thread>
#include <unistd.h>

using namespace capstan::rt;

bool CapabilityTables::claim(Slot &slot) {
  const int64_t self = getpid();
  for (;;) {
    int64_t state = slot.state.load(std::memory_order_acquire);
    if (state == full)
      return false;
    // Of another process: it was forked while a thread filled the table.
    if (state != self && slot.state.compare_exchange_strong(
                             state, self, std::memory_order_acquire))
      return true;
    std::this_thread::sleep_for(std::chrono::microseconds(10));
  }
}

int32_t capstan_rt_device::checkOrdinal(const char *op, int64_t ordinal) const {
  if (ordinal >= 0 && ordinal < deviceCount())
    return CAPSTAN_RT_OK;
  return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op, nullptr, name()},
              format("no device %lld: there are %d",
                     static_cast<long long>(ordinal), deviceCount()));
}

int32_t
capstan_rt_device::capabilitiesOf(const char *op, int64_t ordinal,
                                  const capstan_rt_capabilities *&table) {
  CAPSTAN_RT_TRY(checkOrdinal(op, ordinal));
  return capabilityTables().get(
      static_cast<int32_t>(ordinal), table, [&](capstan_rt_capabilities &read) {
        counters.add(Counter::capability_queries);
        return readCapabilities(static_cast<int32_t>(ordinal), read);
      });
}

int32_t capstan_rt_device_count(const capstan_rt_device *device,
                                int32_t *count) {
  if (!device || !count)
    return nullPointer("device_count");
  *count = device->deviceCount();
  return CAPSTAN_RT_OK;
}

int32_t capstan_rt_device_set_current(capstan_rt_device *device,
                                      int32_t ordinal) {
  const char *op = "device_set_current";
  if (!device)
    return nullPointer(op);
  CAPSTAN_RT_TRY(device->checkOrdinal(op, ordinal));
  bool changed = false;
  CAPSTAN_RT_TRY(device->setCurrentDevice(ordinal, changed));
  if (changed)
    device->counters.add(Counter::set_device_calls);
  return CAPSTAN_RT_OK;
}

int32_t capstan_rt_device_get_current(capstan_rt_device *device,
                                      int32_t *ordinal) {
  if (!device || !ordinal)
    return nullPointer("device_get_current");
  return device->currentDevice(*ordinal);
}

int32_t capstan_rt_device_capabilities(capstan_rt_device *device,
                                       int32_t ordinal,
                                       capstan_rt_capabilities *capabilities) {
  const char *op = "device_capabilities";
  if (!device || !capabilities)
    return nullPointer(op);
  if (capabilities->size != sizeof(*capabilities))
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op, nullptr, device->name()},
                format("capabilities of %lld bytes; this runtime's have %zu",
                       static_cast<long long>(capabilities->size),
                       sizeof(*capabilities)));
  const capstan_rt_capabilities *table;
  CAPSTAN_RT_TRY(device->capabilitiesOf(op, ordinal, table));
  *capabilities = *table;
  return CAPSTAN_RT_OK;
}
