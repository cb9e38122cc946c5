//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The runtime's own kernels: a fetch's gathering of parts, and what is done
// with failure records.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_RUNTIMEKERNELS_H
#define CAPSTAN_RT_CUDA_RUNTIMEKERNELS_H

#include "base/Backend.h"
#include "cuda/Driver.h"

namespace capstan::rt {
class CudaDevice;

class RuntimeKernels {
public:
  /// Parts that one launch gathers.
  static constexpr int mostParts = 16;
  struct Part {
    CUdeviceptr source;
    void *destination; // pinned
    uint64_t bytes;
  };
  struct Parts {
    Part part[mostParts];
  };

  explicit RuntimeKernels(CudaDevice &device) : device(device) {}
  int32_t load();
  void unload();

  /// Copies the first `count` parts.
  int32_t gather(CUstream stream, int count, Parts &parts) const;
  /// Clears a failure record and its mirror.
  int32_t reset(CUstream stream, CUdeviceptr record) const;
  /// What failed in one record has failed in another.
  int32_t merge(CUstream stream, CUdeviceptr from, CUdeviceptr to) const;
  /// Fails with a code if the byte is 0.
  int32_t check(CUstream stream, CUdeviceptr record, const uint8_t *condition,
                uint64_t code) const;

private:
  int32_t launch(const char *op, CUfunction function, unsigned blocks,
                 unsigned threads, CUstream stream, void **arguments) const;

  CudaDevice &device;
  CUmodule module = nullptr;
  CUfunction gatherParts = nullptr, resetRecord = nullptr,
             mergeRecord = nullptr, checkByte = nullptr;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_RUNTIMEKERNELS_H
