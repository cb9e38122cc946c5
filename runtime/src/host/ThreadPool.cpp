//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "host/ThreadPool.h"

#include <algorithm>

using namespace capstan::rt;

/// How often a thread looks for work before it sleeps: waking one up takes as
/// long as a small kernel.
static constexpr int spins = 64;

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i)
    helpers.emplace_back([this] { help(); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  wake.notify_all();
  for (std::thread &helper : helpers)
    helper.join();
}

void ThreadPool::work(Job &job) {
  for (;;) {
    int64_t begin = job.next.fetch_add(job.grain, std::memory_order_relaxed);
    if (begin >= job.count)
      return;
    job.call(job.context, begin, std::min(begin + job.grain, job.count));
  }
}

void ThreadPool::runJob(Job &job) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    jobs.push_back(&job);
    posted.fetch_add(1, std::memory_order_relaxed);
  }
  if (job.count <= 2 * job.grain)
    wake.notify_one();
  else
    wake.notify_all();
  work(job);
  std::unique_lock<std::mutex> lock(mutex);
  jobs.erase(std::remove(jobs.begin(), jobs.end(), &job), jobs.end());
  left.wait(lock, [&] { return job.users == 0; });
}

/// A job that has something left; null when the pool stops.
ThreadPool::Job *ThreadPool::waitForJob(std::unique_lock<std::mutex> &lock) {
  for (;;) {
    for (Job *job : jobs)
      if (job->next.load(std::memory_order_relaxed) < job->count)
        return job;
    if (stopping)
      return nullptr;
    int64_t seen = posted.load(std::memory_order_relaxed);
    lock.unlock();
    for (int i = 0; i < spins && posted.load(std::memory_order_relaxed) == seen;
         ++i)
      std::this_thread::yield();
    lock.lock();
    wake.wait(lock, [&] {
      return stopping || posted.load(std::memory_order_relaxed) != seen;
    });
  }
}

void ThreadPool::help() {
  std::unique_lock<std::mutex> lock(mutex);
  while (Job *job = waitForJob(lock)) {
    ++job->users;
    lock.unlock();
    work(*job);
    lock.lock();
    if (--job->users == 0)
      left.notify_all();
  }
}
