//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// A range of addresses with memory behind its first part.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_CUDARANGE_H
#define CAPSTAN_RT_CUDA_CUDARANGE_H

#include "cuda/CudaDevice.h"

namespace capstan::rt {

class CudaRange final : public AddressRange {
public:
  /// Null if there are no addresses.
  static std::unique_ptr<AddressRange> create(CudaDevice &device, int64_t most);
  ~CudaRange() override;

  char *base() const override { return reinterpret_cast<char *>(address); }
  bool resize(int64_t bytes) override;
  int64_t bytes() const override { return mapped; }

private:
  struct Chunk {
    int64_t begin, bytes;
    CUmemGenericAllocationHandle memory;
  };

  explicit CudaRange(CudaDevice &device)
      : device(Ref<CudaDevice>::share(&device)) {}
  bool grow(int64_t bytes);
  void shrink();

  Ref<CudaDevice> device;
  CUdeviceptr address = 0;
  int64_t size = 0, granularity = 0, mapped = 0;
  std::vector<Chunk> chunks; // one behind the other
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_CUDARANGE_H
