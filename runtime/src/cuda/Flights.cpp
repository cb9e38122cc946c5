//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/Flights.h"
#include "cuda/OwnerCapture.h"

#include <algorithm>

using namespace capstan::rt;

Flights::~Flights() {
  for (auto &flight : closed)
    device.events.give(flight->event);
}

void Flights::add(const FailureRef &failure) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    std::vector<FailureRef> &failures = open->failures;
    if (std::none_of(failures.begin(), failures.end(), [&](const auto &each) {
          return each.get() == failure.get();
        }))
      failures.push_back(failure);
    newest.store(failure.get(), std::memory_order_release);
    if (stateOf(*failure))
      watching = true;
  }
  closeIfFull();
}

void Flights::keep(Ref<RefCounted> object) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    open->kept.push_back(std::move(object));
  }
  closeIfFull();
}

void Flights::keep(const GpuSpan &span) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    open->spans.push_back(span);
  }
  closeIfFull();
}

int32_t Flights::call(const char *op, std::unique_ptr<Callback> callback) {
  std::lock_guard<std::mutex> lock(mutex);
  open->callbacks.push_back(std::move(callback));
  return closeLocked(op);
}

void Flights::closeIfFull() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (open->failures.size() + open->kept.size() + open->spans.size() < full)
      return;
    closeLocked("stream"); // an error comes again from the next driver's call
  }
  reap();
}

int32_t Flights::close(const char *op) {
  std::lock_guard<std::mutex> lock(mutex);
  return closeLocked(op);
}

int32_t Flights::closeLocked(const char *op) {
  if (open->empty())
    return CAPSTAN_RT_OK;
  Relaxed relaxed(device);
  if (!open->event)
    CAPSTAN_RT_TRY(device.events.take(op, open->event));
  CAPSTAN_CUDA_TRY(device, op, cuEventRecord, open->event, handle->stream);
  newest.store(nullptr, std::memory_order_release);
  watching = false;
  closed.push_back(std::move(open));
  if (spare.empty()) {
    open = std::make_unique<Flight>();
  } else {
    open = std::move(spare.back());
    spare.pop_back();
  }
  return CAPSTAN_RT_OK;
}

void Flights::reap() {
  releaseEndedGraphs();
  Relaxed relaxed(device);
  for (;;) {
    std::unique_ptr<Flight> done;
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (closed.empty() || device.driver().cuEventQuery(
                                closed.front()->event) == CUDA_ERROR_NOT_READY)
        return;
      done = std::move(closed.front());
      closed.pop_front();
    }
    // What is let go of may unload a module, or use this stream.
    finish(*done);
    std::lock_guard<std::mutex> lock(mutex);
    spare.push_back(std::move(done));
  }
}

int32_t Flights::fault(CUresult result, const char *function, const char *op) {
  std::string kernels;
  unsigned end = count.load(std::memory_order_relaxed);
  unsigned begin = end < std::size(recent) ? 0 : end - std::size(recent);
  for (unsigned i = end; i-- > begin;)
    if (const CudaKernel *kernel = recent[i % std::size(recent)].load())
      if (std::string text = device.describe(*kernel); !text.empty())
        kernels +=
            (kernels.empty() ? "; kernels enqueued last: " : ", ") + text;
  return capstan::rt::fail(statusOf(result), {op, nullptr, device.name()},
                           format("%s: %s%s", function,
                                  device.driver().describe(result).c_str(),
                                  kernels.c_str()));
}

void Flights::finish(Flight &flight) {
  for (const FailureRef &failure : flight.failures)
    fail(failure);
  for (GpuSpan &span : flight.spans)
    span.finish(device);
  for (auto &callback : flight.callbacks)
    if (MaybeError error = callback->run()) {
      std::lock_guard<std::mutex> lock(mutex);
      if (!pending.code)
        pending = std::move(*error);
    }
  device.events.give(std::exchange(flight.event, nullptr));
  flight.spans.clear();
  flight.callbacks.clear();
  flight.kept.clear();
  flight.failures.clear(); // last: they keep modules, which graphs count for
}

void Flights::fail(const FailureRef &failure) {
  FailureState *state = stateOf(*failure);
  if (!state || !state->failed() || failure->failed())
    return; // all is well, or it was reported by a fetch
  failure->set(state->error());
  std::lock_guard<std::mutex> lock(mutex);
  if (pending.code)
    return;
  pending = failure->get();
  pendingOwner = failure;
}

int32_t Flights::reportPending() {
  Error error;
  FailureRef owner; // released outside the lock: it may unload a module
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (!pending.code)
      return CAPSTAN_RT_OK;
    error = std::exchange(pending, {});
    owner = std::exchange(pendingOwner, nullptr);
  }
  return report(std::move(error));
}

void Flights::dropPending(const Failure *owner) {
  FailureRef dropped;
  std::lock_guard<std::mutex> lock(mutex);
  if (pendingOwner.get() != owner)
    return;
  pending = {};
  dropped = std::exchange(pendingOwner, nullptr);
}
