//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Matrix products by cuBLASLt: descriptions of products, and the algorithm of
// each, chosen by timing.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_GEMMS_H
#define CAPSTAN_RT_CUDA_GEMMS_H

#include "cuda/GemmCache.h"

#include <mutex>
#include <vector>

namespace capstan::rt {
class CudaDevice;

/// How a product is computed; a copy stays good as long as the device.
struct GemmPlan {
  lt::Desc desc = nullptr;
  lt::Layout a = nullptr, b = nullptr, c = nullptr;
  bool isDouble = false, accumulates = false;
  bool timed = false; // or taken from the cache
  GemmChoice choice = {};
};

struct GemmTensors {
  const void *a, *b;
  void *c;
  const void *bias = nullptr;
  const float *scaleA = nullptr, *scaleB = nullptr;

  bool inDesc() const { return bias || scaleA; }
};

class Gemms {
public:
  /// What an algorithm may use; more helps no product that we have seen.
  static constexpr size_t mostWorkspace = 32 << 20;

  explicit Gemms(CudaDevice &device) : device(device) {}
  /// \param[in] library, cache   files; null: any library, no cache
  int32_t load(const char *library, const char *cache,
               const char **description);
  void clear();

  /// The plan of a product that is not empty. The first time, its algorithms
  /// are timed on the stream, which waits; not while it is captured.
  int32_t plan(const capstan_rt_gemm_desc &desc, const GemmTensors &tensors,
               CUstream stream, bool captured, GemmPlan &plan);
  lt::Status run(const GemmPlan &plan, const GemmTensors &tensors,
                 void *workspace, CUstream stream) const;
  int32_t failed(lt::Status status, const char *location) const;

private:
  int32_t checkF8(const capstan_rt_gemm_desc &desc,
                  const GemmTensors &tensors) const;
  int32_t create(const capstan_rt_gemm_desc &desc, GemmPlan &plan);
  /// The addresses that the library takes from the description.
  lt::Status point(const GemmPlan &plan, const GemmTensors &tensors) const;
  int32_t candidates(const capstan_rt_gemm_desc &desc, const GemmPlan &plan,
                     int64_t alignment, std::vector<lt::Heuristic> &found);
  bool isGood(const GemmPlan &plan, const GemmChoice &choice) const;
  /// Times the candidates on a scratch result; keeps the first if it can't.
  void choose(const capstan_rt_gemm_desc &desc, GemmTensors tensors,
              CUstream stream, const std::vector<lt::Heuristic> &candidates,
              GemmPlan &plan);

  CudaDevice &device;
  std::mutex mutex;
  /// Of addresses in descriptions, until the product is enqueued.
  mutable std::mutex pointing;
  bool loaded = false;
  std::string description;
  CublasLt lib;
  lt::Handle handle = nullptr;
  GemmCache cache;
  std::map<GemmKey, GemmPlan> plans;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_GEMMS_H
