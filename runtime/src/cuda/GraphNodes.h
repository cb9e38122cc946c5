//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The nodes of a graph whose addresses can change: kernels that say which of
// their arguments are addresses, and copies. Libraries hide theirs.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_GRAPHNODES_H
#define CAPSTAN_RT_CUDA_GRAPHNODES_H

#include "cuda/CudaCode.h"

namespace capstan::rt {

class GraphNodes {
public:
  explicit GraphNodes(CudaDevice &device) : device(device) {}

  // What has just been recorded on the stream.
  void addKernel(CUstream stream, const CudaKernel &kernel);
  void addCopy(CUstream stream) { copies.push_back({last(stream), {}}); }
  /// Work whose addresses are not known.
  void addHidden() { hides = true; }

  /// See Graph::move. The nodes' graph still exists.
  bool move(CUgraphExec exec, const void *from, int64_t bytes, const void *to);

  /// What is recorded next on the stream is a call of a library, and no other
  /// work of the graph uses this memory.
  void addCall(CUstream stream, const void *memory, int64_t bytes) {
    calls.push_back({last(stream), reinterpret_cast<CUdeviceptr>(memory),
                     static_cast<CUdeviceptr>(bytes)});
  }

  /// Makes nodes that set memory kernels. The driver launches a graph of
  /// kernels alone in one piece; each other node costs the host a microsecond.
  /// What calls of libraries set first in memory of their own is set by one
  /// kernel, before all other nodes.
  CUresult fillByKernels(CUgraph graph);

private:
  struct Call {
    CUgraphNode before;
    CUdeviceptr memory, bytes;
  };
  using Fill = RuntimeKernels::Fill;

  bool isMemset(CUgraphNode node) const;
  bool readFill(CUgraphNode memset, Fill &fill) const;
  /// Takes the call's first nodes out of the graph, those that do nothing but
  /// set memory of its own.
  CUresult takeFills(CUgraph graph, const Call &call, std::vector<Fill> &fills);
  CUresult replaceByKernel(CUgraph graph, CUgraphNode memset) const;

  struct Kernel {
    CUgraphNode node;
    const CudaKernel *kernel;
    CUDA_KERNEL_NODE_PARAMS parameters;
    std::vector<CUdeviceptr> values; // of addresses, as they are now
    std::vector<void *> arguments;   // where the driver or `values` has them
  };
  struct Copy {
    CUgraphNode node;
    CUDA_MEMCPY3D parameters;
  };
  struct Range {
    CUdeviceptr from, bytes, to;
    bool has(CUdeviceptr address) const { return address - from < bytes; }
    void move(CUdeviceptr &address) const {
      if (has(address))
        address += to - from;
    }
  };

  /// The node that was recorded last; null if the driver doesn't say.
  CUgraphNode last(CUstream stream) const;
  /// Asks the driver, once, what it has recorded.
  bool look();
  bool look(Kernel &kernel);
  static bool uses(const Kernel &kernel, const Range &range);
  static bool uses(const Copy &copy, const Range &range);
  bool move(CUgraphExec exec, Kernel &kernel, const Range &range);
  bool move(CUgraphExec exec, Copy &copy, const Range &range);

  CudaDevice &device;
  std::vector<Kernel> kernels;
  std::vector<Copy> copies;
  std::vector<Call> calls;
  bool hides = false, looked = false;
};

/// The nodes that `list` has of the graph: cuGraphGetNodes, or
/// cuGraphGetRootNodes.
CUresult listNodes(decltype(Driver::cuGraphGetNodes) list, CUgraph graph,
                   std::vector<CUgraphNode> &nodes);

/// Lets all other nodes of the graph depend on one that has no edges.
CUresult putFirst(const Driver &driver, CUgraph graph, CUgraphNode node);

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_GRAPHNODES_H
