//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The kinds of work that streams do.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_HOST_WORKS_H
#define CAPSTAN_RT_HOST_WORKS_H

#include "host/Worker.h"

#include <vector>

namespace capstan::rt {

/// A read under way; see capstan_rt_fetch.
class HostFetch final : public Fetch {
public:
  HostFetch(HostDevice &device, Ref<Timeline> timeline, FailureRef failure,
            int64_t count, const capstan_rt_part *parts);

  int32_t wait() override;
  bool writes(const void *memory, int64_t bytes) const override;
  /// Fills the destinations, so that using them too early shows.
  void poison();
  /// Reads the sources; runs on the stream.
  void gather();

  Timeline::Ticket ticket = 0;
  const FailureRef failure;

private:
  Ref<HostDevice> device;
  Ref<Timeline> timeline;
  std::vector<capstan_rt_part> parts;
  std::vector<char> staging;
};

std::unique_ptr<Work> makeFill(void *memory, int64_t bytes);
std::unique_ptr<Work> makeCopy(FailureRef failure, void *destination,
                               const void *source, int64_t bytes);
std::unique_ptr<Work> makeToDevice(FailureRef failure, void *destination,
                                   const void *source, int64_t bytes);
std::unique_ptr<Work> makeLaunch(FailureRef failure,
                                 const capstan_rt_kernel_info *info,
                                 capstan_rt_kernel kernel,
                                 const void *arguments, int64_t bytes,
                                 int64_t extent);
std::unique_ptr<Work> makeCheck(FailureRef failure, const uint8_t *condition,
                                const char *message, const char *location);
std::unique_ptr<Work> makeFetch(Ref<HostFetch> fetch);
std::unique_ptr<Work> makeCallback(const char *op,
                                   std::unique_ptr<Callback> callback);
std::unique_ptr<Work> makeWait(Ref<Timeline> timeline, Timeline::Ticket ticket);

int32_t makeGemm(HostDevice &device, FailureRef failure,
                 const capstan_rt_gemm_desc &desc, const void *a, const void *b,
                 void *c, std::unique_ptr<Work> &work);
int32_t makeGroupedGemm(HostDevice &device, FailureRef failure,
                        const capstan_rt_gemm_desc &desc, const void *a,
                        const void *b, const int32_t *offsets, void *c,
                        std::unique_ptr<Work> &work);
/// A product at once, on the device's threads; its type is a float's.
void runGemm(HostDevice &device, const Blas &blas,
             const capstan_rt_gemm_desc &desc, const void *a, const void *b,
             void *c);
int32_t makeAttention(HostDevice &device, FailureRef failure,
                      const capstan_rt_attention_desc &desc,
                      const AttentionArguments &tensors,
                      std::unique_ptr<Work> &work);

} // namespace capstan::rt

#endif // CAPSTAN_RT_HOST_WORKS_H
