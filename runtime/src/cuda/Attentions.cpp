//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/Attentions.h"
#include "base/Dtype.h"
#include "cuda/CudaDevice.h"
#include "cuda/Libraries.h"

#include <algorithm>
#include <dlfcn.h>

using namespace capstan::rt;

static constexpr const char *loading = "attention_library";
static constexpr const char *bridge = "libcapstan_cudnn.so";

int32_t Attentions::load(const char **result) {
  std::lock_guard<std::mutex> lock(mutex);
  CAPSTAN_RT_TRY(open());
  *result = description.c_str();
  return CAPSTAN_RT_OK;
}

int32_t Attentions::open() {
  if (handle)
    return CAPSTAN_RT_OK;
  Where where = {loading, nullptr, device.name()};
  void *functions = openBeside(bridge);
  if (!functions)
    return fail(CAPSTAN_RT_NOT_FOUND, where,
                format("this build has no attention by cuDNN: %s", dlerror()));
  const char *missing;
#define FUNCTION(NAME, VARIABLE)                                               \
  {                                                                            \
    "capstan_cudnn_" NAME, reinterpret_cast<void **>(&VARIABLE)                \
  }
  if (!lookUpAll(
          functions,
          {FUNCTION("open", openLibrary), FUNCTION("close", closeLibrary),
           FUNCTION("plan_sdpa", planSdpa),
           FUNCTION("plan_release", releasePlan), FUNCTION("run", runPlan)},
          &missing))
    return fail(CAPSTAN_RT_INCOMPATIBLE, where,
                format("%s has no %s", bridge, missing));
#undef FUNCTION
  void *library = file.empty() ? findLibrary({"libcudnn.so.9"})
                               : dlopen(file.c_str(), RTLD_NOW);
  if (!library)
    return fail(CAPSTAN_RT_NOT_FOUND, where,
                format("no cuDNN: looked for '%s' (Python package: "
                       "nvidia-cudnn-cu13): %s",
                       file.empty() ? "libcudnn.so.9" : file.c_str(),
                       dlerror()));
  // cuDNN looks for it only where the loader does.
  findLibrary({"libnvrtc.so.13", "libnvrtc.so.12"});
  Relaxed relaxed(device);
  char message[capstan_cudnn_message_bytes];
  int64_t version = 0;
  if (!openLibrary(library, &handle, &version, message))
    return fail(CAPSTAN_RT_INCOMPATIBLE, where, message);
  description = format("cuDNN %lld (%s)", static_cast<long long>(version),
                       fileOf(dlsym(library, "cudnnGetVersion")).c_str());
  return CAPSTAN_RT_OK;
}

void Attentions::clear() {
  for (auto &[sdpa, plan] : plans)
    releasePlan(plan.plan);
  plans.clear();
  if (handle)
    closeLibrary(handle);
}

bool Attentions::Less::operator()(const capstan_cudnn_sdpa &a,
                                  const capstan_cudnn_sdpa &b) const {
  auto key = [](const capstan_cudnn_sdpa &d) {
    return std::tie(d.isBFloat, d.bottomRight, d.hasLogsumexp, d.wideOffsets,
                    d.documents, d.longestQ, d.longestK, d.headsQ, d.headsK,
                    d.dim, d.dimV, d.strideQ, d.strideK, d.strideV,
                    d.windowLeft, d.windowRight, d.logsumexpStride, d.scale);
  };
  return key(a) < key(b);
}

/// A looser bound on a length costs no time: few plans serve all batches.
static int64_t roundLength(int64_t length) {
  int64_t rounded = 64;
  while (rounded < length)
    rounded *= 2;
  return rounded;
}

/// An empty slot costs 0.2 us on an H200: at most an eighth of them are.
static int64_t roundDocuments(int64_t documents) {
  int64_t step = 1;
  while (step * 8 < documents)
    step *= 2;
  return (documents + step - 1) / step * step;
}

static bool isWide(const capstan_rt_attention_desc &d) {
  int64_t most =
      std::max({d.tokens_q * std::max(d.stride_q, d.heads_q * d.head_dim_v),
                d.tokens_k * d.stride_k, d.tokens_k * d.stride_v});
  return most > INT32_MAX;
}

/// The number of tokens, which the library's logsumexp has in its plans, isn't
/// what makes one way the faster one.
static capstan_cudnn_sdpa kindOf(capstan_cudnn_sdpa sdpa) {
  sdpa.logsumexpStride = 0;
  return sdpa;
}

int32_t Attentions::makePlan(const capstan_cudnn_sdpa &sdpa, Where where,
                             Plan &plan) {
  CAPSTAN_RT_TRY(open());
  Relaxed relaxed(device);
  char message[capstan_cudnn_message_bytes];
  return planSdpa(handle, &sdpa, &plan.plan, &plan.workspace, message)
             ? int32_t(CAPSTAN_RT_OK)
             : fail(CAPSTAN_RT_UNSUPPORTED, where, message);
}

int32_t Attentions::plan(const capstan_rt_attention_desc &d, bool sameLengths,
                         bool hasLogsumexp, bool kernels,
                         AttentionPlan &result) {
  Where where = {"varlen_attention", d.location, device.name()};
  Scalar scalar = scalarOf(d.dtype);
  if (scalar != Scalar::BF16 && scalar != Scalar::F16)
    return fail(
        CAPSTAN_RT_UNSUPPORTED, where,
        format("attention of %s is not supported on a GPU, only that of "
               "f16 and bf16",
               nameOf(d.dtype).c_str()));
  capstan_cudnn_sdpa sdpa = {};
  sdpa.isBFloat = scalar == Scalar::BF16;
  sdpa.hasLogsumexp = hasLogsumexp;
  sdpa.wideOffsets = isWide(d);
  sdpa.documents = roundDocuments(d.documents);
  sdpa.longestQ = roundLength(std::min(d.max_q, d.tokens_q));
  sdpa.longestK = roundLength(std::min(d.max_k, d.tokens_k));
  sdpa.headsQ = d.heads_q, sdpa.headsK = d.heads_k;
  sdpa.dim = d.head_dim, sdpa.dimV = d.head_dim_v;
  sdpa.strideQ = d.stride_q, sdpa.strideK = d.stride_k;
  sdpa.strideV = d.stride_v;
  // A bound is none if the last query sees the first key, or the first query
  // the last key; a document's last query is at its last key.
  sdpa.windowLeft = d.window_left < d.tokens_k ? d.window_left : -1;
  sdpa.windowRight = d.window_right < d.tokens_q ? d.window_right : -1;
  if (d.causal)
    sdpa.windowRight = 0;
  bool masked = sdpa.windowLeft >= 0 || sdpa.windowRight >= 0;
  sdpa.bottomRight = masked && !sameLengths;
  sdpa.logsumexpStride = hasLogsumexp ? d.tokens_q : 0;
  sdpa.scale = d.scale;

  std::lock_guard<std::mutex> lock(mutex);
  result = {};
  result.sdpa = sdpa;
  result.by = kernels ? device.attentionBy() : CAPSTAN_RT_ATTENTION_BY_LIBRARY;
  if (result.by == CAPSTAN_RT_ATTENTION_BY_TIME)
    if (auto chosen = choices.find(kindOf(sdpa)); chosen != choices.end())
      result.by = chosen->second;
  if (result.by == CAPSTAN_RT_ATTENTION_BY_KERNELS)
    return CAPSTAN_RT_OK;
  auto it = plans.find(sdpa);
  if (it == plans.end()) {
    Plan plan;
    if (int32_t code = makePlan(sdpa, where, plan)) {
      if (!kernels)
        return code;
      result.by = choices[kindOf(sdpa)] = CAPSTAN_RT_ATTENTION_BY_KERNELS;
      return CAPSTAN_RT_OK;
    }
    it = plans.emplace(sdpa, plan).first;
  }
  result.plan = it->second.plan;
  result.workspace = it->second.workspace;
  return CAPSTAN_RT_OK;
}

void Attentions::choose(AttentionPlan &plan, capstan_rt_attention_by by) {
  std::lock_guard<std::mutex> lock(mutex);
  choices[kindOf(plan.sdpa)] = plan.by = by;
}

int32_t Attentions::run(const AttentionPlan &plan,
                        const capstan_cudnn_tensors &tensors, void *workspace,
                        CUstream stream, const char *location) {
  char message[capstan_cudnn_message_bytes];
  // A kernel that runs for the first time is loaded.
  Relaxed relaxed(device);
  std::lock_guard<std::mutex> lock(mutex);
  if (!runPlan(handle, plan.plan, &tensors, workspace, stream, message))
    return fail(CAPSTAN_RT_INTERNAL,
                {"varlen_attention", location, device.name()}, message);
  return CAPSTAN_RT_OK;
}
