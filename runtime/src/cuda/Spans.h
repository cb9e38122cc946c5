//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Spans of a trace: when a piece of work ran on the GPU, in the clock of the
// host.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_SPANS_H
#define CAPSTAN_RT_CUDA_SPANS_H

#include "cuda/CudaDevice.h"

namespace capstan::rt {

/// An event whose time on the host is known.
struct ClockPoint final : RefCounted {
  explicit ClockPoint(CudaDevice &device)
      : device(Ref<CudaDevice>::share(&device)) {}
  ~ClockPoint() override {
    if (event)
      device->timers.give(event);
  }
  Ref<CudaDevice> device;
  CUevent event = nullptr;
  Trace::Clock::time_point at;
};

/// Lengths of documents that were copied to the host, to know what attention
/// has to do.
struct TracedLengths final : RefCounted {
  capstan_rt_attention_desc desc;
  Block block; ///< cu_seqlens_q, then cu_seqlens_k
  Amount amount() const {
    auto *q = static_cast<const int32_t *>(block.get());
    return amountOf(desc, q, q + desc.documents + 1);
  }
};

struct GpuSpan {
  const char *category;
  std::string name, location; // a module may be gone when the work is done
  Amount amount;
  Ref<TracedLengths> lengths; ///< of attention; else null
  CUevent begin, end;
  Ref<ClockPoint> origin;
  uint64_t track; ///< of the stream

  /// Adds it to the device's trace; the work is done.
  void finish(CudaDevice &device);
};

/// Makes the spans of a stream.
class GpuClock {
public:
  GpuClock();
  /// Begins a span; false if there are no events.
  bool begin(CudaDevice &device, CUstream stream, GpuSpan &span);
  static bool end(CudaDevice &device, CUstream stream, GpuSpan &span);

private:
  std::mutex mutex;
  Ref<ClockPoint> origin;
  const uint64_t track;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_SPANS_H
