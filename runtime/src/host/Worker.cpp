//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "host/Worker.h"

#include <chrono>

using namespace capstan::rt;

Worker::Worker(HostDevice &device)
    : device(device), timeline(Ref<Timeline>::adopt(new Timeline)),
      queue(new Work *[capacity]), random(device.nextSeed() + 1),
      thread([this] { loop(); }) {}

Worker::~Worker() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  filled.notify_one();
  thread.join();
}

Timeline::Ticket Worker::push(Work *work) {
  Timeline::Ticket ticket;
  {
    std::unique_lock<std::mutex> lock(mutex);
    emptied.wait(lock, [&] { return count < capacity; });
    queue[(head + count++) % capacity] = work;
    ticket = ++pushed;
  }
  filled.notify_one();
  return ticket;
}

Timeline::Ticket Worker::last() {
  std::lock_guard<std::mutex> lock(mutex);
  return pushed;
}

void Worker::delay() {
  if (int64_t most = device.maxDelay())
    std::this_thread::sleep_for(
        std::chrono::microseconds(random() % (most + 1)));
}

MaybeError Worker::attempt(Work &work) {
  delay();
  if (work.failure && work.failure->failed())
    return nullptr;
  TraceScope span(device.trace, work.category, work.op, work.location,
                  work.ordinal);
  MaybeError error = work.run(*this);
  if (span.running() && !error) {
    auto end = Trace::Clock::now();
    span.end(end, work.amount());
  }
  if (error && work.failure)
    work.failure->set(*error);
  return error;
}

void Worker::execute(Work &work) {
  if (MaybeError error = attempt(work))
    timeline->setPending(std::move(*error), work.failure);
}

void Worker::loop() {
  std::unique_lock<std::mutex> lock(mutex);
  for (;;) {
    filled.wait(lock, [&] { return count || stopping; });
    if (!count)
      return;
    Work *work = queue[head];
    head = (head + 1) % capacity;
    if (count-- == capacity)
      emptied.notify_all();
    lock.unlock();
    execute(*work);
    work->finish();
    timeline->advance();
    lock.lock();
  }
}
