//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The current device of a thread, and what each device can do.
//
//===----------------------------------------------------------------------===//

#include "cuda/CudaContexts.h"
#include "cuda/CudaDevice.h"

#include <map>
#include <unistd.h>

using namespace capstan::rt;

CapabilityTables &capstan::rt::tablesOf(const std::string &driver,
                                        int32_t devices) {
  static std::mutex mutex;
  static auto &tables = *new std::map<std::string, CapabilityTables>;
  std::lock_guard<std::mutex> lock(mutex);
  return tables.try_emplace(driver, devices).first->second;
}

int32_t CudaDevice::contextOf(int32_t ordinal, CUcontext &context) {
  context = primary;
  if (ordinal == index)
    return CAPSTAN_RT_OK;
  std::lock_guard<std::mutex> lock(othersMutex);
  others.resize(deviceCount());
  if (!others[ordinal]) {
    CUdevice gpu;
    CAPSTAN_CUDA_TRY(*this, "set_device", cuDeviceGet, &gpu, ordinal);
    CAPSTAN_CUDA_TRY(*this, "set_device", cuDevicePrimaryCtxRetain,
                     &others[ordinal], gpu);
  }
  context = others[ordinal];
  return CAPSTAN_RT_OK;
}

int32_t CudaDevice::setCurrentDevice(int32_t ordinal, bool &changed) {
  CUcontext wanted, before = nullptr;
  CAPSTAN_RT_TRY(contextOf(ordinal, wanted));
  CAPSTAN_CUDA_TRY(*this, "set_device", cuCtxGetCurrent, &before);
  changed = before != wanted;
  if (changed)
    CAPSTAN_CUDA_TRY(*this, "set_device", cuCtxSetCurrent, wanted);
  return CAPSTAN_RT_OK;
}

int32_t CudaDevice::currentDevice(int32_t &ordinal) {
  const char *op = "current_device";
  CUcontext context = nullptr;
  ordinal = 0; // as in CUDA's runtime
  CAPSTAN_CUDA_TRY(*this, op, cuCtxGetCurrent, &context);
  if (!context)
    return CAPSTAN_RT_OK;
  CUdevice gpu, other;
  CAPSTAN_CUDA_TRY(*this, op, cuCtxGetDevice, &gpu);
  for (int32_t i = 0; i < deviceCount(); ++i) {
    CAPSTAN_CUDA_TRY(*this, op, cuDeviceGet, &other, i);
    if (other == gpu)
      ordinal = i;
  }
  return CAPSTAN_RT_OK;
}

/// Layouts in which tensor cores multiply FP8 matrices: none before sm_89, TN
/// only where operands have to be contiguous along the sum.
static int64_t layoutsOf(int64_t architecture) {
  if (architecture < 89)
    return 0;
  bool all = (architecture >= 100 && architecture < 120) || architecture >= 130;
  return all ? 1 | 2 | 4 | 8 : 1;
}

int64_t CudaDevice::fp8Layouts() const {
  int major = 0, minor = 0;
  cu.cuDeviceGetAttribute(
      &major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, handle);
  cu.cuDeviceGetAttribute(
      &minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, handle);
  return layoutsOf(10 * major + minor);
}

int32_t CudaDevice::readCapabilities(int32_t ordinal,
                                     capstan_rt_capabilities &read) {
  const char *op = "device_capability";
  if (getpid() != opener)
    return fail(CAPSTAN_RT_UNSUPPORTED, {op, nullptr, name()},
                "this process was forked after CUDA had been started: make the "
                "device in the new process");
  CUdevice gpu;
  CAPSTAN_CUDA_TRY(*this, op, cuDeviceGet, &gpu, ordinal);
  auto ask = [&](CUdevice_attribute attribute, int64_t &value) {
    int answer = 0;
    CAPSTAN_CUDA_TRY(*this, op, cuDeviceGetAttribute, &answer, attribute, gpu);
    value = answer;
    return int32_t(CAPSTAN_RT_OK);
  };
  int64_t major = 0, minor = 0;
  CAPSTAN_RT_TRY(ask(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, major));
  CAPSTAN_RT_TRY(ask(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, minor));
  CAPSTAN_RT_TRY(
      ask(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, read.multiprocessors));
  CAPSTAN_RT_TRY(ask(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN,
                     read.shared_memory));
  read.architecture = 10 * major + minor;
  read.fp8_gemm_layouts = layoutsOf(read.architecture);
  // Atomics of one GPU on another's memory go over NVLink only.
  for (int32_t i = 0; i < deviceCount(); ++i) {
    CUdevice other;
    int linked = 0;
    CAPSTAN_CUDA_TRY(*this, op, cuDeviceGet, &other, i);
    if (other == gpu)
      continue;
    CAPSTAN_CUDA_TRY(*this, op, cuDeviceGetP2PAttribute, &linked,
                     CU_DEVICE_P2P_ATTRIBUTE_NATIVE_ATOMIC_SUPPORTED, gpu,
                     other);
    read.nvlink_peers += linked;
  }
  return CAPSTAN_RT_OK;
}
