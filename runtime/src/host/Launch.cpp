//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Kernels: how their iterations are spread over threads.
//
//===----------------------------------------------------------------------===//

#include "host/Works.h"

#include <algorithm>
#include <chrono>
#include <cstring>

using namespace capstan::rt;

namespace {

/// What is shorter than this stays on the stream's thread: waking another one
/// would take as long.
constexpr double worthSharing = 20e-6;
/// The shortest piece that a thread takes at a time.
constexpr double shortestPiece = 10e-6;

class Launch final : public Work {
public:
  Launch(FailureRef failure, const capstan_rt_kernel_info *info,
         capstan_rt_kernel kernel, const void *arguments, int64_t bytes,
         int64_t extent)
      : Work(std::move(failure), "launch", info->name, info->location),
        info(info), kernel(kernel), extent(extent), arguments(new char[bytes]) {
    if (bytes)
      memcpy(this->arguments.get(), arguments, bytes);
  }

  MaybeError run(Worker &worker) override;

private:
  void runRange(int64_t begin, int64_t end);

  const capstan_rt_kernel_info *info;
  capstan_rt_kernel kernel;
  int64_t extent;
  std::unique_ptr<char[]> arguments;
  std::atomic<int32_t> failedCheck{0};
};

} // namespace

void Launch::runRange(int64_t begin, int64_t end) {
  int32_t failed = kernel(arguments.get(), begin, end), none = 0;
  if (failed)
    failedCheck.compare_exchange_strong(none, failed,
                                        std::memory_order_relaxed);
}

MaybeError Launch::run(Worker &worker) {
  using Clock = std::chrono::steady_clock;
  ThreadPool &pool = worker.device.threads();
  failedCheck.store(0, std::memory_order_relaxed);
  // Kernels don't say what an iteration costs; a first piece does.
  int64_t first = extent;
  if (pool.threads() > 1 && extent > 1)
    first = std::max<int64_t>(1, extent / (16 * pool.threads()));
  Clock::time_point start = Clock::now();
  if (first)
    runRange(0, first);
  if (int64_t rest = extent - first) {
    std::chrono::duration<double> took = Clock::now() - start;
    double each = std::max(took.count() / first, 1e-12);
    int64_t grain = rest;
    if (each * rest > worthSharing) {
      int64_t shortest = static_cast<int64_t>(
          std::min(shortestPiece / each, static_cast<double>(rest)));
      grain = std::max(shortest, rest / (4 * pool.threads()));
      grain = std::max<int64_t>(grain, 1);
    }
    pool.run(rest, grain, [&](int64_t begin, int64_t end) {
      runRange(first + begin, first + end);
    });
  }
  int32_t failed = failedCheck.load(std::memory_order_relaxed);
  if (!failed)
    return nullptr;
  if (failed < 1 || failed > info->num_checks)
    return error(CAPSTAN_RT_CHECK_FAILED, format("check %d failed", failed));
  const capstan_rt_check_info &check = info->checks[failed - 1];
  return std::make_unique<Error>(
      makeError(CAPSTAN_RT_CHECK_FAILED, {op, check.location, "host"},
                check.message ? check.message : "failed"));
}

std::unique_ptr<Work>
capstan::rt::makeLaunch(FailureRef failure, const capstan_rt_kernel_info *info,
                        capstan_rt_kernel kernel, const void *arguments,
                        int64_t bytes, int64_t extent) {
  return std::make_unique<Launch>(std::move(failure), info, kernel, arguments,
                                  bytes, extent);
}
