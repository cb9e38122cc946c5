//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The runtime's own kernels: copies of some parts at once, and what is done
// with failure records.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_RUNTIMEKERNELS_H
#define CAPSTAN_RT_CUDA_RUNTIMEKERNELS_H

#include "base/Backend.h"
#include "cuda/Driver.h"

namespace capstan::rt {
class CudaDevice;

class RuntimeKernels {
public:
  /// Parts that one launch copies.
  static constexpr int mostParts = 16;
  struct Part {
    void *destination; // on the device, or pinned
    uint64_t source;   // an address there, or a number of at most 8 bytes
    uint64_t bytes;
    uint64_t number; // whether it is one

    /// Reads a number of the host now.
    static Part of(const rt::Part &part);
  };
  struct Parts {
    Part part[mostParts];
  };
  /// Memory that is set to the first `element` bytes of a value, repeated.
  struct Fill {
    CUdeviceptr memory;
    uint64_t bytes;
    uint32_t value, element;
  };
  /// Fills that one node does.
  static constexpr size_t mostFills = 160;
  /// What the kernels at both ends of a replay work with.
  struct Replay {
    uint64_t slots; // pinned: each has a head, and then parts of inputs
    uint64_t mask;  // the counter's bits that choose one
    uint64_t slotBytes, headBytes;
    /// Counters of replays and of blocks, then what the replay's slot says.
    CUdeviceptr state;
    CUdeviceptr record; // of the graph's failures; or 0
    uint64_t done;      // pinned: how many replays are
    static constexpr int64_t counterBytes = 16;
  };

  /// Cumulative lengths of documents, and what is to be known of them. Without
  /// a unit: bytes, and addresses on the device.
  struct Lengths {
    CUdeviceptr record;
    uint64_t code; // of the first of four checks of queries, then of keys
    const int32_t *sumsQ, *sumsK;
    const int32_t *lengthsQ, *lengthsK; // i32, written
    const void *starts[5]; // i32, or i64 if `wide`; of q, k, v, out, logsumexp
    int64_t units[5];      // of a token in these
    int64_t documents, slots;
    int64_t tokensQ, tokensK, longestQ, longestK;
    uint64_t wide;
  };

  /// Lengths as above, and results of attention.
  struct Keyless {
    const int32_t *lengthsQ, *lengthsK;
    const void *starts; // of documents in out
    void *out;          // of elements of 16 bits
    int64_t unit;
    const void *sumStarts;
    float *sums; // or null
    int64_t heads, stride;
    uint64_t wide;
  };

  explicit RuntimeKernels(CudaDevice &device) : device(device) {}
  int32_t load();
  void unload();

  /// Copies the first `count` parts, which don't overlap.
  int32_t copy(const char *op, CUstream stream, int count, Parts &parts) const;
  /// A node of a graph that sets memory.
  CUresult fillNode(CUgraph graph, const Fill *fills, size_t count,
                    CUgraphNode &node) const;
  // Nodes at both ends of a graph, for replays within the limits: the first,
  // the one that copies inputs, and the last.
  CUresult beginNode(CUgraph graph, Replay &replay, CUgraphNode &node) const;
  CUresult copyNode(CUgraph graph, const Replay &replay,
                    const ReplayLimits &limits, CUgraphNode &node) const;
  CUresult endNode(CUgraph graph, const std::vector<CUgraphNode> &after,
                   Replay &replay, const ReplayLimits &limits) const;
  /// Clears a failure record and its mirror.
  int32_t reset(CUstream stream, CUdeviceptr record) const;
  /// Fails with a code if the byte is 0.
  int32_t check(CUstream stream, CUdeviceptr record, const uint8_t *condition,
                uint64_t code) const;
  /// Writes lengths and starts of `slots` documents, of which those behind
  /// `documents` are empty.
  int32_t lengths(CUstream stream, Lengths &lengths) const;
  /// Gives documents that have queries and no keys their results.
  int32_t keyless(CUstream stream, int64_t documents, Keyless &keyless) const;

private:
  int32_t launch(const char *op, CUfunction function, unsigned blocks,
                 unsigned threads, CUstream stream, void **arguments,
                 unsigned blocksY = 1) const;
  CUresult addNode(CUgraph graph, const std::vector<CUgraphNode> &after,
                   CUfunction function, unsigned blocks, unsigned blocksY,
                   void **arguments, CUgraphNode &node) const;

  CudaDevice &device;
  CUmodule module = nullptr;
  CUfunction copyParts = nullptr, fillMemory = nullptr, resetRecord = nullptr,
             checkByte = nullptr, sumLengths = nullptr, clearKeyless = nullptr,
             beginReplay = nullptr, copyReplay = nullptr, endReplay = nullptr;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_RUNTIMEKERNELS_H
