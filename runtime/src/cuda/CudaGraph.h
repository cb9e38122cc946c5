//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Graphs of a GPU.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_CUDAGRAPH_H
#define CAPSTAN_RT_CUDA_CUDAGRAPH_H

#include "cuda/GraphNodes.h"
#include "cuda/ReplayRing.h"

namespace capstan::rt {

class CudaGraph final : public Graph {
public:
  CudaGraph(CudaDevice &device, Ref<MemoryPool> pool);
  ~CudaGraph() override;
  /// Takes what replays need besides the pool's memory.
  int32_t open(const ReplayLimits &limits);

  // While it is captured.
  void keep(Ref<RefCounted> object);
  void add(Module &module);
  const Ref<MemoryPool> &memory() { return pool; }
  GraphNodes &recordedNodes() { return parts; }
  /// Makes what the driver has recorded runnable, and takes it over.
  int32_t instantiate(CUgraph recording);

  Device &device() override { return *owner; }
  int64_t nodes() const override { return count; }
  int64_t bytes() const override { return pool->bytes(); }
  void countReplay() override;
  bool move(const void *from, int64_t bytes, const void *to) override;

  /// Launches a replay, whose failures go to `record` if there can be any.
  int32_t launch(const Ref<StreamHandle> &stream, const ReplayParts &parts,
                 CUdeviceptr record);
  /// What comes next on the stream runs after all replays of a region's graph.
  int32_t wait(const StreamHandle &stream);

  /// Of all its work; has a state if something in it may fail.
  const FailureRef failure;
  /// Of calls of libraries, which run one after the other.
  Block workspace;
  /// Memory that no work but one call will use, since what the call first sets
  /// there can then be set with that of other calls. Null if it is too much.
  void *ownWorkspace(int64_t bytes);

private:
  Ref<CudaDevice> owner;
  Ref<MemoryPool> pool;
  std::mutex mutex;
  std::vector<Ref<RefCounted>> kept; // modules, and what copies read
  std::vector<Counters *> counters;  // of the modules and the device
  std::vector<Block> own;            // has workspaces, one behind the other
  int64_t ownLeft = 0, ownBytes = 0; // of the last block, and of all
  GraphNodes parts;
  ReplayRing ring;
  bool tells = false;         // it has the ring's kernels
  CUgraph recorded = nullptr; // its nodes name those of `exec`
  CUgraphExec exec = nullptr;
  int64_t count = 0;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_CUDAGRAPH_H
