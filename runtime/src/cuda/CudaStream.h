//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Streams of a GPU.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_CUDASTREAM_H
#define CAPSTAN_RT_CUDA_CUDASTREAM_H

#include "cuda/CudaGraph.h"
#include "cuda/Flights.h"

namespace capstan::rt {

class CudaStream final : public Stream {
public:
  CudaStream(CudaDevice &device, CUstream stream, bool owned);
  ~CudaStream() override;

  void *native() override { return handle->stream; }
  int32_t allocate(int64_t bytes, int64_t alignment, Block *block) override;
  int32_t allocateHost(int64_t bytes, int64_t alignment, Block *block) override;

  int32_t copy(const FailureRef &failure, void *destination, const void *source,
               int64_t bytes) override;
  int32_t stage(const FailureRef &failure,
                const std::vector<Part> &parts) override;
  int32_t toDevice(const FailureRef &failure, void *destination,
                   const void *source, int64_t bytes) override;
  int32_t launch(const FailureRef &failure, const capstan_rt_kernel_info *info,
                 capstan_rt_kernel kernel, const void *arguments, int64_t bytes,
                 int64_t extent) override;
  int32_t launchGpu(const FailureRef &failure,
                    const GpuLaunch &launch) override;
  int32_t gemm(const FailureRef &failure, const capstan_rt_gemm_desc &desc,
               const void *a, const void *b, void *c) override;
  int32_t groupedGemm(const FailureRef &failure,
                      const capstan_rt_gemm_desc &desc, const void *a,
                      const void *b, const int32_t *offsets, void *c) override;
  int32_t attention(const FailureRef &failure,
                    const capstan_rt_attention_desc &desc,
                    const AttentionArguments &tensors) override;
  int32_t check(const FailureRef &failure, const uint8_t *condition,
                const char *message, const char *location) override;
  int32_t fetch(const FailureRef &failure, int64_t count,
                const capstan_rt_part *parts, bool poison,
                Fetch **fetch) override;
  int32_t callback(const char *op, std::unique_ptr<Callback> callback) override;

  int32_t synchronize() override;
  bool query() override;
  int32_t record(Event &event) override;
  int32_t wait(Event &event) override;

  bool capturing() override;
  int32_t beginCapture(Ref<MemoryPool> memory,
                       const ReplayLimits &limits) override;
  int32_t endCapture(Graph **graph) override;
  int32_t refuseInCapture(const char *op, const char *what,
                          const char *location) override;
  void captureCall(Module &module) override;
  int32_t replay(Graph &graph, const FailureRef &failure,
                 const ReplayParts &parts) override;
  int32_t waitReplays(Graph &graph) override;

private:
  class Traced;

  /// The graph that work is recorded for, or null; fails if the capture was
  /// discarded.
  int32_t recording(Ref<CudaGraph> &recorded) {
    return captured.load(std::memory_order_acquire) ? lookUp(recorded)
                                                    : int32_t(CAPSTAN_RT_OK);
  }
  int32_t lookUp(Ref<CudaGraph> &recorded);
  int32_t discarded() { return report(whyDiscarded); }
  void abandonCapture();

  // For work that has just been enqueued, or recorded for `recorded`.
  void keep(CudaGraph *recorded, Ref<RefCounted> object);
  void cover(CudaGraph *recorded, const FailureRef &failure);
  /// Where work says that it failed.
  int32_t stateFor(CudaGraph *recorded, const FailureRef &failure,
                   FailureState *&state);
  int32_t unsupported(const char *op, const char *location, const char *what);
  /// Fills c of an empty sum.
  int32_t zero(const capstan_rt_gemm_desc &desc, void *c);
  /// Memory for a library's work that is enqueued next, of the graph if there
  /// is one.
  int32_t workspaceFor(CudaGraph *recorded, int64_t bytes, Block &own,
                       void **memory);
  /// Has lengths and offsets of documents computed, unless the forward has
  /// them; in memory of the forward's, or else `own`.
  int32_t prepareLengths(CudaGraph *recorded, const FailureRef &failure,
                         const capstan_rt_attention_desc &desc,
                         const AttentionPlan &plan,
                         const AttentionArguments &arguments, Block &own,
                         capstan_cudnn_tensors &tensors, void *&table);
  int32_t attendByLibrary(CudaGraph *recorded,
                          const capstan_rt_attention_desc &desc,
                          const AttentionPlan &plan,
                          const AttentionArguments &arguments,
                          const capstan_cudnn_tensors &tensors);
  /// Has lengths of documents copied to the host, for a trace.
  int32_t readLengths(const capstan_rt_attention_desc &desc,
                      const AttentionArguments &arguments,
                      Ref<TracedLengths> &read);

  CudaDevice &gpu;
  const Ref<StreamHandle> handle;
  const Ref<StreamPool> pool;
  const Ref<PinnedPool> hostPool;
  const Ref<Flights> flights;
  GpuClock clock;

  std::mutex workspaceMutex; // from finding the workspace to enqueuing its use
  Block workspace;

  std::mutex mutex; // of the capture
  std::atomic<bool> captured{false};
  Ref<CudaGraph> graph; // null once the capture is discarded
  Error whyDiscarded;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_CUDASTREAM_H
