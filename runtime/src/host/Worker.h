//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The thread of a stream, and the work it does.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_HOST_WORKER_H
#define CAPSTAN_RT_HOST_WORKER_H

#include "host/HostDevice.h"
#include "host/Timeline.h"

#include <memory>
#include <random>
#include <thread>

namespace capstan::rt {

class Worker;

/// A piece of work. It reads and writes memory when it runs, never before, so
/// that a program that doesn't wait sees the difference.
class Work {
public:
  /// `op` and `location` live as long as what `failure` keeps alive.
  Work(FailureRef failure, const char *category, const char *op,
       const char *location = nullptr)
      : failure(std::move(failure)), category(category), op(op),
        location(location) {}
  virtual ~Work() = default;

  virtual MaybeError run(Worker &worker) = 0;
  /// For traces; after it has run.
  virtual Amount amount() const { return {}; }
  /// Called once each time the queue is done with it.
  virtual void finish() { delete this; }

  const FailureRef failure;
  const char *const category, *const op, *const location;
  /// The current device of the thread that made it.
  const int32_t ordinal = HostDevice::currentOfThread();

protected:
  MaybeError error(int32_t code, std::string message) const {
    return std::make_unique<Error>(
        makeError(code, {op, location, "host"}, std::move(message)));
  }
};

class Worker {
public:
  explicit Worker(HostDevice &device);
  /// Does what is in the queue, then ends.
  ~Worker();

  /// Takes over `work`. Blocks while the queue is full; allocates nothing.
  Timeline::Ticket push(Work *work);
  /// The ticket of the work that was pushed last.
  Timeline::Ticket last();

  /// Runs `work` on this thread unless its forward has failed; tells the
  /// forward of an error.
  MaybeError attempt(Work &work);

  HostDevice &device;
  const Ref<Timeline> timeline;

private:
  void loop();
  void execute(Work &work);
  void delay();

  static constexpr size_t capacity = 1024;
  std::mutex mutex;
  std::condition_variable filled, emptied;
  std::unique_ptr<Work *[]> queue;
  size_t head = 0, count = 0;
  Timeline::Ticket pushed = 0;
  bool stopping = false;
  std::minstd_rand random; // of the thread only
  std::thread thread;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_HOST_WORKER_H
