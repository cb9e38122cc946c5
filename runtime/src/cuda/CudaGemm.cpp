//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Matrix products of streams.
//
//===----------------------------------------------------------------------===//

#include "base/Dtype.h"
#include "cuda/Traced.h"

using namespace capstan::rt;

int32_t CudaStream::zero(const capstan_rt_gemm_desc &d, void *c) {
  int64_t bytes = bytesOf(resultOf(d));
  for (int64_t i = 0; i < d.batch; ++i)
    CAPSTAN_CUDA_TRY(gpu, "gemm", cuMemsetD2D8Async,
                     reinterpret_cast<CUdeviceptr>(c) + i * d.stride_c * bytes,
                     d.ldc * bytes, 0, d.n * bytes, d.m, handle->stream);
  return CAPSTAN_RT_OK;
}

int32_t CudaStream::workspaceFor(CudaGraph *recorded, int64_t bytes, Block &own,
                                 void **memory) {
  *memory = nullptr;
  if (!bytes)
    return CAPSTAN_RT_OK;
  if (recorded && (*memory = recorded->ownWorkspace(bytes))) {
    recorded->recordedNodes().addCall(handle->stream, *memory, bytes);
    return CAPSTAN_RT_OK;
  }
  // A graph that somebody else captures gets nodes that allocate it.
  bool owners = !recorded && handle->capturedByOwner();
  Block &kept = recorded ? recorded->workspace : owners ? own : workspace;
  if (kept.bytes() < bytes)
    CAPSTAN_RT_TRY(allocate(bytes, /*alignment=*/256, &kept));
  *memory = kept.get();
  return CAPSTAN_RT_OK;
}

int32_t CudaStream::gemm(const FailureRef &failure,
                         const capstan_rt_gemm_desc &desc, const void *a,
                         const void *b, void *c) {
  Current current(gpu);
  Ref<CudaGraph> recorded;
  CAPSTAN_RT_TRY(recording(recorded));
  const char *library;
  CAPSTAN_RT_TRY(gpu.gemmLibrary(&library));
  CAPSTAN_RT_TRY(checkTypes("gemm", desc, gpu.name()));
  if (!desc.batch || !desc.m || !desc.n)
    return CAPSTAN_RT_OK;
  if (!desc.k && desc.bias)
    return fail(CAPSTAN_RT_UNSUPPORTED, {"gemm", desc.location, gpu.name()},
                "a bias is added to products, and k is 0");
  if (!desc.k && desc.accumulate)
    return CAPSTAN_RT_OK;
  if (recorded)
    recorded->recordedNodes().addHidden();
  if (!desc.k)
    return zero(desc, c);
  bool inCapture = recorded || handle->capturedByOwner();
  GemmTensors tensors = {a, b, c, desc.bias, desc.scale_a, desc.scale_b};
  GemmPlan plan;
  CAPSTAN_RT_TRY(
      gpu.gemms.plan(desc, tensors, handle->stream, inCapture, plan));
  Block own;
  std::lock_guard<std::mutex> lock(workspaceMutex);
  void *memory;
  CAPSTAN_RT_TRY(workspaceFor(recorded.get(),
                              static_cast<int64_t>(plan.choice.workspace), own,
                              &memory));
  lt::Status status;
  {
    Traced traced(*this, bool(recorded), "gemm", "gemm", desc.location);
    traced.with([&] { return amountOf(desc); });
    // A kernel that runs for the first time is loaded.
    Relaxed relaxed(gpu);
    status = gpu.gemms.run(plan, tensors, memory, handle->stream);
  }
  if (status)
    return gpu.gemms.failed(status, desc.location);
  cover(recorded.get(), failure);
  return CAPSTAN_RT_OK;
}
