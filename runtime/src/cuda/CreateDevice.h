//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The device `cuda`, also where it is not built in.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_CREATEDEVICE_H
#define CAPSTAN_RT_CUDA_CREATEDEVICE_H

#include "base/Backend.h"

namespace capstan::rt {

/// Makes a device of a configuration that was checked.
int32_t createCudaDevice(const char *name, int32_t index,
                         const capstan_rt_device_config &config,
                         Device **device);

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_CREATEDEVICE_H
