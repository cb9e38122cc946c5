//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Streams and events of the host.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_HOST_HOSTSTREAM_H
#define CAPSTAN_RT_HOST_HOSTSTREAM_H

#include "host/HostGraph.h"
#include "host/HostPool.h"
#include "host/Worker.h"

namespace capstan::rt {

class HostStream final : public Stream {
public:
  explicit HostStream(HostDevice &device);

  void *native() override { return nullptr; }
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
  /// Runs or records `work`; fails if the capture was discarded.
  int32_t enqueue(std::unique_ptr<Work> work,
                  Timeline::Ticket *ticket = nullptr);
  int32_t discarded();

  HostDevice &host;
  Ref<HostPool> pool, hostPool;

  std::mutex mutex; // of the capture
  bool captured = false;
  Ref<HostGraph> graph; // null once the capture is discarded
  Error whyDiscarded;

  Worker worker; // last: its thread ends before the rest goes
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_HOST_HOSTSTREAM_H
