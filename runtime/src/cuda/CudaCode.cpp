//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/CudaCode.h"
#include "base/Module.h"

#include <cstring>
#include <iterator>

using namespace capstan::rt;

static constexpr const char *loading = "module";

/// Tries again, once, if there is no memory but what nobody uses.
template <typename Function>
static CUresult withMemory(CudaDevice &device, const Function &allocate) {
  CUresult result = allocate();
  if (result != CUDA_ERROR_OUT_OF_MEMORY)
    return result;
  device.trim();
  return allocate();
}

int32_t capstan::rt::loadGpuModule(CudaDevice &device, const char *op,
                                   const void *code, CUmodule &module) {
  char log[2048] = "";
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER,
                            CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log))};
  CUresult result = withMemory(device, [&] {
    return device.driver().cuModuleLoadDataEx(&module, code, std::size(options),
                                              options, values);
  });
  if (!result)
    return CAPSTAN_RT_OK;
  return fail(statusOf(result), {op, nullptr, device.name()},
              format("can't load code for the GPU: cuModuleLoadDataEx: %s%s%s",
                     device.driver().describe(result).c_str(), *log ? ": " : "",
                     log));
}

Error CudaKernel::describe(uint64_t check, const char *device) const {
  if (check >= uint64_t(info.num_checks))
    return makeError(
        CAPSTAN_RT_CHECK_FAILED, {info.name, info.location, device},
        format("check %llu failed", static_cast<unsigned long long>(check)));
  const capstan_rt_check_info &failed = info.checks[check];
  return makeError(CAPSTAN_RT_CHECK_FAILED,
                   {info.name, failed.location, device},
                   failed.message ? failed.message : "failed");
}

Amount CudaKernel::amountOf(void *const *arguments) const {
  Amount amount;
  amount.bytes = bytes.fixed;
  if (bytes.each) {
    int64_t iterations;
    memcpy(&iterations, arguments[info.num_arguments - 1], sizeof(iterations));
    amount.bytes += bytes.each * double(iterations);
  }
  return amount;
}

int32_t CudaCode::addKernel(const capstan_rt_gpu_kernel_info &info,
                            capstan_rt_kernel_bytes bytes) {
  CudaKernel kernel(info, bytes);
  auto failed = [&](CUresult result, const char *function) {
    return fail(statusOf(result), {loading, info.location, device->name()},
                format("kernel '%s': %s: %s", info.name, function,
                       device->driver().describe(result).c_str()));
  };
  const Driver &cu = device->driver();
  if (CUresult result =
          cu.cuModuleGetFunction(&kernel.function, module, info.name))
    return failed(result, "cuModuleGetFunction");
  // Asking loads the kernel, also where the driver is lazy.
  int threads;
  if (CUresult result = cu.cuFuncGetAttribute(
          &threads, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, kernel.function))
    return failed(result, "cuFuncGetAttribute");
  int64_t block = int64_t(info.block_x) * info.block_y * info.block_z;
  if (block > threads)
    return fail(CAPSTAN_RT_UNSUPPORTED,
                {loading, info.location, device->name()},
                format("kernel '%s' has blocks of %lld threads; the GPU can "
                       "run it with %d",
                       info.name, static_cast<long long>(block), threads));
  if (info.shared_bytes)
    if (CUresult result = cu.cuFuncSetAttribute(
            kernel.function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
            info.shared_bytes))
      return failed(result, "shared memory: cuFuncSetAttribute");
  kernels.push_back(kernel);
  return CAPSTAN_RT_OK;
}

int32_t CudaCode::addConstants(const capstan_rt_gpu_module_info &info) {
  // One allocation, each constant on its own 256 bytes.
  std::vector<int64_t> offsets;
  int64_t bytes = 0;
  for (int64_t i = 0; i < info.num_constants; ++i) {
    offsets.push_back(bytes);
    bytes += (info.constants[i].bytes + 255) / 256 * 256;
  }
  const Driver &cu = device->driver();
  auto failed = [&](CUresult result, const char *function) {
    return fail(statusOf(result), {loading, nullptr, device->name()},
                format("%lld bytes of constants: %s: %s",
                       static_cast<long long>(bytes), function,
                       cu.describe(result).c_str()));
  };
  if (bytes) {
    if (!device->claim(bytes))
      return failed(CUDA_ERROR_OUT_OF_MEMORY, "memory_limit");
    constantBytes = bytes;
    if (CUresult result = withMemory(
            *device, [&] { return cu.cuMemAlloc(&constantMemory, bytes); }))
      return failed(result, "cuMemAlloc");
  }
  for (int64_t i = 0; i < info.num_constants; ++i) {
    CUdeviceptr address = constantMemory + offsets[i];
    addresses.push_back(reinterpret_cast<const void *>(address));
    if (int64_t count = info.constants[i].bytes)
      if (CUresult result =
              cu.cuMemcpyHtoD(address, info.constants[i].data, count))
        return failed(result, "cuMemcpyHtoD");
  }
  return CAPSTAN_RT_OK;
}

int32_t CudaCode::load(CudaDevice &device, const capstan_rt_module_info &info,
                       Ref<GpuCode> &code) {
  const capstan_rt_gpu_module_info *gpu = gpuInfoOf(info);
  if (!gpu || (!gpu->num_kernels && !gpu->num_constants))
    return CAPSTAN_RT_OK;
  Current current(device);
  Relaxed relaxed(device);
  auto loaded = Ref<CudaCode>::adopt(new CudaCode(device));
  CAPSTAN_RT_TRY(loaded->addConstants(*gpu));
  code = loaded;
  if (!gpu->num_kernels)
    return CAPSTAN_RT_OK;
  auto *bytes = static_cast<const char *>(gpu->code);
  // Text without an end would be read past it.
  bool text = *bytes == '.' || *bytes == '/' || *bytes == '\n';
  if (text && bytes[gpu->code_bytes - 1])
    return fail(CAPSTAN_RT_INCOMPATIBLE, {loading, nullptr, device.name()},
                "the PTX of the module has no 0 at its end");
  CAPSTAN_RT_TRY(loadGpuModule(device, loading, gpu->code, loaded->module));
  // Failures know the addresses of kernels.
  loaded->kernels.reserve(gpu->num_kernels);
  for (int64_t i = 0; i < gpu->num_kernels; ++i)
    CAPSTAN_RT_TRY(loaded->addKernel(gpu->kernels[i], kernelBytesOf(*gpu, i)));
  device.addCode(*loaded);
  return CAPSTAN_RT_OK;
}

CudaCode::~CudaCode() {
  device->removeCode(*this);
  device->unclaim(constantBytes);
  if (module || constantMemory)
    Captures::unload(std::move(device), {module, constantMemory});
}
