//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What a backend implements: devices, streams, events and graphs. Everything
// above works on any of them; capstan_rt_device_create knows their names.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_BASE_BACKEND_H
#define CAPSTAN_RT_BASE_BACKEND_H

#include "base/Api.h"
#include "base/Capabilities.h"
#include "base/Counters.h"
#include "base/Error.h"
#include "base/RefCounted.h"
#include "base/Trace.h"

#include <memory>

namespace capstan::rt {

/// Where blocks come from and go back to; outlives its stream as long as blocks
/// are in use.
class MemoryPool : public RefCounted {
public:
  /// Memory of at least `bytes`; null if there is none left.
  virtual void *allocate(int64_t bytes, int64_t alignment,
                         int64_t &capacity) = 0;
  virtual void give(void *memory, int64_t capacity) = 0;
  /// The same of memory that this pool hasn't given to anybody before; null if
  /// there is none, or the pool doesn't know.
  virtual void *allocateUnused(int64_t, int64_t, int64_t &) { return nullptr; }
  /// Bytes that the pool holds, in use or not.
  virtual int64_t bytes() const = 0;
};

/// A range of device addresses that has memory behind its first part. That part
/// grows and shrinks while graphs that know addresses in it exist (on CUDA:
/// cuMemAddressReserve and cuMemMap, the latter also while a stream of this
/// thread is captured).
class AddressRange {
public:
  virtual ~AddressRange() = default;
  virtual char *base() const = 0;
  /// Puts memory behind the first `bytes`, and none or little behind the rest.
  /// Contents of what stays don't change. False, and nothing happens, if there
  /// is no memory.
  virtual bool resize(int64_t bytes) = 0;
  /// Bytes of memory; sizes are rounded up.
  virtual int64_t bytes() const = 0;
};

/// Memory that somebody owns; back to its pool when that ends. Device memory is
/// given back in the order of the stream.
class Block {
public:
  Block() = default;
  Block(void *memory, int64_t capacity, Ref<MemoryPool> pool)
      : memory(memory), capacity(capacity), pool(std::move(pool)) {}
  Block(Block &&other) noexcept = default;
  Block &operator=(Block &&other) noexcept {
    std::swap(memory, other.memory);
    std::swap(capacity, other.capacity);
    std::swap(pool, other.pool);
    return *this;
  }
  ~Block() {
    if (pool)
      pool->give(memory, capacity);
  }

  void *get() const { return memory; }
  int64_t bytes() const { return capacity; }

private:
  void *memory = nullptr;
  int64_t capacity = 0;
  Ref<MemoryPool> pool;
};

struct AttentionArguments {
  const void *q, *k, *v;
  const int32_t *cuSeqlensQ, *cuSeqlensK;
  void *out;
  float *logsumexp;
};

/// Bytes to be copied to the device: from there, or at most 8 of the host that
/// are read at once.
struct Part {
  void *destination;
  const void *source;
  int64_t bytes;
  bool host;
};

/// What a replay copies before the graph's work, and behind it.
struct ReplayParts {
  std::vector<Part> inputs, results;
};

/// The most that replays of a graph copy: how many parts, and bytes of one.
struct ReplayLimits {
  int32_t inputs, results;
  int64_t inputBytes, resultBytes;
};

/// What a device has loaded of a module; unloaded at the end, when no work of
/// it is under way.
class GpuCode : public RefCounted {
public:
  /// Where the module's constants are on the device.
  const std::vector<const void *> &constants() const { return addresses; }

protected:
  std::vector<const void *> addresses;
};

/// A launch of a kernel of a module's GPU code.
struct GpuLaunch {
  GpuCode &code;
  int64_t kernel;
  uint32_t grid[3];
  void **arguments;
};

/// An error, or null.
using MaybeError = std::unique_ptr<Error>;

class Callback {
public:
  virtual ~Callback() = default;
  virtual MaybeError run() = 0;
};

using FailureRef = Ref<Failure>;

} // namespace capstan::rt

struct capstan_rt_device : capstan::rt::RefCounted {
  capstan::rt::Counters counters;
  capstan::rt::Trace trace;
  /// Of each module; 0: any number.
  int32_t maxGraphs = 0;
  int64_t maxGraphBytes = 0;

  virtual const char *name() const = 0;
  /// What modules for it are compiled for.
  virtual const char *target() const = 0;
  virtual void dlpack(int32_t &type, int32_t &id) const = 0;
  /// The DLDeviceType of memory of `allocateHost`.
  virtual int32_t hostDlpackType() const = 0;
  virtual int32_t createStream(capstan_rt_stream **stream) = 0;
  /// A stream around one of the device's own kind.
  virtual int32_t wrapStream(void *native, capstan_rt_stream **stream) = 0;
  /// Loads the GPU code of a module that was checked; null if it has none.
  virtual int32_t loadCode(const capstan_rt_module_info &info,
                           capstan::rt::Ref<capstan::rt::GpuCode> &code) = 0;
  virtual int32_t createEvent(capstan_rt_event **event) = 0;
  /// At most `most` bytes, or what the device may have if that is 0. Null if
  /// there are no addresses left.
  virtual std::unique_ptr<capstan::rt::AddressRange>
  reserveAddresses(int64_t most) = 0;
  /// Devices that a program finds; ordinals below are less than that.
  virtual int32_t deviceCount() const = 0;
  virtual int32_t currentDevice(int32_t &ordinal) = 0;
  virtual int32_t setCurrentDevice(int32_t ordinal, bool &changed) = 0;
  /// Whether work of this device is right while that one is current.
  virtual bool worksUnder(int32_t ordinal) const = 0;
  /// Asks the driver.
  virtual int32_t readCapabilities(int32_t ordinal,
                                   capstan_rt_capabilities &read) = 0;
  /// What is known of all devices of the process.
  virtual capstan::rt::CapabilityTables &capabilityTables() = 0;
  /// The table of a device, which `capability_queries` counts if the driver was
  /// asked for it.
  int32_t capabilitiesOf(const char *op, int64_t ordinal,
                         const capstan_rt_capabilities *&table);
  /// An error if there is no such device.
  int32_t checkOrdinal(const char *op, int64_t ordinal) const;
  /// Loads the library for matrix products.
  virtual int32_t gemmLibrary(const char **library) = 0;
  /// Loads the library for attention.
  virtual int32_t attentionLibrary(const char **library) = 0;
};

struct capstan_rt_event : capstan::rt::RefCounted {
  const capstan::rt::Ref<capstan_rt_device> device;

  virtual int32_t synchronize() = 0;
  virtual bool query() = 0;

protected:
  explicit capstan_rt_event(capstan_rt_device *device)
      : device(capstan::rt::Ref<capstan_rt_device>::share(device)) {}
};

/// A read under way: `wait` blocks until the parts are in staging memory, then
/// writes the destinations.
struct capstan_rt_fetch : capstan::rt::RefCounted {
  virtual int32_t wait() = 0;
  /// Whether a destination is in [memory, memory + bytes).
  virtual bool writes(const void *memory, int64_t bytes) const = 0;
};

/// Replays under way keep it alive.
struct capstan_rt_graph : capstan::rt::RefCounted {
  virtual capstan_rt_device &device() = 0;
  virtual int64_t nodes() const = 0;
  virtual int64_t bytes() const = 0;
  /// Counts a replay with every module that the graph has calls of.
  virtual void countReplay() = 0;
  /// Makes later replays use `to` instead of `from`, a range of `bytes`. False
  /// if that can't be, or costs more than a copy: the graph is not to be used
  /// again unless the range stays.
  virtual bool move(const void *from, int64_t bytes, const void *to) = 0;
};

struct capstan_rt_stream : capstan::rt::RefCounted {
  const capstan::rt::Ref<capstan_rt_device> device;

  /// The stream in the device's own terms; null if it has none.
  virtual void *native() = 0;

  virtual int32_t allocate(int64_t bytes, int64_t alignment,
                           capstan::rt::Block *block) = 0;
  virtual int32_t allocateHost(int64_t bytes, int64_t alignment,
                               capstan::rt::Block *block) = 0;

  // Work, with arguments that were checked. Its errors go to `failure`.
  virtual int32_t copy(const capstan::rt::FailureRef &failure,
                       void *destination, const void *source,
                       int64_t bytes) = 0;
  virtual int32_t toDevice(const capstan::rt::FailureRef &failure,
                           void *destination, const void *source,
                           int64_t bytes) = 0;
  /// All of some copies, which don't depend on each other.
  virtual int32_t stage(const capstan::rt::FailureRef &failure,
                        const std::vector<capstan::rt::Part> &parts) = 0;
  virtual int32_t launch(const capstan::rt::FailureRef &failure,
                         const capstan_rt_kernel_info *info,
                         capstan_rt_kernel kernel, const void *arguments,
                         int64_t bytes, int64_t extent) = 0;
  virtual int32_t launchGpu(const capstan::rt::FailureRef &failure,
                            const capstan::rt::GpuLaunch &launch) = 0;
  virtual int32_t gemm(const capstan::rt::FailureRef &failure,
                       const capstan_rt_gemm_desc &desc, const void *a,
                       const void *b, void *c) = 0;
  virtual int32_t groupedGemm(const capstan::rt::FailureRef &failure,
                              const capstan_rt_gemm_desc &desc, const void *a,
                              const void *b, const int32_t *offsets,
                              void *c) = 0;
  /// The descriptor has all strides.
  virtual int32_t attention(const capstan::rt::FailureRef &failure,
                            const capstan_rt_attention_desc &desc,
                            const capstan::rt::AttentionArguments &tensors) = 0;
  virtual int32_t check(const capstan::rt::FailureRef &failure,
                        const uint8_t *condition, const char *message,
                        const char *location) = 0;
  /// Reads the parts in stream order. With `poison`, destinations hold poison
  /// until the fetch is waited for.
  virtual int32_t fetch(const capstan::rt::FailureRef &failure, int64_t count,
                        const capstan_rt_part *parts, bool poison,
                        capstan_rt_fetch **fetch) = 0;
  /// Code of the host that runs in the stream's order.
  virtual int32_t callback(const char *op,
                           std::unique_ptr<capstan::rt::Callback> callback) = 0;

  // Order.
  virtual int32_t synchronize() = 0;
  virtual bool query() = 0;
  virtual int32_t record(capstan_rt_event &event) = 0;
  virtual int32_t wait(capstan_rt_event &event) = 0;

  // Capture.
  virtual bool capturing() = 0;
  /// Allocations come from `memory`, which the graph keeps alive; if that is
  /// null, from memory of the graph alone.
  virtual int32_t beginCapture(capstan::rt::Ref<capstan::rt::MemoryPool> memory,
                               const capstan::rt::ReplayLimits &limits) = 0;
  virtual int32_t endCapture(capstan_rt_graph **graph) = 0;
  /// If the stream is captured: discards that, and fails because of `what`.
  virtual int32_t refuseInCapture(const char *op, const char *what,
                                  const char *location = nullptr) = 0;
  /// Says that a call of a module is part of the capture.
  virtual void captureCall(capstan_rt_module &module) = 0;
  /// Enqueues a replay, whose errors go to `failure` unless that is null. No
  /// two replays of a graph run at once, on whatever streams.
  virtual int32_t replay(capstan_rt_graph &graph,
                         const capstan::rt::FailureRef &failure,
                         const capstan::rt::ReplayParts &parts) = 0;
  /// What comes next runs after the replays that the graph has had.
  virtual int32_t waitReplays(capstan_rt_graph &graph) = 0;

protected:
  explicit capstan_rt_stream(capstan_rt_device *device)
      : device(capstan::rt::Ref<capstan_rt_device>::share(device)) {}
};

#endif // CAPSTAN_RT_BASE_BACKEND_H
