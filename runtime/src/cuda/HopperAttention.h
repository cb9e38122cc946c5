//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Attention by the runtime's own kernels, for GPUs of compute capability 9.0.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_HOPPERATTENTION_H
#define CAPSTAN_RT_CUDA_HOPPERATTENTION_H

#include "base/Backend.h"
#include "cuda/Driver.h"
#include "cuda/kernels/VarlenAttention.h"

namespace capstan::rt {
class CudaDevice;

class HopperAttention {
public:
  explicit HopperAttention(CudaDevice &device) : device(device) {}
  /// Finds out whether the GPU is of the kind.
  void open();
  void unload();

  /// Whether the kernels can compute this.
  bool supports(const capstan_rt_attention_desc &desc,
                const AttentionArguments &arguments) const;

  /// Bytes of the table of tiles, which calls of the same lengths share.
  static int64_t tableBytes(const capstan_rt_attention_desc &desc);
  /// Fills the table.
  /// \param[in] lengthsQ    i32 of each document, on the device
  int32_t fillTable(const capstan_rt_attention_desc &desc,
                    const AttentionArguments &arguments,
                    const int32_t *lengthsQ, const int32_t *lengthsK,
                    void *table, CUstream stream);
  int32_t run(const capstan_rt_attention_desc &desc,
              const AttentionArguments &arguments, const void *table,
              CUstream stream);

private:
  struct Kernel {
    CUmodule module = nullptr;
    CUfunction function = nullptr;
  };
  /// Loads code when it's used for the first time.
  int32_t load(const char *code, const char *name, unsigned sharedBytes,
               Kernel &kernel);

  CudaDevice &device;
  bool hopper = false;
  std::mutex mutex;              // of loading
  Kernel tiles, attention[2][2]; // of bf16 or f16, of heads to 64 or 128
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_HOPPERATTENTION_H
