//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/Driver.h"

#include <dlfcn.h>

using namespace capstan::rt;

static int32_t missing(std::string what) {
  return fail(CAPSTAN_RT_NOT_FOUND, {"device_create", nullptr, "cuda"},
              std::move(what));
}

int32_t Driver::load(const char *library) {
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return missing(
        format("no CUDA driver: looked for '%s': %s", library, dlerror()));
  auto find = reinterpret_cast<PFN_cuGetProcAddress_v12000>(
      dlsym(handle, "cuGetProcAddress_v2"));
  if (!find)
    return missing(format("'%s' is no driver of CUDA 12.0 or newer: it has no "
                          "cuGetProcAddress_v2",
                          library));
#define CAPSTAN_CUDA_FUNCTION(NAME, VERSION)                                   \
  {                                                                            \
    void *address = nullptr;                                                   \
    if (find(#NAME, &address, VERSION, CU_GET_PROC_ADDRESS_DEFAULT,            \
             nullptr) ||                                                       \
        !address)                                                              \
      return missing(format("the CUDA driver '%s' has no " #NAME, library));   \
    NAME = reinterpret_cast<PFN_##NAME##_v##VERSION>(address);                 \
  }
#include "cuda/driver_functions.def"
  if (CUresult result = cuInit(0))
    return missing(format("the CUDA driver '%s' doesn't start: cuInit: %s",
                          library, describe(result).c_str()));
  return CAPSTAN_RT_OK;
}

std::string Driver::describe(CUresult result) const {
  const char *name = nullptr, *text = nullptr;
  cuGetErrorName(result, &name);
  cuGetErrorString(result, &text);
  return format("%s (%s)", text ? text : "unknown error",
                name ? name : std::to_string(result).c_str());
}

int32_t capstan::rt::statusOf(CUresult result) {
  switch (result) {
  case CUDA_SUCCESS:
    return CAPSTAN_RT_OK;
  case CUDA_ERROR_OUT_OF_MEMORY:
    return CAPSTAN_RT_OUT_OF_MEMORY;
  case CUDA_ERROR_NOT_FOUND:
  case CUDA_ERROR_NO_DEVICE:
    return CAPSTAN_RT_NOT_FOUND;
  case CUDA_ERROR_NOT_SUPPORTED:
    return CAPSTAN_RT_UNSUPPORTED;
  case CUDA_ERROR_INVALID_PTX:
  case CUDA_ERROR_UNSUPPORTED_PTX_VERSION:
  case CUDA_ERROR_NO_BINARY_FOR_GPU:
  case CUDA_ERROR_INVALID_IMAGE:
  case CUDA_ERROR_INVALID_SOURCE:
    return CAPSTAN_RT_INCOMPATIBLE;
  case CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD:
  case CUDA_ERROR_STREAM_CAPTURE_INVALIDATED:
  case CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED:
  case CUDA_ERROR_STREAM_CAPTURE_IMPLICIT:
    return CAPSTAN_RT_INVALID_CAPTURE;
  default:
    return CAPSTAN_RT_INTERNAL;
  }
}
