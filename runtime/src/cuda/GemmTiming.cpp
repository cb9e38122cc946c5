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
#include "cuda/Timing.h"

#include <algorithm>

using namespace capstan::rt;

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

/// Each run begins with a cache that holds nothing of the matrices: a model's
/// next weights aren't there either, and the fastest of what is there is often
/// another one.
float Gemms::time(const GemmPlan &plan, const GemmTensors &tensors,
                  void *workspace, CUdeviceptr evicting, int64_t cacheBytes,
                  CUstream stream) {
  return leastTime(
      device, "gemm", stream,
      [&] { device.driver().cuMemsetD8Async(evicting, 0, cacheBytes, stream); },
      [&] { return run(plan, tensors, workspace, stream); });
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
