//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Reads under way. The stream gathers the parts in staging memory; only the
// wait writes the destinations.
//
//===----------------------------------------------------------------------===//

#include "host/Works.h"

#include <cstring>

using namespace capstan::rt;

HostFetch::HostFetch(HostDevice &device, Ref<Timeline> timeline,
                     FailureRef failure, int64_t count,
                     const capstan_rt_part *parts)
    : failure(std::move(failure)), device(Ref<HostDevice>::share(&device)),
      timeline(std::move(timeline)), parts(parts, parts + count) {
  int64_t bytes = 0;
  for (const capstan_rt_part &part : this->parts)
    bytes += part.bytes;
  staging.resize(bytes);
}

void HostFetch::poison() {
  for (const capstan_rt_part &part : parts)
    if (part.bytes)
      memset(part.destination, CAPSTAN_RT_POISON, part.bytes);
}

void HostFetch::gather() {
  char *to = staging.data();
  for (const capstan_rt_part &part : parts)
    if (part.bytes) {
      memcpy(to, part.source, part.bytes);
      to += part.bytes;
    }
}

int32_t HostFetch::wait() {
  TraceScope span(device->trace, "wait", "fetch");
  timeline->wait(ticket);
  if (failure->failed()) {
    timeline->dropPending(failure.get());
    return report(failure->get());
  }
  const char *from = staging.data();
  for (const capstan_rt_part &part : parts)
    if (part.bytes) {
      memcpy(part.destination, from, part.bytes);
      from += part.bytes;
    }
  return CAPSTAN_RT_OK;
}

bool HostFetch::writes(const void *memory, int64_t bytes) const {
  auto begin = reinterpret_cast<uintptr_t>(memory);
  for (const capstan_rt_part &part : parts) {
    auto at = reinterpret_cast<uintptr_t>(part.destination);
    if (part.bytes && at < begin + bytes && begin < at + part.bytes)
      return true;
  }
  return false;
}

namespace {
class Gather final : public Work {
public:
  explicit Gather(Ref<HostFetch> fetch)
      : Work(fetch->failure, "fetch", "fetch"), fetch(std::move(fetch)) {}
  MaybeError run(Worker &) override {
    fetch->gather();
    return nullptr;
  }

private:
  Ref<HostFetch> fetch;
};
} // namespace

std::unique_ptr<Work> capstan::rt::makeFetch(Ref<HostFetch> fetch) {
  return std::make_unique<Gather>(std::move(fetch));
}
