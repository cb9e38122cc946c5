//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Attention by cuDNN: its plans, which are made for bounds of a batch and used
// for every batch within them.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_ATTENTIONS_H
#define CAPSTAN_RT_CUDA_ATTENTIONS_H

#include "base/Backend.h"
#include "cuda/Driver.h"
#include "cudnn/Sdpa.h"

#include <map>
#include <mutex>
#include <tuple>

namespace capstan::rt {
class CudaDevice;

struct AttentionPlan {
  capstan_cudnn_sdpa sdpa = {};
  /// Lives as long as the device; null if the runtime's kernels are to do it.
  const capstan_cudnn_plan *plan = nullptr;
  int64_t workspace = 0; // bytes
  /// What has been chosen of what can.
  capstan_rt_attention_by by = CAPSTAN_RT_ATTENTION_BY_TIME;
};

class Attentions {
public:
  /// \param[in] cudnn   a file; empty: any
  Attentions(CudaDevice &device, std::string cudnn)
      : device(device), file(std::move(cudnn)) {}
  /// Loads cuDNN, and the library that knows it.
  int32_t load(const char **description);
  void clear();

  /// The plan of attention that has queries and heads. The first of its kind is
  /// built, which takes a while.
  /// \param[in] kernels   whether the runtime's kernels can do it
  int32_t plan(const capstan_rt_attention_desc &desc, bool sameLengths,
               bool hasLogsumexp, bool kernels, AttentionPlan &plan);
  /// Keeps the choice for later calls of that kind.
  void choose(AttentionPlan &plan, capstan_rt_attention_by by);
  int32_t run(const AttentionPlan &plan, const capstan_cudnn_tensors &tensors,
              void *workspace, CUstream stream, const char *location);

private:
  struct Plan {
    capstan_cudnn_plan *plan = nullptr;
    int64_t workspace = 0;
  };
  // With the lock.
  int32_t open();
  int32_t makePlan(const capstan_cudnn_sdpa &sdpa, Where where, Plan &plan);

  CudaDevice &device;
  std::mutex mutex;
  capstan_cudnn *handle = nullptr;
  const std::string file;
  std::string description;
  decltype(&capstan_cudnn_open) openLibrary = nullptr;
  decltype(&capstan_cudnn_close) closeLibrary = nullptr;
  decltype(&capstan_cudnn_plan_sdpa) planSdpa = nullptr;
  decltype(&capstan_cudnn_plan_release) releasePlan = nullptr;
  decltype(&capstan_cudnn_run) runPlan = nullptr;
  struct Less {
    bool operator()(const capstan_cudnn_sdpa &a,
                    const capstan_cudnn_sdpa &b) const;
  };
  std::map<capstan_cudnn_sdpa, Plan, Less> plans;
  /// By kind, for any number of tokens.
  std::map<capstan_cudnn_sdpa, capstan_rt_attention_by, Less> choices;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_ATTENTIONS_H
