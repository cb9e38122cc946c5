//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The `cuda` device: a GPU's primary context, and what its streams share.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_CUDADEVICE_H
#define CAPSTAN_RT_CUDA_CUDADEVICE_H

#include "base/Backend.h"
#include "cuda/Attentions.h"
#include "cuda/Captures.h"
#include "cuda/Driver.h"
#include "cuda/EventCache.h"
#include "cuda/FailureRecords.h"
#include "cuda/Gemms.h"
#include "cuda/HopperAttention.h"
#include "cuda/PinnedCache.h"
#include "cuda/RuntimeKernels.h"

#include <optional>
#include <sys/types.h>

namespace capstan::rt {
class CudaCode;
class CudaKernel;

class CudaDevice final : public Device {
public:
  CudaDevice(const char *name, int32_t index,
             const capstan_rt_device_config &config);
  ~CudaDevice() override;
  /// Loads the driver and opens the GPU.
  int32_t open();

  const char *name() const override { return label.c_str(); }
  const char *target() const override { return "cuda"; }
  void dlpack(int32_t &type, int32_t &id) const override;
  int32_t hostDlpackType() const override;
  int32_t createStream(capstan_rt_stream **stream) override;
  int32_t wrapStream(void *native, capstan_rt_stream **stream) override;
  int32_t createEvent(capstan_rt_event **event) override;
  std::unique_ptr<AddressRange> reserveAddresses(int64_t most) override;
  int32_t loadCode(const capstan_rt_module_info &info,
                   Ref<GpuCode> &code) override;
  int32_t gemmLibrary(const char **library) override;
  int32_t attentionLibrary(const char **library) override;

  int32_t deviceCount() const override { return capabilities->devices(); }
  int32_t currentDevice(int32_t &ordinal) override;
  int32_t setCurrentDevice(int32_t ordinal, bool &changed) override;
  bool worksUnder(int32_t ordinal) const override { return ordinal == index; }
  int32_t readCapabilities(int32_t ordinal,
                           capstan_rt_capabilities &read) override;
  CapabilityTables &capabilityTables() override { return *capabilities; }

  const Driver &driver() const { return cu; }
  CUdevice gpu() const { return handle; }
  CUcontext context() const { return primary; }
  /// Reports what a function of the driver returned.
  int32_t failed(CUresult result, const char *function, Where where) const;

  /// Layouts of FP8 products, as `fp8_gemm_layouts` says.
  int64_t fp8Layouts() const;

  // Code that is loaded, by its owners.
  void addCode(const CudaCode &code);
  void removeCode(const CudaCode &code);
  /// Name and location of a kernel; empty if it is no longer loaded.
  std::string describe(const CudaKernel &kernel);

  // Memory. The context is the thread's current one.

  /// Device memory for the stream, aligned to 256 bytes; null if there is none.
  void *reserve(int64_t bytes, CUstream stream);
  void unreserve(void *memory, int64_t bytes, CUstream stream);
  /// Gives back what nobody uses: the pool's, and a framework's.
  void trim();
  /// Counts bytes towards the limit; false if that is over it.
  bool claim(int64_t bytes);
  void unclaim(int64_t bytes) {
    claimed.fetch_sub(bytes, std::memory_order_relaxed);
  }
  /// Bytes in use by callers went up, or down.
  void use(int64_t bytes);
  int64_t used() const { return inUse.load(std::memory_order_relaxed); }
  int64_t memoryLimit() const { return limit; }
  capstan_rt_attention_by attentionBy() const {
    return static_cast<capstan_rt_attention_by>(config.attention);
  }
  bool poisonsMemory() const { return config.poison_memory; }
  /// A stream for memory that no caller's stream may touch.
  CUstream ownStream() const { return aside; }

  PinnedCache pinned;
  EventCache events, timers;
  FailureRecords records;
  RuntimeKernels kernels;
  Gemms gemms;
  Attentions attentions;
  HopperAttention hopper;

private:
  int32_t openPool();
  int32_t contextOf(int32_t ordinal, CUcontext &context);

  capstan_rt_device_config config;
  capstan_rt_allocator allocator = {};
  const std::string label, driverName, gemmFile, gemmCache;
  const int32_t index;
  Driver cu;
  CUdevice handle = 0;
  CUcontext primary = nullptr;
  /// Of all devices of this driver in the process.
  CapabilityTables *capabilities = nullptr;
  pid_t opener = 0;
  /// Contexts of other devices that a program made current, by ordinal.
  std::mutex othersMutex;
  std::vector<CUcontext> others;
  CUmemoryPool pool = nullptr;
  CUstream aside = nullptr;
  int64_t limit = 0;
  std::atomic<int64_t> claimed{0}, inUse{0};
  std::mutex codesMutex;
  std::vector<const CudaCode *> codes;
};

/// Lets the thread do in a scope what a capture of its own forbids: such calls
/// would end that capture, although they are on other streams.
class Relaxed {
public:
  explicit Relaxed(const CudaDevice &device) : cu(device.driver()) {
    cu.cuThreadExchangeStreamCaptureMode(&mode);
  }
  ~Relaxed() { cu.cuThreadExchangeStreamCaptureMode(&mode); }
  Relaxed(const Relaxed &) = delete;

private:
  const Driver &cu;
  CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;
};

/// Makes the device's context the current one of the thread, in a scope. A
/// thread that had none keeps it: it has nothing to go back to. If the thread
/// captures a stream of ours, the scope is relaxed.
class Current {
public:
  explicit Current(CudaDevice &device) : device(device) {
    device.driver().cuCtxGetCurrent(&before);
    if (before != device.context()) {
      device.counters.add(Counter::set_device_calls);
      device.driver().cuCtxSetCurrent(device.context());
    }
    if (Captures::ofThread())
      relaxed.emplace(device);
  }
  ~Current() {
    if (before && before != device.context())
      device.driver().cuCtxSetCurrent(before);
  }
  Current(const Current &) = delete;

private:
  CudaDevice &device;
  CUcontext before = nullptr;
  std::optional<Relaxed> relaxed;
};

} // namespace capstan::rt

/// Calls a function of the driver; returns its error with the operation.
#define CAPSTAN_CUDA_TRY(DEVICE, OP, FUNCTION, ...)                            \
  do {                                                                         \
    if (CUresult tried = (DEVICE).driver().FUNCTION(__VA_ARGS__))              \
      return (DEVICE).failed(tried, #FUNCTION, {OP});                          \
  } while (false)

#endif // CAPSTAN_RT_CUDA_CUDADEVICE_H
