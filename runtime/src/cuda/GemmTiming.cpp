//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// How an algorithm of a product is chosen: by its time. The library's order is
// off by up to a quarter.
//
//===----------------------------------------------------------------------===//

#include "base/Dtype.h"
#include "cuda/CudaDevice.h"

#include <algorithm>

using namespace capstan::rt;

/// How often an algorithm is timed.
static constexpr int tries = 6;

namespace {
/// Memory of a stream for a while.
class Scratch {
public:
  Scratch(CudaDevice &device, int64_t bytes, CUstream stream)
      : device(device), bytes(std::max<int64_t>(bytes, 256)), stream(stream),
        memory(device.reserve(this->bytes, stream)) {}
  ~Scratch() {
    if (memory)
      device.unreserve(memory, bytes, stream);
  }
  void *get() const { return memory; }

private:
  CudaDevice &device;
  const int64_t bytes;
  const CUstream stream;
  void *const memory;
};
} // namespace

/// The least time of a few; negative if it doesn't run. Each begins with a
/// cache that holds nothing of the matrices: a model's next weights aren't
/// there either, and the fastest of what is there is often another one.
float Gemms::time(const GemmPlan &plan, const GemmTensors &tensors,
                  void *workspace, CUdeviceptr evicting, int64_t cacheBytes,
                  CUstream stream) {
  const Driver &cu = device.driver();
  CUevent begin, end;
  if (device.timers.take("gemm", begin))
    return -1;
  if (device.timers.take("gemm", end)) {
    device.timers.give(begin);
    return -1;
  }
  float least = -1;
  // The first loads the kernel.
  bool good = !run(plan, tensors, workspace, stream);
  for (int i = 0; good && i < tries; ++i) {
    cu.cuMemsetD8Async(evicting, 0, cacheBytes, stream);
    cu.cuEventRecord(begin, stream);
    good = !run(plan, tensors, workspace, stream);
    float ms = 0;
    good = good && !cu.cuEventRecord(end, stream) &&
           !cu.cuEventSynchronize(end) &&
           !cu.cuEventElapsedTime(&ms, begin, end);
    least = least < 0 ? ms : std::min(least, ms);
  }
  device.timers.give(begin);
  device.timers.give(end);
  return good ? least : -1;
}

void Gemms::choose(const capstan_rt_gemm_desc &d, GemmTensors tensors,
                   CUstream stream,
                   const std::vector<lt::Heuristic> &candidates,
                   GemmPlan &plan) {
  Relaxed relaxed(device);
  size_t most = 0;
  for (const lt::Heuristic &each : candidates)
    most = std::max(most, each.workspace);
  int64_t elements = (d.batch - 1) * d.stride_c + (d.m - 1) * d.ldc + d.n;
  // The result is not the timing's to write.
  Scratch result(device, elements * bytesOf(resultOf(d)), stream);
  Scratch workspace(device, static_cast<int64_t>(most), stream);
  int cache = 0;
  device.driver().cuDeviceGetAttribute(
      &cache, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, device.gpu());
  Scratch evicting(device, cache, stream);
  if (!result.get() || !workspace.get() || !evicting.get())
    return;
  tensors.c = result.get();
  float best = -1;
  for (const lt::Heuristic &each : candidates) {
    GemmPlan tried = plan;
    tried.choice = {each.algo, each.workspace};
    float ms =
        time(tried, tensors, workspace.get(),
             reinterpret_cast<CUdeviceptr>(evicting.get()), cache, stream);
    if (ms >= 0 && (best < 0 || ms < best)) {
      best = ms;
      plan.choice = tried.choice;
    }
  }
  plan.timed = best >= 0;
}
