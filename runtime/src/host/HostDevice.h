//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The `host` device: threads, memory and libraries that its streams share.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_HOST_HOSTDEVICE_H
#define CAPSTAN_RT_HOST_HOSTDEVICE_H

#include "base/Backend.h"
#include "host/Blas.h"
#include "host/ThreadPool.h"

#include <string>

namespace capstan::rt {

/// Makes a device of a configuration that was checked.
int32_t createHostDevice(const capstan_rt_device_config &config,
                         Device **device);

class HostDevice final : public Device {
public:
  explicit HostDevice(const capstan_rt_device_config &config);

  const char *name() const override { return "host"; }
  const char *target() const override { return "host"; }
  void dlpack(int32_t &type, int32_t &id) const override;
  int32_t hostDlpackType() const override;
  int32_t createStream(capstan_rt_stream **stream) override;
  int32_t wrapStream(void *native, capstan_rt_stream **stream) override;
  int32_t loadCode(const capstan_rt_module_info &info,
                   Ref<GpuCode> &code) override;
  int32_t createEvent(capstan_rt_event **event) override;
  std::unique_ptr<AddressRange> reserveAddresses(int64_t most) override;
  int32_t gemmLibrary(const char **library) override;
  int32_t attentionLibrary(const char **library) override;

  int32_t deviceCount() const override { return capabilities.devices(); }
  int32_t currentDevice(int32_t &ordinal) override;
  int32_t setCurrentDevice(int32_t ordinal, bool &changed) override;
  bool worksUnder(int32_t) const override { return true; }
  int32_t readCapabilities(int32_t ordinal,
                           capstan_rt_capabilities &read) override;
  CapabilityTables &capabilityTables() override { return capabilities; }
  /// Of all `host` devices, as the driver's is of all GPUs.
  static int32_t currentOfThread();

  ThreadPool &threads() { return pool; }
  /// The loaded library, or null after an error.
  int32_t loadBlas(const Blas **library);
  bool poisonsMemory() const { return config.poison_memory; }
  int64_t maxDelay() const { return config.max_delay_us; }
  /// A seed for the delays of the next stream.
  uint64_t nextSeed();

  /// Counts bytes taken from the system; false if that is over the limit.
  bool claim(int64_t bytes);
  void unclaim(int64_t bytes) {
    reserved.fetch_sub(bytes, std::memory_order_relaxed);
  }
  /// Memory from the system; null if there is none left.
  void *reserve(int64_t bytes, int64_t alignment);
  void unreserve(void *memory, int64_t bytes);
  /// Bytes in use by callers went up, or down.
  void use(int64_t bytes);
  int64_t used() const { return inUse.load(std::memory_order_relaxed); }
  int64_t memoryLimit() const { return limit; }

private:
  capstan_rt_device_config config;
  const int64_t limit; // of bytes taken from the system
  const std::vector<capstan_rt_capabilities> declared;
  CapabilityTables capabilities;
  std::string blasName;
  std::mutex blasMutex;
  Blas blas;
  std::atomic<uint64_t> streams{0};
  std::atomic<int64_t> reserved{0}, inUse{0};
  ThreadPool pool;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_HOST_HOSTDEVICE_H
