//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Work of streams: copies and kernels.
//
//===----------------------------------------------------------------------===//

#include "cuda/CudaCode.h"
#include "cuda/CudaFetch.h"
#include "cuda/Traced.h"

#include <cstring>

using namespace capstan::rt;

int32_t CudaStream::copy(const FailureRef &, void *destination,
                         const void *source, int64_t bytes) {
  Current current(gpu);
  Ref<CudaGraph> recorded;
  CAPSTAN_RT_TRY(recording(recorded));
  if (!bytes || destination == source)
    return CAPSTAN_RT_OK;
  Traced traced(*this, bool(recorded), "copy", "copy");
  traced.with([&] { return amountOfCopy(bytes); });
  CAPSTAN_CUDA_TRY(gpu, "copy", cuMemcpyDtoDAsync,
                   reinterpret_cast<CUdeviceptr>(destination),
                   reinterpret_cast<CUdeviceptr>(source), bytes,
                   handle->stream);
  if (recorded)
    recorded->recordedNodes().addCopy(handle->stream);
  return CAPSTAN_RT_OK;
}

int32_t CudaStream::stage(const FailureRef &, const std::vector<Part> &parts) {
  const char *op = "stage";
  Current current(gpu);
  Ref<CudaGraph> recorded;
  CAPSTAN_RT_TRY(recording(recorded));
  Traced traced(*this, bool(recorded), "copy", op);
  traced.with([&] {
    Amount amount;
    for (const Part &part : parts)
      amount.bytes += amountOfCopy(part.bytes).bytes;
    return amount;
  });
  RuntimeKernels::Parts some;
  int count = 0;
  for (const Part &part : parts) {
    if (part.bytes)
      some.part[count++] = RuntimeKernels::Part::of(part);
    if (count == RuntimeKernels::mostParts)
      CAPSTAN_RT_TRY(
          gpu.kernels.copy(op, handle->stream, std::exchange(count, 0), some));
  }
  if (count)
    CAPSTAN_RT_TRY(gpu.kernels.copy(op, handle->stream, count, some));
  if (recorded)
    recorded->recordedNodes().addHidden();
  return CAPSTAN_RT_OK;
}

namespace {
/// Pinned memory that work reads.
struct Staged final : RefCounted {
  Block block;
};
/// A larger source is copied by the driver in pieces, which waits for the
/// stream; staging all of it would take as much pinned memory for ever.
constexpr int64_t mostStaged = 4 << 20;
} // namespace

int32_t CudaStream::toDevice(const FailureRef &, void *destination,
                             const void *source, int64_t bytes) {
  const char *op = "to_device";
  Current current(gpu);
  Ref<CudaGraph> recorded;
  CAPSTAN_RT_TRY(recording(recorded));
  if (!bytes)
    return CAPSTAN_RT_OK;
  Ref<Staged> staged;
  bool inCapture = recorded || handle->capturedByOwner();
  if (inCapture || bytes <= mostStaged) {
    staged = Ref<Staged>::adopt(new Staged);
    int64_t capacity;
    void *memory = hostPool->allocate(bytes, /*alignment=*/64, capacity);
    if (!memory)
      return fail(CAPSTAN_RT_OUT_OF_MEMORY, {op, nullptr, gpu.name()},
                  format("no pinned memory for %lld bytes",
                         static_cast<long long>(bytes)));
    staged->block = Block(memory, capacity, hostPool);
    memcpy(memory, source, bytes);
    source = memory;
  }
  Traced traced(*this, bool(recorded), "copy", op);
  CAPSTAN_CUDA_TRY(gpu, op, cuMemcpyHtoDAsync,
                   reinterpret_cast<CUdeviceptr>(destination), source, bytes,
                   handle->stream);
  if (staged)
    keep(recorded.get(), std::move(staged));
  return CAPSTAN_RT_OK;
}

int32_t CudaStream::launchGpu(const FailureRef &failure,
                              const GpuLaunch &launch) {
  const CudaKernel &kernel =
      static_cast<const CudaCode &>(launch.code).kernel(launch.kernel);
  const capstan_rt_gpu_kernel_info &info = kernel.info;
  Current current(gpu);
  Ref<CudaGraph> recorded;
  CAPSTAN_RT_TRY(recording(recorded));
  CUdeviceptr record = 0;
  uint64_t code = kernel.code();
  if (info.takes_failure) {
    FailureState *state;
    CAPSTAN_RT_TRY(stateFor(recorded.get(), failure, state));
    record = state->record();
    launch.arguments[0] = &record;
    launch.arguments[1] = &code;
  }
  CUresult result;
  {
    Traced traced(*this, bool(recorded), "launch", info.name, info.location);
    traced.with([&] { return kernel.amountOf(launch.arguments); });
    result = gpu.driver().cuLaunchKernel(
        kernel.function, launch.grid[0], launch.grid[1], launch.grid[2],
        info.block_x, info.block_y, info.block_z, info.shared_bytes,
        handle->stream, launch.arguments, nullptr);
  }
  if (result)
    return gpu.failed(result, "cuLaunchKernel", {info.name, info.location});
  if (recorded)
    recorded->recordedNodes().addKernel(handle->stream, kernel);
  else
    flights->launched(kernel);
  cover(recorded.get(), failure);
  return CAPSTAN_RT_OK;
}

int32_t CudaStream::check(const FailureRef &failure, const uint8_t *condition,
                          const char *message, const char *location) {
  Current current(gpu);
  Ref<CudaGraph> recorded;
  CAPSTAN_RT_TRY(recording(recorded));
  FailureState *state;
  CAPSTAN_RT_TRY(stateFor(recorded.get(), failure, state));
  {
    Traced traced(*this, bool(recorded), "check", "device_check", location);
    CAPSTAN_RT_TRY(gpu.kernels.check(
        handle->stream, state->record(), condition,
        state->addChecks("device_check", {message}, location)));
  }
  if (recorded)
    recorded->recordedNodes().addHidden();
  cover(recorded.get(), failure);
  return CAPSTAN_RT_OK;
}

int32_t CudaStream::fetch(const FailureRef &failure, int64_t count,
                          const capstan_rt_part *parts, bool poison,
                          Fetch **fetch) {
  Current current(gpu);
  Traced traced(*this, /*recorded=*/false, "fetch", "fetch");
  auto started =
      Ref<CudaFetch>::adopt(new CudaFetch(gpu, flights, failure, count, parts));
  CAPSTAN_RT_TRY(started->start(*hostPool, handle->stream));
  if (poison)
    started->poison();
  flights->keep(started); // also if nobody waits for it
  *fetch = started.take();
  return CAPSTAN_RT_OK;
}

int32_t CudaStream::unsupported(const char *op, const char *location,
                                const char *what) {
  return fail(CAPSTAN_RT_UNSUPPORTED, {op, location, gpu.name()}, what);
}

int32_t CudaStream::launch(const FailureRef &,
                           const capstan_rt_kernel_info *info,
                           capstan_rt_kernel, const void *, int64_t, int64_t) {
  return unsupported(info->name, info->location,
                     "a GPU runs no kernels of the host");
}

int32_t CudaStream::groupedGemm(const FailureRef &,
                                const capstan_rt_gemm_desc &desc, const void *,
                                const void *, const int32_t *, void *) {
  return unsupported("grouped_gemm", desc.location,
                     "there are no grouped products on this backend");
}
