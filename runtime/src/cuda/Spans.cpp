//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/Spans.h"

using namespace capstan::rt;
using std::chrono::seconds;

/// The driver gives milliseconds as a float: after longer it is less exact than
/// a microsecond.
static constexpr seconds longest(8);

GpuClock::GpuClock() : track(Trace::newTrack()) {}

bool GpuClock::begin(CudaDevice &device, CUstream stream, GpuSpan &span) {
  const Driver &cu = device.driver();
  Relaxed relaxed(device);
  std::lock_guard<std::mutex> lock(mutex);
  if (!origin || Trace::Clock::now() - origin->at > longest) {
    // Waits once in a while, and only while a trace runs.
    auto point = Ref<ClockPoint>::adopt(new ClockPoint(device));
    if (device.timers.take("trace", point->event) ||
        cu.cuEventRecord(point->event, stream) ||
        cu.cuEventSynchronize(point->event))
      return false;
    point->at = Trace::Clock::now();
    origin = point;
  }
  span.origin = origin;
  span.track = track;
  if (device.timers.take("trace", span.begin))
    return false;
  return !cu.cuEventRecord(span.begin, stream);
}

bool GpuClock::end(CudaDevice &device, CUstream stream, GpuSpan &span) {
  return !device.timers.take("trace", span.end) &&
         !device.driver().cuEventRecord(span.end, stream);
}

void GpuSpan::finish(CudaDevice &device) {
  auto at = [&](CUevent event) {
    float ms = 0;
    device.driver().cuEventElapsedTime(&ms, origin->event, event);
    return origin->at + std::chrono::duration_cast<Trace::Clock::duration>(
                            std::chrono::duration<double, std::milli>(ms));
  };
  device.trace.add(category, name.c_str(), location.c_str(), at(begin), at(end),
                   track, /*device=*/-1,
                   lengths ? lengths->amount() : std::move(amount));
  device.timers.give(begin);
  device.timers.give(end);
}
