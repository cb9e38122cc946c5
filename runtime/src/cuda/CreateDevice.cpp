//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/CreateDevice.h"

#ifdef CAPSTAN_RT_HAS_CUDA
#include "cuda/CudaDevice.h"
#endif

using namespace capstan::rt;

int32_t capstan::rt::createCudaDevice(const char *name, int32_t index,
                                      const capstan_rt_device_config &config,
                                      Device **device) {
#ifdef CAPSTAN_RT_HAS_CUDA
  auto created = Ref<CudaDevice>::adopt(new CudaDevice(name, index, config));
  CAPSTAN_RT_TRY(created->open());
  *device = created.take();
  return CAPSTAN_RT_OK;
#else
  static_cast<void>(name), static_cast<void>(index);
  static_cast<void>(config), static_cast<void>(device);
  return fail(CAPSTAN_RT_NOT_FOUND, {"device_create"},
              "the 'cuda' backend is not built into this runtime");
#endif
}
