//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/Gemms.h"
#include "base/Dtype.h"
#include "cuda/CudaDevice.h"

#include <algorithm>

using namespace capstan::rt;

static constexpr int mostCandidates = 16;

int32_t Gemms::load(const char *library, const char *file,
                    const char **result) {
  std::lock_guard<std::mutex> lock(mutex);
  if (!loaded) {
    const Driver &cu = device.driver();
    int version = 0, processors = 0;
    char name[256] = "";
    CAPSTAN_CUDA_TRY(device, "gemm_library", cuDriverGetVersion, &version);
    CAPSTAN_RT_TRY(
        lib.load(library, version / 1000, device.name(), description));
    Relaxed relaxed(device);
    if (lt::Status status = lib.Create(&handle))
      return failed(status, nullptr);
    cu.cuDeviceGetName(name, sizeof(name), device.gpu());
    cu.cuDeviceGetAttribute(
        &processors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device.gpu());
    cache.open(file, format("%s %d", name, processors), lib.GetVersion(),
               mostWorkspace);
    loaded = true;
  }
  *result = description.c_str();
  return CAPSTAN_RT_OK;
}

void Gemms::clear() {
  for (auto &[key, plan] : plans) {
    lib.MatmulDescDestroy(plan.desc);
    for (lt::Layout layout : {plan.a, plan.b, plan.c})
      lib.MatrixLayoutDestroy(layout);
  }
  plans.clear();
  if (handle)
    lib.Destroy(handle);
}

int32_t Gemms::failed(lt::Status status, const char *location) const {
  return fail(CAPSTAN_RT_INTERNAL, {"gemm", location, device.name()},
              format("cuBLASLt gives status %d", status));
}

static lt::DataType typeOf(capstan_rt_dtype dtype) {
  switch (scalarOf(dtype)) {
  case Scalar::F64:
    return lt::R_64F;
  case Scalar::F16:
    return lt::R_16F;
  case Scalar::BF16:
    return lt::R_16BF;
  case Scalar::F8E4M3FN:
    return lt::R_8F_E4M3;
  default:
    return lt::R_32F;
  }
}

/// cuBLASLt's matrices are column-major: ours are their transposes to it, so it
/// is asked for c^T = b^T * a^T.
int32_t Gemms::create(const capstan_rt_gemm_desc &d, GemmPlan &plan) {
  lt::DataType type = typeOf(d.dtype), typeC = typeOf(resultOf(d));
  plan.isDouble = type == lt::R_64F;
  plan.accumulates = d.accumulate;
  lt::Status status = lib.MatmulDescCreate(
      &plan.desc, plan.isDouble ? lt::Compute64F : lt::Compute32F,
      plan.isDouble ? lt::R_64F : lt::R_32F);
  auto set = [&](lt::DescAttribute attribute, int32_t value) {
    if (!status)
      status = lib.MatmulDescSetAttribute(plan.desc, attribute, &value,
                                          sizeof(value));
  };
  set(lt::TransposeA, d.transpose_b ? lt::Transposed : lt::Plain);
  set(lt::TransposeB, d.transpose_a ? lt::Transposed : lt::Plain);
  if (d.bias) // of their columns, which are our rows
    set(lt::Epilogue, lt::AddBias);
  if (d.row_scales) {
    set(lt::ScaleModeA, lt::OuterVector);
    set(lt::ScaleModeB, lt::OuterVector);
  }
  auto layout = [&](lt::Layout &made, lt::DataType type, int64_t rows,
                    int64_t columns, int64_t ld, int64_t stride) {
    auto batch = static_cast<int32_t>(d.batch);
    if (!status)
      status = lib.MatrixLayoutCreate(&made, type, columns, rows, ld);
    if (!status)
      status = lib.MatrixLayoutSetAttribute(made, lt::BatchCount, &batch,
                                            sizeof(batch));
    if (!status)
      status = lib.MatrixLayoutSetAttribute(made, lt::BatchStride, &stride,
                                            sizeof(stride));
  };
  layout(plan.a, type, d.transpose_a ? d.k : d.m, d.transpose_a ? d.m : d.k,
         d.lda, d.stride_a);
  layout(plan.b, type, d.transpose_b ? d.n : d.k, d.transpose_b ? d.k : d.n,
         d.ldb, d.stride_b);
  layout(plan.c, typeC, d.m, d.n, d.ldc, d.stride_c);
  return status ? failed(status, d.location) : int32_t(CAPSTAN_RT_OK);
}

lt::Status Gemms::point(const GemmPlan &plan,
                        const GemmTensors &tensors) const {
  lt::Status status = 0;
  auto set = [&](lt::DescAttribute attribute, const void *address) {
    if (address && !status)
      status = lib.MatmulDescSetAttribute(plan.desc, attribute, &address,
                                          sizeof(address));
  };
  set(lt::BiasPointer, tensors.bias);
  set(lt::ScalePointerA, tensors.scaleB);
  set(lt::ScalePointerB, tensors.scaleA);
  return status;
}

int32_t Gemms::candidates(const capstan_rt_gemm_desc &d, const GemmPlan &plan,
                          int64_t alignment,
                          std::vector<lt::Heuristic> &found) {
  lt::Preference preference = nullptr;
  if (lt::Status status = lib.MatmulPreferenceCreate(&preference))
    return failed(status, d.location);
  size_t workspace = mostWorkspace;
  lib.MatmulPreferenceSetAttribute(preference, lt::MostWorkspace, &workspace,
                                   sizeof(workspace));
  auto bytes = static_cast<uint32_t>(alignment);
  for (auto attribute :
       {lt::AlignmentA, lt::AlignmentB, lt::AlignmentC, lt::AlignmentD})
    lib.MatmulPreferenceSetAttribute(preference, attribute, &bytes,
                                     sizeof(bytes));
  int count = 0;
  found.resize(mostCandidates);
  lt::Status status = lib.MatmulAlgoGetHeuristic(
      handle, plan.desc, plan.b, plan.a, plan.c, plan.c, preference,
      mostCandidates, found.data(), &count);
  lib.MatmulPreferenceDestroy(preference);
  found.resize(status ? 0 : count);
  if (!found.empty())
    return CAPSTAN_RT_OK;
  return status
             ? failed(status, d.location)
             : fail(CAPSTAN_RT_UNSUPPORTED, {"gemm", d.location, device.name()},
                    "cuBLASLt has no algorithm for this product");
}

bool Gemms::isGood(const GemmPlan &plan, const GemmChoice &choice) const {
  lt::Heuristic result;
  return !lib.MatmulAlgoCheck(handle, plan.desc, plan.b, plan.a, plan.c, plan.c,
                              &choice.algo, &result) &&
         result.workspace <= choice.workspace &&
         choice.workspace <= mostWorkspace;
}

/// The largest power of two up to 256 that divides the addresses.
static int64_t alignmentOf(const GemmTensors &tensors) {
  uintptr_t all = reinterpret_cast<uintptr_t>(tensors.a) |
                  reinterpret_cast<uintptr_t>(tensors.b) |
                  reinterpret_cast<uintptr_t>(tensors.c) |
                  reinterpret_cast<uintptr_t>(tensors.bias) | 256;
  return static_cast<int64_t>(all & -all);
}

/// What tensor cores ask of FP8.
int32_t Gemms::checkF8(const capstan_rt_gemm_desc &d,
                       const GemmTensors &tensors) const {
  auto unsupported = [&](const char *problem) {
    return fail(CAPSTAN_RT_UNSUPPORTED, {"gemm", d.location, device.name()},
                problem);
  };
  int64_t layouts = device.fp8Layouts(),
          layout = d.transpose_b ? (d.transpose_a ? 8 : 1)
                                 : (d.transpose_a ? 4 : 2);
  if (!layouts)
    return unsupported("products of FP8 need a GPU of sm_89 or newer");
  if (!(layouts & layout))
    return unsupported("products of FP8 need a as m x k and b as n x k here");
  int64_t bytesC = bytesOf(resultOf(d));
  if (d.k % 16 || d.n % 16 || d.lda % 16 || d.ldb % 16 || d.ldc * bytesC % 16)
    return unsupported("products of FP8 need k, n and rows in memory that are "
                       "multiples of 16");
  if (alignmentOf(tensors) < 16)
    return unsupported("products of FP8 need tensors aligned to 16 bytes");
  if (d.row_scales && lib.GetVersion() < 120900)
    return unsupported("FP8 with a scale for each row needs cuBLASLt 12.9");
  return CAPSTAN_RT_OK;
}

int32_t Gemms::plan(const capstan_rt_gemm_desc &d, const GemmTensors &tensors,
                    CUstream stream, bool captured, GemmPlan &result) {
  if (scalarOf(d.dtype) == Scalar::F8E4M3FN)
    CAPSTAN_RT_TRY(checkF8(d, tensors));
  int64_t alignment = alignmentOf(tensors);
  capstan_rt_dtype typeC = resultOf(d);
  int64_t type =
      typeC.code << 24 | typeC.bits << 16 | d.dtype.code << 8 | d.dtype.bits;
  GemmKey key(d, type, alignment);
  Relaxed relaxed(device); // the library asks the driver this and that
  std::lock_guard<std::mutex> lock(mutex);
  auto it = plans.find(key);
  if (it == plans.end()) {
    GemmPlan made;
    CAPSTAN_RT_TRY(create(d, made));
    it = plans.emplace(key, made).first;
  }
  GemmPlan &plan = it->second;
  if (!plan.timed) {
    const GemmChoice *known = cache.find(key);
    if (known && isGood(plan, *known)) {
      plan.choice = *known;
      plan.timed = true;
    } else {
      std::vector<lt::Heuristic> found;
      {
        // Heuristics look at how addresses are aligned.
        std::lock_guard<std::mutex> lock(pointing);
        if (lt::Status status = point(plan, tensors))
          return failed(status, d.location);
        CAPSTAN_RT_TRY(candidates(d, plan, alignment, found));
      }
      plan.choice = {found[0].algo, found[0].workspace};
      if (!captured)
        choose(d, tensors, stream, found, plan);
      if (plan.timed)
        cache.add(key, plan.choice);
    }
  }
  result = plan;
  return CAPSTAN_RT_OK;
}

lt::Status Gemms::run(const GemmPlan &plan, const GemmTensors &tensors,
                      void *workspace, CUstream stream) const {
  float one = 1, beta = plan.accumulates ? 1 : 0;
  double oneOfDouble = 1, betaOfDouble = beta;
  const void *alpha = &one, *accumulate = &beta;
  if (plan.isDouble)
    alpha = &oneOfDouble, accumulate = &betaOfDouble;
  std::unique_lock<std::mutex> lock(pointing, std::defer_lock);
  if (tensors.inDesc()) {
    lock.lock();
    if (lt::Status status = point(plan, tensors))
      return status;
  }
  return lib.Matmul(handle, plan.desc, alpha, tensors.b, plan.b, tensors.a,
                    plan.a, accumulate, tensors.c, plan.c, tensors.c, plan.c,
                    &plan.choice.algo, workspace, plan.choice.workspace,
                    stream);
}
