//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Events of a GPU.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_CUDAEVENT_H
#define CAPSTAN_RT_CUDA_CUDAEVENT_H

#include "cuda/Flights.h"

namespace capstan::rt {

class CudaEvent final : public Event {
public:
  CudaEvent(CudaDevice &device, CUevent event)
      : Event(&device), gpu(device), event(event) {}
  ~CudaEvent() override;

  int32_t synchronize() override;
  bool query() override;
  int32_t record(Ref<Flights> of, CUstream stream);
  CUevent native() const { return event; }
  /// Whether it was recorded last on the stream of these.
  bool isOf(const Flights &of) {
    std::lock_guard<std::mutex> lock(mutex);
    return flights.get() == &of;
  }

private:
  CudaDevice &gpu;
  const CUevent event;
  std::mutex mutex;
  Ref<Flights> flights; // of the stream; null: never recorded
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_CUDAEVENT_H
