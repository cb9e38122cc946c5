//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What the `cuda` devices of a process share.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_CUDACONTEXTS_H
#define CAPSTAN_RT_CUDA_CUDACONTEXTS_H

#include "base/Capabilities.h"

#include <string>

namespace capstan::rt {

/// The tables of all devices of a driver, which live as long as the process.
CapabilityTables &tablesOf(const std::string &driver, int32_t devices);

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_CUDACONTEXTS_H
