//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// How far a stream has got, for those who wait, and the error that nobody has
// asked for yet. Outlives the stream if events or fetches still refer to it.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_HOST_TIMELINE_H
#define CAPSTAN_RT_HOST_TIMELINE_H

#include "base/Error.h"
#include "base/RefCounted.h"

#include <condition_variable>
#include <mutex>

namespace capstan::rt {

class Timeline final : public RefCounted {
public:
  /// Tickets count the work of a stream from 1; 0 is done from the start.
  using Ticket = uint64_t;

  void wait(Ticket ticket);
  bool reached(Ticket ticket);
  /// The next piece of work is done.
  void advance();

  /// Keeps the error for the next synchronization, if it is the first.
  void setPending(Error error, Ref<Failure> owner);
  /// Reports the error, once. OK if there is none.
  int32_t reportPending();
  /// The owner's error was reported otherwise.
  void dropPending(const Failure *owner);

private:
  std::mutex mutex;
  std::condition_variable advanced;
  Ticket completed = 0;
  Error pending;
  Ref<Failure> pendingOwner;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_HOST_TIMELINE_H
