//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What work on a GPU takes, for choices between ways to do it.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_TIMING_H
#define CAPSTAN_RT_CUDA_TIMING_H

#include "cuda/CudaDevice.h"

#include <algorithm>

namespace capstan::rt {

/// Milliseconds of a run, where `runs` are enqueued at a time: the least of a
/// few times; negative if one fails.
/// \param[in] before  enqueues what comes before and isn't timed
/// \param[in] run     enqueues the work; 0 if it could
template <typename Before, typename Run>
float leastTime(CudaDevice &device, const char *op, CUstream stream, int times,
                int runs, Before before, Run run) {
  Relaxed relaxed(device); // it waits, and the first run loads kernels
  const Driver &cu = device.driver();
  CUevent begin, end;
  if (device.timers.take(op, begin))
    return -1;
  if (device.timers.take(op, end)) {
    device.timers.give(begin);
    return -1;
  }
  float least = -1;
  bool good = !run(); // the first loads the kernel
  for (int i = 0; good && i < times; ++i) {
    before();
    cu.cuEventRecord(begin, stream);
    for (int j = 0; good && j < runs; ++j)
      good = !run();
    float ms = 0;
    good = good && !cu.cuEventRecord(end, stream) &&
           !cu.cuEventSynchronize(end) &&
           !cu.cuEventElapsedTime(&ms, begin, end);
    least = least < 0 ? ms : std::min(least, ms);
  }
  device.timers.give(begin);
  device.timers.give(end);
  return good ? least / runs : -1;
}

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_TIMING_H
