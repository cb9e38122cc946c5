//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/Forward.h"
#include "base/GraphRegion.h"

#include <algorithm>

using namespace capstan::rt;

capstan_rt_forward::capstan_rt_forward(capstan_rt_stream &stream,
                                       capstan_rt_module &module)
    : caller(stream), module(module),
      failure(
          Ref<Failure>::adopt(new Failure(Ref<RefCounted>::share(&module)))) {
  count(Counter::forwards);
}

capstan_rt_forward::~capstan_rt_forward() {
  if (region)
    region->abandon(*this);
  module.forwardEnded(counters);
}

void capstan_rt_forward::count(Counter counter, int64_t amount) {
  counters.add(counter, amount);
  module.counters.add(counter, amount);
  caller.device->counters.add(counter, amount);
}

int32_t capstan_rt_forward::done(int32_t code) {
  explained |= code != CAPSTAN_RT_OK;
  return code;
}

int32_t capstan_rt_forward::fail(int32_t code, Where where,
                                 std::string message) {
  where.device = caller.device->name();
  return done(capstan::rt::fail(code, where, std::move(message)));
}

int32_t capstan_rt_forward::setDevice(int64_t ordinal) {
  const char *op = "set_device";
  Device &device = *caller.device;
  CAPSTAN_RT_TRY(done(device.checkOrdinal(op, ordinal)));
  CAPSTAN_RT_TRY(refuseInCapture(op, "a change of the current device"));
  if (deviceBefore < 0)
    CAPSTAN_RT_TRY(done(device.currentDevice(deviceBefore)));
  bool changed = false;
  CAPSTAN_RT_TRY(
      done(device.setCurrentDevice(static_cast<int32_t>(ordinal), changed)));
  if (changed)
    count(Counter::set_device_calls);
  elsewhere = device.worksUnder(static_cast<int32_t>(ordinal))
                  ? -1
                  : static_cast<int32_t>(ordinal);
  return CAPSTAN_RT_OK;
}

void capstan_rt_forward::restoreDevice() {
  bool changed = false;
  if (deviceBefore >= 0)
    caller.device->setCurrentDevice(deviceBefore, changed);
  if (changed)
    count(Counter::set_device_calls);
}

int32_t capstan_rt_forward::failElsewhere(const char *op) {
  return fail(CAPSTAN_RT_UNSUPPORTED, {op},
              format("device %d is current, and the work of this forward goes "
                     "to its stream's",
                     elsewhere));
}

int32_t capstan_rt_forward::refuseInCapture(const char *op, const char *what) {
  return done(
      stream->refuseInCapture(op, what, region ? region->location() : nullptr));
}

template <typename Work>
int32_t capstan_rt_forward::orWithoutGraph(Work enqueue) {
  int32_t code = enqueue();
  if (code != CAPSTAN_RT_OUT_OF_MEMORY || !hasPool || !stream->capturing())
    return code;
  CAPSTAN_RT_TRY(region->giveUpGraph(*this));
  return enqueue();
}

int32_t capstan_rt_forward::allocateDevice(int64_t bytes, int64_t alignment,
                                           Block *block) {
  int32_t code =
      orWithoutGraph([&] { return stream->allocate(bytes, alignment, block); });
  if (code != CAPSTAN_RT_OUT_OF_MEMORY || !stream->capturing())
    return code;
  return refuseInCapture(
      "alloc", format("no memory for %lld bytes", static_cast<long long>(bytes))
                   .c_str());
}

int32_t capstan_rt_forward::gemm(const capstan_rt_gemm_desc &desc,
                                 const void *a, const void *b, void *c) {
  count(Counter::gemms);
  return done(
      orWithoutGraph([&] { return stream->gemm(failure, desc, a, b, c); }));
}

int32_t
capstan_rt_forward::attention(const capstan_rt_attention_desc &desc,
                              const capstan::rt::AttentionArguments &tensors) {
  count(Counter::attentions);
  return done(orWithoutGraph(
      [&] { return stream->attention(failure, desc, tensors); }));
}

int32_t capstan_rt_forward::allocate(int64_t bytes, int64_t alignment,
                                     bool host, void **memory) {
  const char *op = host ? "host_alloc" : "alloc";
  if (!memory)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op}, "memory is null");
  *memory = nullptr;
  if (bytes < 0)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                format("%lld bytes", static_cast<long long>(bytes)));
  if (alignment < 1 || (alignment & (alignment - 1)))
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                format("an alignment of %lld is not a power of two",
                       static_cast<long long>(alignment)));
  if (host)
    CAPSTAN_RT_TRY(refuseInCapture(op, "memory of the host"));
  Block block;
  CAPSTAN_RT_TRY(done(host ? stream->allocateHost(bytes, alignment, &block)
                           : allocateDevice(bytes, alignment, &block)));
  if (!host) {
    count(Counter::allocations);
    count(Counter::allocated_bytes, bytes);
    live += bytes;
    counters.raise(Counter::peak_bytes, live);
    module.counters.raise(Counter::peak_bytes, live);
  }
  *memory = block.get();
  owned[*memory] = {std::move(block), bytes, host};
  return CAPSTAN_RT_OK;
}

int32_t capstan_rt_forward::free(void *memory, bool host) {
  if (!memory)
    return CAPSTAN_RT_OK;
  const char *op = host ? "host_free" : "free";
  auto it = owned.find(memory);
  if (it == owned.end() || it->second.host != host)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                "not memory that this forward has allocated so");
  for (const Running &running : fetches)
    if (host && running.fetch->writes(memory, it->second.bytes))
      return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                  "a fetch into this memory was not waited for");
  if (!host)
    live -= it->second.bytes;
  owned.erase(it);
  return CAPSTAN_RT_OK;
}

bool capstan_rt_forward::holds(const void *address) const {
  auto at = reinterpret_cast<uintptr_t>(address);
  return std::any_of(owned.begin(), owned.end(), [&](const auto &entry) {
    auto start = reinterpret_cast<uintptr_t>(entry.first);
    return at >= start && at - start < uintptr_t(entry.second.bytes);
  });
}

Block capstan_rt_forward::take(void *memory, bool *host) {
  auto it = owned.find(memory);
  if (it == owned.end())
    return {};
  Block block = std::move(it->second.block);
  *host = it->second.host;
  if (!*host)
    live -= it->second.bytes;
  owned.erase(it);
  return block;
}

static int64_t bytesOf(int64_t count, const capstan_rt_part *parts) {
  int64_t bytes = 0;
  for (int64_t i = 0; i < count; ++i)
    bytes += parts[i].bytes;
  return bytes;
}

int32_t capstan_rt_forward::startFetch(int64_t count,
                                       const capstan_rt_part *parts,
                                       bool poison, capstan_rt_fetch **fetch) {
  const char *op = poison ? "fetch_start" : "read";
  if (!fetch || count < 0 || (count && !parts))
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op}, "null pointer");
  *fetch = nullptr;
  for (int64_t i = 0; i < count; ++i)
    if (parts[i].bytes < 0 ||
        (parts[i].bytes && (!parts[i].source || !parts[i].destination)))
      return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                  format("part %lld has %lld bytes, or no memory",
                         static_cast<long long>(i),
                         static_cast<long long>(parts[i].bytes)));
  CAPSTAN_RT_TRY(refuseInCapture(op, "a read of the host"));
  CAPSTAN_RT_TRY(done(stream->fetch(failure, count, parts, poison, fetch)));
  fetches.push_back({Ref<Fetch>::adopt(*fetch), bytesOf(count, parts)});
  return CAPSTAN_RT_OK;
}

capstan_rt_forward::Running *capstan_rt_forward::find(capstan_rt_fetch *fetch) {
  for (Running &running : fetches)
    if (running.fetch.get() == fetch)
      return &running;
  return nullptr;
}

int32_t capstan_rt_forward::waitFetch(capstan_rt_fetch *fetch, Counter kind) {
  Running *running = find(fetch);
  if (!running)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {"fetch_wait"},
                "not a fetch under way in this forward");
  CAPSTAN_RT_TRY(refuseInCapture("fetch_wait", "a synchronization"));
  count(kind);
  count(Counter::bytes_read_back, running->bytes);
  int32_t code = fetch->wait();
  std::swap(*running, fetches.back());
  fetches.pop_back();
  return done(code);
}

int32_t capstan_rt_forward::releaseFetch(capstan_rt_fetch *fetch) {
  Running *running = find(fetch);
  if (!running)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {"fetch_release"},
                "not a fetch under way in this forward");
  std::swap(*running, fetches.back());
  fetches.pop_back();
  return CAPSTAN_RT_OK;
}
