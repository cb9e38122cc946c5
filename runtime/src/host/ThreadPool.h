//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Threads that run loops, for all streams of a device.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_HOST_THREADPOOL_H
#define CAPSTAN_RT_HOST_THREADPOOL_H

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace capstan::rt {

class ThreadPool {
public:
  /// `threads` counts the thread that calls `run`.
  explicit ThreadPool(int threads);
  ~ThreadPool();

  int threads() const { return static_cast<int>(helpers.size()) + 1; }

  /// Calls `body(begin, end)` for disjoint ranges of at most `grain` that cover
  /// [0, count), here and on helpers. Any number of threads may call this.
  template <typename Body> void run(int64_t count, int64_t grain, Body &&body) {
    if (count <= grain || helpers.empty()) {
      if (count > 0)
        body(int64_t(0), count);
      return;
    }
    auto call = [](void *context, int64_t begin, int64_t end) {
      (*static_cast<std::remove_reference_t<Body> *>(context))(begin, end);
    };
    Job job{call, &body, count, grain};
    runJob(job);
  }

private:
  struct Job {
    void (*call)(void *, int64_t, int64_t);
    void *context;
    int64_t count, grain;
    std::atomic<int64_t> next{0};
    int users = 0; // helpers inside; guarded by the pool's mutex
  };

  void runJob(Job &job);
  static void work(Job &job);
  void help();
  Job *waitForJob(std::unique_lock<std::mutex> &lock);

  std::mutex mutex;
  std::condition_variable wake, left;
  std::vector<Job *> jobs;
  std::atomic<int64_t> posted{0};
  bool stopping = false;
  std::vector<std::thread> helpers;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_HOST_THREADPOOL_H
