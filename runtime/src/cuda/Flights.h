//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What a stream's work needs, kept until the work is done, and what the work
// had to say. Outlives the stream if events or fetches still refer to it.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_FLIGHTS_H
#define CAPSTAN_RT_CUDA_FLIGHTS_H

#include "cuda/Spans.h"
#include "cuda/StreamPool.h"

#include <deque>
#include <iterator>

namespace capstan::rt {
class CudaKernel;

class Flights final : public RefCounted {
public:
  explicit Flights(Ref<StreamHandle> handle)
      : handle(std::move(handle)), device(*this->handle->device) {}
  ~Flights() override;

  /// Remembers a kernel for the case of a fault; no lock.
  void launched(const CudaKernel &kernel) {
    unsigned place = count.fetch_add(1, std::memory_order_relaxed);
    recent[place % std::size(recent)].store(&kernel, std::memory_order_relaxed);
  }
  /// Reports an error of waiting for the stream's work, with the kernels that
  /// were enqueued last: one of them, or one before, may be to blame.
  int32_t fault(CUresult result, const char *function, const char *op);

  // For work that has just been enqueued: what was kept before could be let go
  // before the work is done.

  /// Keeps a failure, and reports what it has got.
  void cover(const FailureRef &failure) {
    if (newest.load(std::memory_order_acquire) != failure.get())
      add(failure);
  }
  void keep(Ref<RefCounted> object);
  void keep(const GpuSpan &span);
  int32_t call(const char *op, std::unique_ptr<Callback> callback);

  /// An event after everything so far, if there is anything to keep.
  int32_t close(const char *op);
  /// Whether a failure of the work so far could still turn up.
  bool watches() const { return watching.load(std::memory_order_relaxed); }
  /// Lets go of what work needed that is done, and runs its callbacks.
  void reap();

  /// Reports the first error that nobody has asked for yet, once.
  int32_t reportPending();
  /// The owner's error was reported otherwise.
  void dropPending(const Failure *owner);

private:
  struct Flight {
    CUevent event = nullptr;
    std::vector<FailureRef> failures;
    std::vector<Ref<RefCounted>> kept;
    std::vector<std::unique_ptr<Callback>> callbacks;
    std::vector<GpuSpan> spans;
    bool empty() const {
      return failures.empty() && kept.empty() && callbacks.empty() &&
             spans.empty();
    }
  };
  /// Things in a flight before it gets its event.
  static constexpr size_t full = 32;

  void add(const FailureRef &failure);
  int32_t closeLocked(const char *op);
  void closeIfFull();
  void finish(Flight &flight);
  void fail(const FailureRef &failure);

  const Ref<StreamHandle> handle;
  CudaDevice &device;
  std::atomic<const Failure *> newest{nullptr};
  std::atomic<bool> watching{false};
  std::atomic<const CudaKernel *> recent[4] = {};
  std::atomic<unsigned> count{0};
  std::mutex mutex;
  std::unique_ptr<Flight> open = std::make_unique<Flight>();
  std::deque<std::unique_ptr<Flight>> closed;
  std::vector<std::unique_ptr<Flight>> spare; // so that forwards allocate none
  Error pending;
  FailureRef pendingOwner;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_FLIGHTS_H
