//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/Backend.h"
#include "base/Validate.h"
#include "cuda/CreateDevice.h"
#include "host/HostDevice.h"

#include <cinttypes>
#include <cstdio>
#include <cstring>

using namespace capstan::rt;

void capstan_rt_device_config_init(capstan_rt_device_config *config) {
  if (!config)
    return;
  *config = {};
  config->size = sizeof(*config);
  config->version = CAPSTAN_RT_DEVICE_CONFIG_VERSION;
}

/// Whether it is "cuda" or "cuda:N".
static bool isCuda(const char *name, int32_t &index) {
  int read = 0;
  if (!strcmp(name, "cuda"))
    return true;
  return sscanf(name, "cuda:%5" SCNd32 "%n", &index, &read) == 1 &&
         !name[read] && index >= 0;
}

int32_t capstan_rt_device_create(const char *name,
                                 const capstan_rt_device_config *config,
                                 capstan_rt_device **device) {
  const char *op = "device_create";
  if (device)
    *device = nullptr;
  if (!name || !device)
    return nullPointer(op);
  capstan_rt_device_config defaults;
  capstan_rt_device_config_init(&defaults);
  if (!config)
    config = &defaults;
  if (config->size != defaults.size || config->version != defaults.version)
    return fail(CAPSTAN_RT_INCOMPATIBLE, {op},
                format("a configuration of version %u and %u bytes; this "
                       "runtime has version %u and %u bytes",
                       config->version, config->size, defaults.version,
                       defaults.size));
  if (config->threads < 0 || config->max_delay_us < 0 ||
      config->memory_limit < 0 || config->max_graphs < 0 ||
      config->max_graph_bytes < 0 || config->release_threshold < 0 ||
      config->num_devices < 0)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                "a negative number in the configuration");
  if (config->attention < CAPSTAN_RT_ATTENTION_BY_TIME ||
      config->attention > CAPSTAN_RT_ATTENTION_BY_KERNELS)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                "attention of the configuration is no capstan_rt_attention_by");
  if (const capstan_rt_allocator *hook = config->allocator;
      hook &&
      (hook->size != sizeof(*hook) || !hook->allocate != !hook->release))
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                "an allocator of unknown size, or with one function of two");
  if (!config->devices != !config->num_devices ||
      config->num_devices > INT32_MAX)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                "devices without their number, or a number without devices");
  for (int64_t i = 0; i < config->num_devices; ++i)
    if (config->devices[i].size != sizeof(capstan_rt_capabilities))
      return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op},
                  "capabilities of unknown size");
  int32_t index = 0;
  if (!strcmp(name, "host"))
    CAPSTAN_RT_TRY(createHostDevice(*config, device));
  else if (isCuda(name, index))
    CAPSTAN_RT_TRY(createCudaDevice(name, index, *config, device));
  else
    return fail(CAPSTAN_RT_NOT_FOUND, {op},
                format("no backend '%s'; there are 'host' and 'cuda'", name));
  (*device)->maxGraphs = config->max_graphs;
  (*device)->maxGraphBytes = config->max_graph_bytes;
  return CAPSTAN_RT_OK;
}

void capstan_rt_device_retain(capstan_rt_device *device) {
  retainHandle(device);
}
void capstan_rt_device_release(capstan_rt_device *device) {
  releaseHandle(device);
}

const char *capstan_rt_device_name(const capstan_rt_device *device) {
  return device ? device->name() : nullptr;
}

int32_t capstan_rt_device_dlpack(const capstan_rt_device *device, int32_t *type,
                                 int32_t *id) {
  if (!device || !type || !id)
    return nullPointer("device_dlpack");
  device->dlpack(*type, *id);
  return CAPSTAN_RT_OK;
}

static FailureRef newFailure() { return FailureRef::adopt(new Failure); }

int32_t capstan_rt_gemm_enqueue(capstan_rt_stream *stream,
                                const capstan_rt_gemm_desc *desc, const void *a,
                                const void *b, void *c) {
  if (!stream)
    return nullPointer("gemm");
  capstan_rt_gemm_desc full;
  CAPSTAN_RT_TRY(checkGemm(desc, a, b, c, full));
  stream->device->counters.add(Counter::gemms);
  return stream->gemm(newFailure(), full, a, b, c);
}

int32_t capstan_rt_gemm_library(capstan_rt_device *device,
                                const char **library) {
  if (library)
    *library = nullptr;
  if (!device || !library)
    return nullPointer("gemm_library");
  return device->gemmLibrary(library);
}

int32_t capstan_rt_attention_library(capstan_rt_device *device,
                                     const char **library) {
  if (library)
    *library = nullptr;
  if (!device || !library)
    return nullPointer("attention_library");
  return device->attentionLibrary(library);
}

int32_t capstan_rt_varlen_attention_enqueue(
    capstan_rt_stream *stream, const capstan_rt_attention_desc *desc,
    const void *q, const void *k, const void *v, const int32_t *cu_seqlens_q,
    const int32_t *cu_seqlens_k, void *out, float *logsumexp) {
  if (!stream)
    return nullPointer("varlen_attention");
  AttentionArguments tensors = {q,   k,        v, cu_seqlens_q, cu_seqlens_k,
                                out, logsumexp};
  CAPSTAN_RT_TRY(checkAttention(desc, tensors));
  stream->device->counters.add(Counter::attentions);
  return stream->attention(newFailure(), withStrides(*desc), tensors);
}
