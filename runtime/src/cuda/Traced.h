//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// A span of the trace around work, if a trace runs and the work isn't recorded.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_TRACED_H
#define CAPSTAN_RT_CUDA_TRACED_H

#include "cuda/CudaStream.h"

namespace capstan::rt {

class CudaStream::Traced {
public:
  Traced(CudaStream &stream, bool recorded, const char *category,
         const char *name = nullptr, const char *location = nullptr)
      : stream(stream) {
    if (!recorded && stream.gpu.trace.running() &&
        !stream.handle->capturedByOwner()) {
      span.category = category;
      span.name = name ? name : category;
      span.location = location ? location : "";
      running = stream.clock.begin(stream.gpu, stream.handle->stream, span);
    }
  }
  ~Traced() {
    if (running && GpuClock::end(stream.gpu, stream.handle->stream, span))
      stream.flights->keep(span);
  }
  Traced(const Traced &) = delete;

  /// `amount` is called only if there is a span.
  template <typename Function> Traced &with(const Function &amount) {
    if (running)
      span.amount = amount();
    return *this;
  }
  void takeLengths(Ref<TracedLengths> lengths) {
    span.lengths = std::move(lengths);
  }

private:
  CudaStream &stream;
  bool running = false;
  GpuSpan span = {};
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_TRACED_H
