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
#include <cmath>
#include <vector>

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

struct Timed {
  float ms;
  const lt::Heuristic *candidate;
  bool operator<(const Timed &other) const { return ms < other.ms; }
};

/// Operations of a product that alone makes a GPU reach the limit of its power,
/// if it's repeated, and of as many of them as are timed in a row: some 10 us,
/// and 3 ms of an H200.
constexpr double largeProduct = 1e10, sustained = 2e12;
} // namespace

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
  auto time = [&](const lt::Heuristic &candidate, int times, int runs,
                  auto before) {
    GemmPlan tried = plan;
    tried.choice = {candidate.algo, candidate.workspace};
    return leastTime(device, "gemm", stream, times, runs, before, [&] {
      return run(tried, tensors, workspace.get(), stream);
    });
  };
  // Each begins with a cache that holds nothing of the matrices: a model's next
  // weights aren't there either, and the fastest of what is there is often
  // another one.
  auto evict = [&] {
    device.driver().cuMemsetD8Async(
        reinterpret_cast<CUdeviceptr>(evicting.get()), 0, cache, stream);
  };
  std::vector<Timed> timed;
  for (const lt::Heuristic &each : candidates)
    if (float ms = time(each, /*times=*/6, /*runs=*/1, evict); ms >= 0)
      timed.push_back({ms, &each});
  if (timed.empty())
    return;
  std::stable_sort(timed.begin(), timed.end());
  // Large products get as much power as the GPU has, and then another one may
  // be the fastest: of those that are near, many in a row, by turns, since the
  // GPU gets hotter.
  double operations = 2.0 * d.m * d.n * d.k * d.batch;
  if (operations >= largeProduct) {
    while (timed.back().ms > timed.front().ms * 1.06f)
      timed.pop_back();
    for (Timed &each : timed)
      each.ms = 0;
    int runs = std::max(4.0, sustained / operations);
    for (int turn = 0; turn < 4; ++turn)
      for (Timed &each : timed) {
        float ms = time(*each.candidate, /*times=*/1, runs, [] {});
        each.ms += ms < 0 ? INFINITY : ms;
      }
    std::stable_sort(timed.begin(), timed.end());
  }
  const lt::Heuristic &best = *timed.front().candidate;
  plan.choice = {best.algo, best.workspace};
  plan.timed = true;
}
