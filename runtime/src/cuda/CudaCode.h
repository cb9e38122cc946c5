//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The GPU code of a module, loaded into a device's context.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_CUDACODE_H
#define CAPSTAN_RT_CUDA_CUDACODE_H

#include "cuda/CudaDevice.h"

namespace capstan::rt {

/// Loads PTX or a cubin; what the driver's compiler says is in the message.
int32_t loadGpuModule(CudaDevice &device, const char *op, const void *code,
                      CUmodule &module);

class CudaKernel final : public CheckSource {
public:
  CudaKernel(const capstan_rt_gpu_kernel_info &info,
             capstan_rt_kernel_bytes bytes)
      : info(info), bytes(bytes) {}
  Error describe(uint64_t check, const char *device) const override;
  /// Of a launch with these arguments.
  Amount amountOf(void *const *arguments) const;

  const capstan_rt_gpu_kernel_info &info;
  const capstan_rt_kernel_bytes bytes;
  CUfunction function = nullptr;
};

class CudaCode final : public GpuCode {
public:
  static int32_t load(CudaDevice &device, const capstan_rt_module_info &info,
                      Ref<GpuCode> &code);
  ~CudaCode() override;

  const CudaKernel &kernel(int64_t number) const { return kernels[number]; }
  bool has(const CudaKernel &kernel) const {
    return &kernel >= kernels.data() &&
           &kernel < kernels.data() + kernels.size();
  }

private:
  explicit CudaCode(CudaDevice &device)
      : device(Ref<CudaDevice>::share(&device)) {}
  int32_t addKernel(const capstan_rt_gpu_kernel_info &info,
                    capstan_rt_kernel_bytes bytes);
  int32_t addConstants(const capstan_rt_gpu_module_info &info);

  Ref<CudaDevice> device;
  CUmodule module = nullptr;
  std::vector<CudaKernel> kernels;
  CUdeviceptr constantMemory = 0;
  int64_t constantBytes = 0;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_CUDACODE_H
