//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/Forward.h"
#include "base/GraphRegion.h"
#include "base/Validate.h"

#include <cstddef>
#include <cstring>
#include <iterator>
#include <type_traits>

using namespace capstan::rt;
using Counter = capstan::rt::Counter;

//===----------------------------------------------------------------------===//
// compiled.h agrees with entry_points.def
//===----------------------------------------------------------------------===//

namespace {
struct PTR {
  template <typename T> static constexpr bool is = std::is_pointer_v<T>;
};
template <size_t bytes> struct Integer {
  template <typename T>
  static constexpr bool is = std::is_integral_v<T> && sizeof(T) == bytes;
};
using I64 = Integer<8>;
using I32 = Integer<4>;
using I16 = Integer<2>;
using I8 = Integer<1>;
template <typename Type> struct Exactly {
  template <typename T> static constexpr bool is = std::is_same_v<T, Type>;
};
using F64 = Exactly<double>;
using DTYPE = Exactly<capstan_rt_dtype>;
// Arrays are initialized element by element.
#define DIMS I64, I64, I64, I64, I64, I64, I64, I64

template <typename... Kinds> struct Agree {
  template <typename... Parameters>
  static constexpr bool check(int32_t (*)(capstan_rt_forward *,
                                          Parameters...)) {
    if constexpr (sizeof...(Kinds) == sizeof...(Parameters))
      return (Kinds::template is<Parameters> && ...);
    else
      return false;
  }
};

/// Initializes a field of its kind, and none of another.
template <typename Kind> struct Field {
  template <typename T, typename = std::enable_if_t<Kind::template is<T>>>
  operator T() const;
};
struct AnyKind {
  template <typename T> static constexpr bool is = true;
};
template <typename Struct, typename... Kinds>
auto hasFields(int) -> decltype(Struct{Field<Kinds>()...}, std::true_type());
template <typename Struct, typename... Kinds> std::false_type hasFields(...);
} // namespace

#define CAPSTAN_RT_STRUCT(NAME, ...)                                           \
  static_assert(                                                               \
      decltype(hasFields<capstan_rt_##NAME, __VA_ARGS__>(0))::value &&         \
          !decltype(hasFields<capstan_rt_##NAME, __VA_ARGS__, AnyKind>(        \
              0))::value,                                                      \
      "compiled.h and entry_points.def disagree on " #NAME);
#define CAPSTAN_RT_CALL(NAME, ...)                                             \
  static_assert(Agree<__VA_ARGS__>::check(&capstan_rt_##NAME),                 \
                "compiled.h and entry_points.def disagree on " #NAME);
#define CAPSTAN_RT_CONSTANT(NAME, VALUE)                                       \
  static_assert(CAPSTAN_RT_##NAME == VALUE,                                    \
                "compiled.h and entry_points.def disagree on " #NAME);
#include "capstan_rt/entry_points.def"
#undef DIMS

// What reads one of the two can read the other.
static_assert(offsetof(capstan_rt_gpu_module_info, code) ==
                      sizeof(capstan_rt_module_info) &&
                  offsetof(capstan_rt_gpu_module_info, entries) ==
                      offsetof(capstan_rt_module_info, entries),
              "the module infos don't begin alike");

void *capstan_rt_entry_point(const char *symbol) {
  static const struct {
    const char *name;
    void *address;
  } table[] = {
#define CAPSTAN_RT_CALL(NAME, ...)                                             \
  {"capstan_rt_" #NAME, reinterpret_cast<void *>(&capstan_rt_##NAME)},
#include "capstan_rt/entry_points.def"
  };
  for (const auto &entry : table)
    if (symbol && !strcmp(entry.name, symbol))
      return entry.address;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// The entries
//===----------------------------------------------------------------------===//

#define REQUIRE_FORWARD(OP)                                                    \
  do {                                                                         \
    if (!forward)                                                              \
      return fail(CAPSTAN_RT_INVALID_ARGUMENT, {OP}, "the forward is null");   \
  } while (false)

int32_t capstan_rt_alloc(capstan_rt_forward *forward, int64_t bytes,
                         int64_t alignment, void **memory) {
  REQUIRE_FORWARD("alloc");
  return forward->allocate(bytes, alignment, /*host=*/false, memory);
}

int32_t capstan_rt_free(capstan_rt_forward *forward, void *memory) {
  REQUIRE_FORWARD("free");
  return forward->free(memory, /*host=*/false);
}

int32_t capstan_rt_host_alloc(capstan_rt_forward *forward, int64_t bytes,
                              int64_t alignment, void **memory) {
  REQUIRE_FORWARD("host_alloc");
  return forward->allocate(bytes, alignment, /*host=*/true, memory);
}

int32_t capstan_rt_host_free(capstan_rt_forward *forward, void *memory) {
  REQUIRE_FORWARD("host_free");
  return forward->free(memory, /*host=*/true);
}

static int32_t checkCopy(capstan_rt_forward *forward, const char *op,
                         const void *destination, const void *source,
                         int64_t bytes) {
  if (bytes < 0 || (bytes && (!destination || !source)))
    return forward->fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                         "null memory, or a negative number of bytes");
  return CAPSTAN_RT_OK;
}

int32_t capstan_rt_copy(capstan_rt_forward *forward, void *destination,
                        const void *source, int64_t bytes) {
  REQUIRE_FORWARD("copy");
  CAPSTAN_RT_TRY(forward->here("copy"));
  CAPSTAN_RT_TRY(checkCopy(forward, "copy", destination, source, bytes));
  return forward->done(
      forward->stream->copy(forward->failure, destination, source, bytes));
}

int32_t capstan_rt_to_device(capstan_rt_forward *forward, void *destination,
                             const void *source, int64_t bytes) {
  REQUIRE_FORWARD("to_device");
  CAPSTAN_RT_TRY(forward->here("to_device"));
  CAPSTAN_RT_TRY(checkCopy(forward, "to_device", destination, source, bytes));
  return forward->done(
      forward->stream->toDevice(forward->failure, destination, source, bytes));
}

int32_t capstan_rt_launch(capstan_rt_forward *forward,
                          const capstan_rt_kernel_info *info,
                          capstan_rt_kernel kernel, const void *arguments,
                          int64_t bytes, int64_t extent) {
  REQUIRE_FORWARD("launch");
  CAPSTAN_RT_TRY(forward->here("launch"));
  if (!info || !info->name || !kernel || bytes < 0 || (bytes && !arguments) ||
      info->num_checks < 0 || (info->num_checks && !info->checks))
    return forward->fail(CAPSTAN_RT_INVALID_ARGUMENT, {"launch"},
                         "no kernel, or no arguments");
  if (extent < 0)
    return forward->fail(
        CAPSTAN_RT_INVALID_ARGUMENT, {info->name, info->location},
        format("an extent of %lld", static_cast<long long>(extent)));
  forward->count(Counter::launches);
  return forward->done(forward->stream->launch(forward->failure, info, kernel,
                                               arguments, bytes, extent));
}

int32_t capstan_rt_constant(capstan_rt_forward *forward, int64_t constant,
                            const void **data) {
  REQUIRE_FORWARD("constant");
  const GpuCode *code = forward->module.code.get();
  if (!data || !code || constant < 0 ||
      constant >= int64_t(code->constants().size()))
    return forward->fail(CAPSTAN_RT_INVALID_ARGUMENT, {"constant"},
                         format("the module has no constant %lld for GPUs",
                                static_cast<long long>(constant)));
  *data = code->constants()[constant];
  return CAPSTAN_RT_OK;
}

int32_t capstan_rt_launch_gpu(capstan_rt_forward *forward, int64_t kernel,
                              int64_t grid_x, int64_t grid_y, int64_t grid_z,
                              void **arguments) {
  const char *op = "launch_gpu";
  REQUIRE_FORWARD(op);
  CAPSTAN_RT_TRY(forward->here(op));
  const Module &module = forward->module;
  if (!module.code || kernel < 0 || kernel >= module.gpuInfo()->num_kernels)
    return forward->fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                         format("the module has no kernel %lld for GPUs",
                                static_cast<long long>(kernel)));
  const capstan_rt_gpu_kernel_info &info = module.gpuInfo()->kernels[kernel];
  // The driver checks the rest: what is too large differs between devices.
  int64_t largest = INT32_MAX;
  if (grid_x < 0 || grid_y < 0 || grid_z < 0 || grid_x > largest ||
      grid_y > largest || grid_z > largest)
    return forward->fail(
        CAPSTAN_RT_INVALID_ARGUMENT, {info.name, info.location},
        format("a grid of %lld x %lld x %lld", static_cast<long long>(grid_x),
               static_cast<long long>(grid_y), static_cast<long long>(grid_z)));
  if (info.num_arguments && !arguments)
    return forward->fail(CAPSTAN_RT_INVALID_ARGUMENT,
                         {info.name, info.location}, "no arguments");
  forward->count(Counter::launches);
  if (!grid_x || !grid_y || !grid_z)
    return CAPSTAN_RT_OK;
  return forward->done(forward->stream->launchGpu(
      forward->failure, {*module.code,
                         kernel,
                         {uint32_t(grid_x), uint32_t(grid_y), uint32_t(grid_z)},
                         arguments}));
}

int32_t capstan_rt_gemm(capstan_rt_forward *forward,
                        const capstan_rt_gemm_desc *desc, const void *a,
                        const void *b, void *c) {
  REQUIRE_FORWARD("gemm");
  CAPSTAN_RT_TRY(forward->here("gemm"));
  capstan_rt_gemm_desc full;
  CAPSTAN_RT_TRY(forward->done(checkGemm(desc, a, b, c, full)));
  return forward->gemm(full, a, b, c);
}

int32_t capstan_rt_grouped_gemm(capstan_rt_forward *forward,
                                const capstan_rt_gemm_desc *desc, const void *a,
                                const void *b, const int32_t *offsets,
                                void *c) {
  REQUIRE_FORWARD("grouped_gemm");
  CAPSTAN_RT_TRY(forward->here("grouped_gemm"));
  capstan_rt_gemm_desc full;
  CAPSTAN_RT_TRY(forward->done(checkGroupedGemm(desc, a, b, offsets, c, full)));
  forward->count(Counter::gemms);
  return forward->done(
      forward->stream->groupedGemm(forward->failure, full, a, b, offsets, c));
}

int32_t capstan_rt_varlen_attention(capstan_rt_forward *forward,
                                    const capstan_rt_attention_desc *desc,
                                    const void *q, const void *k, const void *v,
                                    const int32_t *cu_seqlens_q,
                                    const int32_t *cu_seqlens_k, void *out,
                                    float *logsumexp) {
  REQUIRE_FORWARD("varlen_attention");
  CAPSTAN_RT_TRY(forward->here("varlen_attention"));
  AttentionArguments tensors = {q,   k,        v, cu_seqlens_q, cu_seqlens_k,
                                out, logsumexp};
  CAPSTAN_RT_TRY(forward->done(checkAttention(desc, tensors)));
  return forward->attention(withStrides(*desc), tensors);
}

int32_t capstan_rt_read(capstan_rt_forward *forward, int64_t count,
                        const capstan_rt_part *parts) {
  REQUIRE_FORWARD("read");
  CAPSTAN_RT_TRY(forward->here("read"));
  Fetch *fetch = nullptr;
  CAPSTAN_RT_TRY(forward->startFetch(count, parts, /*poison=*/false, &fetch));
  return forward->waitFetch(fetch, Counter::blocking_syncs);
}

int32_t capstan_rt_fetch_start(capstan_rt_forward *forward, int64_t count,
                               const capstan_rt_part *parts,
                               capstan_rt_fetch **fetch) {
  REQUIRE_FORWARD("fetch_start");
  CAPSTAN_RT_TRY(forward->here("fetch_start"));
  return forward->startFetch(count, parts, /*poison=*/true, fetch);
}

int32_t capstan_rt_fetch_wait(capstan_rt_forward *forward,
                              capstan_rt_fetch *fetch) {
  REQUIRE_FORWARD("fetch_wait");
  return forward->waitFetch(fetch, Counter::overlapped_syncs);
}

int32_t capstan_rt_fetch_release(capstan_rt_forward *forward,
                                 capstan_rt_fetch *fetch) {
  REQUIRE_FORWARD("fetch_release");
  return forward->releaseFetch(fetch);
}

/// Whether the live bytes are no more than there are.
static bool areLive(const capstan_rt_graph_region &region,
                    const int64_t *liveBytes) {
  auto isLive = [](int64_t live, int64_t bytes) {
    return live >= 0 && live <= bytes;
  };
  for (int32_t i = 0; region.input_kinds && i < region.num_inputs; ++i)
    if (region.input_kinds[i] == CAPSTAN_RT_INPUT_PREFIX &&
        !(liveBytes && isLive(liveBytes[i], region.input_bytes[i])))
      return false;
  for (int32_t i = 0; liveBytes && i < region.num_results; ++i)
    if (!isLive(liveBytes[region.num_inputs + i], region.result_bytes[i]))
      return false;
  return true;
}

static int32_t checkRegion(capstan_rt_forward *forward, const char *op,
                           const capstan_rt_graph_region *region,
                           const int64_t *liveBytes) {
  if (!region || region->size != sizeof(*region) || region->num_inputs < 0 ||
      region->num_results < 1 || (region->num_inputs && !region->input_bytes) ||
      !region->result_bytes)
    return forward->fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                         "the region's description is broken");
  for (int32_t i = 0; region->input_kinds && i < region->num_inputs; ++i)
    if (region->input_kinds[i] > CAPSTAN_RT_INPUT_NUMBER ||
        (region->input_kinds[i] == CAPSTAN_RT_INPUT_NUMBER &&
         (region->input_bytes[i] < 1 || region->input_bytes[i] > 8)))
      return forward->fail(CAPSTAN_RT_INVALID_ARGUMENT, {op, region->location},
                           format("input %d is of no known kind", i));
  if (!areLive(*region, liveBytes))
    return forward->fail(CAPSTAN_RT_INVALID_ARGUMENT, {op, region->location},
                         "more live bytes than an input or a result has");
  return CAPSTAN_RT_OK;
}

int32_t capstan_rt_graph_begin(capstan_rt_forward *forward,
                               const capstan_rt_graph_region *region,
                               const int64_t *live_bytes, void **inputs,
                               void **results, int32_t *run) {
  const char *op = "graph_begin";
  REQUIRE_FORWARD(op);
  CAPSTAN_RT_TRY(forward->here(op));
  CAPSTAN_RT_TRY(checkRegion(forward, op, region, live_bytes));
  if ((region->num_inputs && !inputs) || !results || !run)
    return forward->fail(CAPSTAN_RT_INVALID_ARGUMENT, {op, region->location},
                         "null pointer");
  if (forward->region)
    return forward->fail(CAPSTAN_RT_INVALID_ARGUMENT, {op, region->location},
                         "the forward is in a region already");
  return forward->done(forward->module.region(region).enter(
      *forward, live_bytes, inputs, results, *run));
}

int32_t capstan_rt_graph_end(capstan_rt_forward *forward,
                             const capstan_rt_graph_region *region,
                             const int64_t *live_bytes, void *const *produced,
                             void **results) {
  const char *op = "graph_end";
  REQUIRE_FORWARD(op);
  CAPSTAN_RT_TRY(checkRegion(forward, op, region, live_bytes));
  if (!produced || !results)
    return forward->fail(CAPSTAN_RT_INVALID_ARGUMENT, {op, region->location},
                         "null pointer");
  if (!forward->region || !forward->region->is(*region))
    return forward->fail(CAPSTAN_RT_INVALID_ARGUMENT, {op, region->location},
                         "the forward is not in this region");
  return forward->done(
      forward->region->leave(*forward, live_bytes, produced, results));
}

int32_t capstan_rt_set_device(capstan_rt_forward *forward, int64_t device) {
  REQUIRE_FORWARD("set_device");
  return forward->setDevice(device);
}

int32_t capstan_rt_current_device(capstan_rt_forward *forward,
                                  int64_t *device) {
  const char *op = "current_device";
  REQUIRE_FORWARD(op);
  if (!device)
    return forward->fail(CAPSTAN_RT_INVALID_ARGUMENT, {op}, "null pointer");
  int32_t ordinal = 0;
  CAPSTAN_RT_TRY(forward->done(forward->caller.device->currentDevice(ordinal)));
  *device = ordinal;
  return CAPSTAN_RT_OK;
}

int32_t capstan_rt_device_capability(capstan_rt_forward *forward,
                                     int64_t device, int32_t capability,
                                     int64_t *value) {
  const char *op = "device_capability";
  REQUIRE_FORWARD(op);
  int64_t capstan_rt_capabilities::*const fields[] = {
#define CAPSTAN_RT_CAPABILITY(NAME, DESCRIPTION) &capstan_rt_capabilities::NAME,
#include "capstan_rt/capabilities.def"
  };
  if (!value || capability < 0 || capability >= int32_t(std::size(fields)))
    return forward->fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                         format("no capability of number %d", capability));
  forward->count(Counter::capability_lookups);
  const capstan_rt_capabilities *table;
  CAPSTAN_RT_TRY(
      forward->done(forward->caller.device->capabilitiesOf(op, device, table)));
  *value = table->*fields[capability];
  return CAPSTAN_RT_OK;
}

int32_t capstan_rt_fallback(capstan_rt_forward *forward, int32_t reason,
                            const char *location) {
  static constexpr Counter reasons[] = {Counter::fallbacks_too_large,
                                        Counter::fallbacks_no_combination,
                                        Counter::fallbacks_bad_sizes};
  const char *op = "fallback";
  REQUIRE_FORWARD(op);
  if (reason < 0 || reason >= int32_t(std::size(reasons)))
    return forward->fail(CAPSTAN_RT_INVALID_ARGUMENT, {op, location},
                         format("there is no reason %d", reason));
  TraceScope span(forward->caller.device->trace, op, nullptr, location);
  forward->count(Counter::fallbacks_no_bucket);
  forward->count(reasons[reason]);
  return CAPSTAN_RT_OK;
}

int32_t capstan_rt_padding(capstan_rt_forward *forward, int64_t live,
                           int64_t padded) {
  REQUIRE_FORWARD("padding");
  if (live < 0 || padded < 0)
    return forward->fail(CAPSTAN_RT_INVALID_ARGUMENT, {"padding"},
                         "a negative number of elements");
  forward->count(Counter::live_elements, live);
  forward->count(Counter::padded_elements, padded);
  return CAPSTAN_RT_OK;
}

int32_t capstan_rt_device_check(capstan_rt_forward *forward,
                                const uint8_t *condition, const char *message,
                                const char *location) {
  REQUIRE_FORWARD("device_check");
  if (!condition)
    return forward->fail(CAPSTAN_RT_INVALID_ARGUMENT,
                         {"device_check", location}, "the condition is null");
  return forward->done(
      forward->stream->check(forward->failure, condition, message, location));
}

int32_t capstan_rt_fail(capstan_rt_forward *forward, int32_t code,
                        const char *message, const char *location) {
  REQUIRE_FORWARD("fail");
  // A program that fails without a code still fails.
  if (code == CAPSTAN_RT_OK)
    code = CAPSTAN_RT_INTERNAL;
  return forward->fail(code, {"assert", location},
                       message ? message : "failed");
}
