//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// How replays of a graph are told what to copy. The first and the last kernel
// of the graph read that from slots of pinned memory, which take turns: a
// replay is one call of the driver.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_REPLAYRING_H
#define CAPSTAN_RT_CUDA_REPLAYRING_H

#include "cuda/StreamPool.h"

namespace capstan::rt {

class ReplayRing {
public:
  explicit ReplayRing(CudaDevice &device) : device(device) {}
  ~ReplayRing();
  /// Takes the memory.
  int32_t open(const ReplayLimits &limits);
  /// Adds the two kernels. What fails in `record`, unless that is 0, is told to
  /// each replay's own record.
  CUresult addNodes(CUgraph graph, CUdeviceptr record);

  /// Launches `exec`, which is of a graph with the two kernels. Waits if no
  /// slot is free.
  int32_t launch(CUgraphExec exec, const Ref<StreamHandle> &stream,
                 const ReplayParts &parts, CUdeviceptr record);
  /// What comes next on the stream runs after all replays so far.
  int32_t wait(const StreamHandle &stream);

private:
  static constexpr uint64_t slots = 128, half = slots / 2;

  /// Waits until the replays that had the next half of the slots are done.
  int32_t waitForHalf(CUevent done);
  void fill(uint64_t *slot, const ReplayParts &parts, CUdeviceptr record) const;

  CudaDevice &device;
  ReplayLimits limits = {};
  RuntimeKernels::Replay kernels = {};
  Block memory; // of the slots
  int64_t stateBytes = 0;

  std::mutex mutex; // replays run in the order of their slots
  uint64_t launched = 0;
  CUevent done[2] = {};   // behind the last replay of each half
  Ref<StreamHandle> last; // the stream of the last replay
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_REPLAYRING_H
