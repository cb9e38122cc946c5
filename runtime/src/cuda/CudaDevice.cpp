//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/CudaDevice.h"
#include "cuda/CudaCode.h"
#include "cuda/CudaContexts.h"
#include "cuda/CudaEvent.h"
#include "cuda/CudaRange.h"
#include "cuda/CudaStream.h"

#include "dlpack/dlpack.h"
#include <algorithm>
#include <unistd.h>

using namespace capstan::rt;

static constexpr const char *creating = "device_create";

CudaDevice::CudaDevice(const char *name, int32_t index,
                       const capstan_rt_device_config &config)
    : pinned(*this), events(*this, CU_EVENT_DISABLE_TIMING),
      timers(*this, CU_EVENT_DEFAULT), records(*this), kernels(*this),
      gemms(*this),
      attentions(*this, config.cudnn_library ? config.cudnn_library : ""),
      hopper(*this), config(config), label(name),
      driverName(config.cuda_driver ? config.cuda_driver : "libcuda.so.1"),
      gemmFile(config.blas_library ? config.blas_library : ""),
      gemmCache(config.gemm_cache ? config.gemm_cache : ""), index(index) {
  if (config.allocator)
    allocator = *config.allocator;
}

int32_t CudaDevice::open() {
  CAPSTAN_RT_TRY(cu.load(driverName.c_str()));
  int count = 0;
  CAPSTAN_CUDA_TRY(*this, creating, cuDeviceGetCount, &count);
  if (index >= count)
    return fail(CAPSTAN_RT_NOT_FOUND, {creating, nullptr, name()},
                format("no GPU of index %d: the driver '%s' has %d", index,
                       driverName.c_str(), count));
  capabilities = &tablesOf(driverName, count);
  opener = getpid();
  CAPSTAN_CUDA_TRY(*this, creating, cuDeviceGet, &handle, index);
  size_t bytes = 0;
  CAPSTAN_CUDA_TRY(*this, creating, cuDeviceTotalMem, &bytes, handle);
  limit = config.memory_limit ? config.memory_limit : int64_t(bytes);
  CAPSTAN_CUDA_TRY(*this, creating, cuDevicePrimaryCtxRetain, &primary, handle);
  Current current(*this);
  CAPSTAN_RT_TRY(openPool());
  CAPSTAN_CUDA_TRY(*this, creating, cuStreamCreate, &aside,
                   CU_STREAM_NON_BLOCKING);
  hopper.open();
  return kernels.load();
}

int32_t CudaDevice::openPool() {
  int supported = 0;
  CAPSTAN_CUDA_TRY(*this, creating, cuDeviceGetAttribute, &supported,
                   CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED, handle);
  if (!supported)
    return fail(CAPSTAN_RT_UNSUPPORTED, {creating, nullptr, name()},
                "this GPU has no memory pools");
  CUmemPoolProps properties = {};
  properties.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location = {CU_MEM_LOCATION_TYPE_DEVICE, {handle}};
  CAPSTAN_CUDA_TRY(*this, creating, cuMemPoolCreate, &pool, &properties);
  cuuint64_t threshold =
      config.release_threshold ? config.release_threshold : UINT64_MAX;
  CAPSTAN_CUDA_TRY(*this, creating, cuMemPoolSetAttribute, pool,
                   CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &threshold);
  return CAPSTAN_RT_OK;
}

CudaDevice::~CudaDevice() {
  if (!primary)
    return;
  {
    Current current(*this);
    Relaxed relaxed(*this);
    gemms.clear();
    attentions.clear();
    hopper.unload();
    kernels.unload();
    records.clear();
    events.clear();
    timers.clear();
    pinned.clear();
    if (aside)
      cu.cuStreamDestroy(aside);
    if (pool)
      cu.cuMemPoolDestroy(pool);
  }
  for (size_t i = 0; i < others.size(); ++i)
    if (CUdevice gpu; others[i] && !cu.cuDeviceGet(&gpu, int(i)))
      cu.cuDevicePrimaryCtxRelease(gpu);
  cu.cuDevicePrimaryCtxRelease(handle);
}

int32_t CudaDevice::failed(CUresult result, const char *function,
                           Where where) const {
  where.device = name();
  return fail(statusOf(result), where,
              format("%s: %s", function, cu.describe(result).c_str()));
}

void CudaDevice::dlpack(int32_t &type, int32_t &id) const {
  type = kDLCUDA;
  id = index;
}

int32_t CudaDevice::hostDlpackType() const { return kDLCUDAHost; }

int32_t CudaDevice::createStream(capstan_rt_stream **stream) {
  Current current(*this);
  CUstream created;
  CAPSTAN_CUDA_TRY(*this, "stream_create", cuStreamCreate, &created,
                   CU_STREAM_NON_BLOCKING);
  *stream = new CudaStream(*this, created, /*owned=*/true);
  return CAPSTAN_RT_OK;
}

int32_t CudaDevice::wrapStream(void *native, capstan_rt_stream **stream) {
  *stream =
      new CudaStream(*this, static_cast<CUstream>(native), /*owned=*/false);
  return CAPSTAN_RT_OK;
}

int32_t CudaDevice::createEvent(capstan_rt_event **event) {
  Current current(*this);
  CUevent created;
  CAPSTAN_RT_TRY(events.take("event_create", created));
  *event = new CudaEvent(*this, created);
  return CAPSTAN_RT_OK;
}

std::unique_ptr<AddressRange> CudaDevice::reserveAddresses(int64_t most) {
  return CudaRange::create(*this, most ? std::min(most, limit) : limit);
}

int32_t CudaDevice::loadCode(const capstan_rt_module_info &info,
                             Ref<GpuCode> &code) {
  return CudaCode::load(*this, info, code);
}

void CudaDevice::addCode(const CudaCode &code) {
  std::lock_guard<std::mutex> lock(codesMutex);
  codes.push_back(&code);
}

void CudaDevice::removeCode(const CudaCode &code) {
  std::lock_guard<std::mutex> lock(codesMutex);
  codes.erase(std::remove(codes.begin(), codes.end(), &code), codes.end());
}

std::string CudaDevice::describe(const CudaKernel &kernel) {
  std::lock_guard<std::mutex> lock(codesMutex);
  for (const CudaCode *code : codes)
    if (code->has(kernel)) {
      const char *location = kernel.info.location;
      return format("'%s'%s%s", kernel.info.name, location ? " at " : "",
                    location ? location : "");
    }
  return "";
}

int32_t CudaDevice::gemmLibrary(const char **library) {
  Current current(*this);
  return gemms.load(gemmFile.c_str(), gemmCache.c_str(), library);
}

int32_t CudaDevice::attentionLibrary(const char **library) {
  Current current(*this);
  return attentions.load(library);
}
