//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "host/HostDevice.h"
#include "host/HostRange.h"
#include "host/HostStream.h"

#include "dlpack/dlpack.h"
#include <algorithm>
#include <cstdlib>
#include <unistd.h>

using namespace capstan::rt;

static int threadCount(int configured) {
  int cores = static_cast<int>(std::thread::hardware_concurrency());
  return configured ? configured : std::max(cores, 1);
}

static int64_t memoryOfMachine() {
  return int64_t(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
}

static std::vector<capstan_rt_capabilities>
declaredDevices(const capstan_rt_device_config &config) {
  if (config.num_devices)
    return {config.devices, config.devices + config.num_devices};
  capstan_rt_capabilities none = {};
  none.size = sizeof(none);
  return {none};
}

HostDevice::HostDevice(const capstan_rt_device_config &config)
    : config(config),
      limit(config.memory_limit ? config.memory_limit : memoryOfMachine()),
      declared(declaredDevices(config)),
      capabilities(static_cast<int32_t>(declared.size())),
      blasName(config.blas_library ? config.blas_library : "libopenblas.so.0"),
      pool(threadCount(config.threads)) {}

int32_t capstan::rt::createHostDevice(const capstan_rt_device_config &config,
                                      Device **device) {
  *device = new HostDevice(config);
  return CAPSTAN_RT_OK;
}

void HostDevice::dlpack(int32_t &type, int32_t &id) const {
  type = kDLCPU;
  id = 0;
}

int32_t HostDevice::hostDlpackType() const { return kDLCPU; }

int32_t HostDevice::wrapStream(void *, capstan_rt_stream **) {
  return fail(CAPSTAN_RT_UNSUPPORTED, {"stream_wrap", nullptr, name()},
              "the host has no streams but the runtime's");
}

int32_t HostDevice::loadCode(const capstan_rt_module_info &, Ref<GpuCode> &) {
  return CAPSTAN_RT_OK;
}

static thread_local int32_t current = 0;

int32_t HostDevice::currentOfThread() { return current; }

int32_t HostDevice::currentDevice(int32_t &ordinal) {
  ordinal = current;
  return CAPSTAN_RT_OK;
}

int32_t HostDevice::setCurrentDevice(int32_t ordinal, bool &changed) {
  changed = ordinal != current;
  current = ordinal;
  return CAPSTAN_RT_OK;
}

int32_t HostDevice::readCapabilities(int32_t ordinal,
                                     capstan_rt_capabilities &read) {
  read = declared[ordinal];
  return CAPSTAN_RT_OK;
}

int32_t HostDevice::createStream(capstan_rt_stream **stream) {
  *stream = new HostStream(*this);
  return CAPSTAN_RT_OK;
}

int32_t HostDevice::createEvent(capstan_rt_event **event) {
  *event = new HostEvent(*this);
  return CAPSTAN_RT_OK;
}

std::unique_ptr<AddressRange> HostDevice::reserveAddresses(int64_t most) {
  return HostRange::create(*this, most ? std::min(most, limit) : limit);
}

int32_t HostDevice::loadBlas(const Blas **library) {
  std::lock_guard<std::mutex> lock(blasMutex);
  CAPSTAN_RT_TRY(blas.load(blasName.c_str()));
  *library = &blas;
  return CAPSTAN_RT_OK;
}

int32_t HostDevice::gemmLibrary(const char **library) {
  const Blas *loaded;
  CAPSTAN_RT_TRY(loadBlas(&loaded));
  *library = loaded->description();
  return CAPSTAN_RT_OK;
}

int32_t HostDevice::attentionLibrary(const char **library) {
  return gemmLibrary(library); // its scores and sums are matrix products
}

uint64_t HostDevice::nextSeed() {
  return config.delay_seed + streams.fetch_add(1, std::memory_order_relaxed);
}

bool HostDevice::claim(int64_t bytes) {
  int64_t before = reserved.fetch_add(bytes, std::memory_order_relaxed);
  if (bytes <= limit - before)
    return true;
  unclaim(bytes);
  return false;
}

void *HostDevice::reserve(int64_t bytes, int64_t alignment) {
  void *memory;
  if (!claim(bytes))
    return nullptr;
  if (!posix_memalign(&memory, alignment, bytes))
    return memory;
  unclaim(bytes);
  return nullptr;
}

void HostDevice::unreserve(void *memory, int64_t bytes) {
  std::free(memory);
  unclaim(bytes);
}

void HostDevice::use(int64_t bytes) {
  int64_t now = inUse.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  counters.raise(Counter::peak_bytes, now);
}
