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
  const capstan_cudnn_plan *plan = nullptr; // lives as long as the device
  int64_t workspace = 0;                    // bytes
};

class Attentions {
public:
  explicit Attentions(CudaDevice &device) : device(device) {}
  /// Loads cuDNN, and the library that knows it.
  /// \param[in] cudnn   a file; null or empty: any
  int32_t load(const char *cudnn, const char **description);
  void clear();

  /// The plan of attention that has queries and heads. The first of its kind is
  /// built, which takes a while.
  int32_t plan(const capstan_rt_attention_desc &desc, bool sameLengths,
               bool hasLogsumexp, AttentionPlan &plan);
  int32_t run(const AttentionPlan &plan, const capstan_cudnn_tensors &tensors,
              void *workspace, CUstream stream, const char *location);

private:
  int32_t open(const char *cudnn);

  CudaDevice &device;
  std::mutex mutex;
  capstan_cudnn *handle = nullptr;
  std::string description;
  decltype(&capstan_cudnn_open) openLibrary = nullptr;
  decltype(&capstan_cudnn_close) closeLibrary = nullptr;
  decltype(&capstan_cudnn_plan_sdpa) makePlan = nullptr;
  decltype(&capstan_cudnn_plan_release) releasePlan = nullptr;
  decltype(&capstan_cudnn_run) runPlan = nullptr;
  struct Less {
    bool operator()(const capstan_cudnn_sdpa &a,
                    const capstan_cudnn_sdpa &b) const;
  };
  std::map<capstan_cudnn_sdpa, AttentionPlan, Less> plans;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_ATTENTIONS_H
