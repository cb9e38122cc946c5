//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// A place in a stream's work.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_HOST_HOSTEVENT_H
#define CAPSTAN_RT_HOST_HOSTEVENT_H

#include "host/HostDevice.h"
#include "host/Timeline.h"

namespace capstan::rt {

class HostEvent final : public Event {
public:
  explicit HostEvent(HostDevice &device) : Event(&device) {}

  int32_t synchronize() override;
  bool query() override;
  void record(Ref<Timeline> timeline, Timeline::Ticket ticket);

  struct Point {
    Ref<Timeline> timeline; // null: never recorded
    Timeline::Ticket ticket = 0;
  };
  Point point();

private:
  std::mutex mutex;
  Point recorded;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_HOST_HOSTEVENT_H
