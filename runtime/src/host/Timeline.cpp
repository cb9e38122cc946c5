//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "host/Timeline.h"

using namespace capstan::rt;

void Timeline::wait(Ticket ticket) {
  std::unique_lock<std::mutex> lock(mutex);
  advanced.wait(lock, [&] { return completed >= ticket; });
}

bool Timeline::reached(Ticket ticket) {
  std::lock_guard<std::mutex> lock(mutex);
  return completed >= ticket;
}

void Timeline::advance() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    ++completed;
  }
  advanced.notify_all();
}

void Timeline::setPending(Error error, Ref<Failure> owner) {
  std::lock_guard<std::mutex> lock(mutex);
  if (pending.code)
    return;
  pending = std::move(error);
  pendingOwner = std::move(owner);
}

int32_t Timeline::reportPending() {
  Error error;
  Ref<Failure> owner; // released outside the lock: it may unload a module
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (!pending.code)
      return CAPSTAN_RT_OK;
    error = std::exchange(pending, {});
    owner = std::exchange(pendingOwner, nullptr);
  }
  return report(std::move(error));
}

void Timeline::dropPending(const Failure *owner) {
  Ref<Failure> dropped;
  std::lock_guard<std::mutex> lock(mutex);
  if (pendingOwner.get() != owner)
    return;
  pending = {};
  dropped = std::exchange(pendingOwner, nullptr);
}
