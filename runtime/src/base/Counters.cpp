//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/Counters.h"
#include "base/Backend.h"
#include "base/Module.h"

using namespace capstan::rt;

void Counters::assign(const Counters &other) {
  for (size_t i = 0; i < values.size(); ++i)
    values[i].store(other.values[i].load(std::memory_order_relaxed),
                    std::memory_order_relaxed);
}

int32_t Counters::read(capstan_rt_counters *counters) const {
  if (!counters || counters->size != sizeof(*counters))
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {"counters"},
                "the struct is null, or its size is unknown");
  counters->version = CAPSTAN_RT_COUNTERS_VERSION;
  size_t i = 0;
#define CAPSTAN_RT_COUNTER(NAME, DESCRIPTION)                                  \
  counters->NAME = values[i++].load(std::memory_order_relaxed);
#include "capstan_rt/counters.def"
  return CAPSTAN_RT_OK;
}

static int32_t nullHandle() {
  return fail(CAPSTAN_RT_INVALID_ARGUMENT, {"counters"}, "null handle");
}

int32_t capstan_rt_device_counters(const capstan_rt_device *device,
                                   capstan_rt_counters *counters) {
  return device ? device->counters.read(counters) : nullHandle();
}

int32_t capstan_rt_module_counters(const capstan_rt_module *module,
                                   capstan_rt_counters *counters) {
  return module ? module->counters.read(counters) : nullHandle();
}

int32_t capstan_rt_module_last_forward(const capstan_rt_module *module,
                                       capstan_rt_counters *counters) {
  return module ? module->readLastForward(counters) : nullHandle();
}

const char *capstan_rt_counter_name(int32_t index, const char **description) {
  static const char *const table[][2] = {
#define CAPSTAN_RT_COUNTER(NAME, DESCRIPTION) {#NAME, DESCRIPTION},
#include "capstan_rt/counters.def"
  };
  if (index < 0 || index >= static_cast<int32_t>(std::size(table)))
    return nullptr;
  if (description)
    *description = table[index][1];
  return table[index][0];
}
