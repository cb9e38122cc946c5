//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// DLPack tensors at the boundary of modules.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_BASE_TENSOR_H
#define CAPSTAN_RT_BASE_TENSOR_H

#include "base/Backend.h"

#include "dlpack/dlpack.h"

namespace capstan::rt {

/// A place of a signature, for messages.
struct Place {
  const char *entry;
  const char *what; ///< "argument" or "result"
  int32_t index;
  const capstan_rt_value_info &info;

  int32_t fail(int32_t code, const Device &device, std::string message) const;
};

/// Checks a caller's tensor against the signature and describes its memory.
int32_t importTensor(const Place &place, const DLManagedTensorVersioned *tensor,
                     const Device &device, capstan_rt_memref &memref);

/// Checks what compiled code says a result is. \p bytes: its size
int32_t checkResult(const Place &place, const capstan_rt_memref &memref,
                    const Device &device, int64_t &bytes);

/// A tensor for the caller, that owns `block`; `data` is in it.
DLManagedTensorVersioned *exportTensor(const capstan_rt_value_info &info,
                                       const capstan_rt_memref &memref,
                                       const Device &device, Block block,
                                       void *data);
/// A tensor of rank 0 for a scalar, with the bytes at `memref.data`.
DLManagedTensorVersioned *exportScalar(const capstan_rt_value_info &info,
                                       const capstan_rt_memref &memref);

} // namespace capstan::rt

#endif // CAPSTAN_RT_BASE_TENSOR_H
