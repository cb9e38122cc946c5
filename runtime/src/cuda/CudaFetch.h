//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Reads under way: one pinned block, and an event after it is filled.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_CUDAFETCH_H
#define CAPSTAN_RT_CUDA_CUDAFETCH_H

#include "cuda/Flights.h"

namespace capstan::rt {

class CudaFetch final : public Fetch {
public:
  CudaFetch(CudaDevice &device, Ref<Flights> flights, FailureRef failure,
            int64_t count, const capstan_rt_part *parts);
  ~CudaFetch() override;

  /// Enqueues the read.
  int32_t start(PinnedPool &pool, CUstream stream);
  int32_t wait() override;
  bool writes(const void *memory, int64_t bytes) const override;
  /// Fills the destinations, so that using them too early shows.
  void poison();

private:
  int32_t gather(CUstream stream);

  Ref<CudaDevice> device;
  Ref<Flights> flights;
  const FailureRef failure;
  std::vector<capstan_rt_part> parts;
  Block staging; // each part begins at a multiple of 8
  CUevent event = nullptr;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_CUDAFETCH_H
