//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/RuntimeKernels.h"
#include "cuda/CudaCode.h"
#include "cuda/CudaDevice.h"

#include <iterator>

using namespace capstan::rt;

static constexpr char source[] =
#include "cuda/RuntimeKernels.inc"
    ;

int32_t RuntimeKernels::load() {
  const char *op = "device_create";
  Relaxed relaxed(device);
  CAPSTAN_RT_TRY(loadGpuModule(device, op, source, module));
  const struct {
    const char *name;
    CUfunction &function;
  } functions[] = {
      {"capstan_gather", gatherParts}, {"capstan_reset", resetRecord},
      {"capstan_merge", mergeRecord},  {"capstan_check", checkByte},
      {"capstan_lengths", sumLengths}, {"capstan_keyless", clearKeyless}};
  for (const auto &each : functions)
    CAPSTAN_CUDA_TRY(device, op, cuModuleGetFunction, &each.function, module,
                     each.name);
  return CAPSTAN_RT_OK;
}

void RuntimeKernels::unload() {
  if (module)
    Captures::unloadLast(device.driver(), module);
}

int32_t RuntimeKernels::launch(const char *op, CUfunction function,
                               unsigned blocks, unsigned threads,
                               CUstream stream, void **arguments) const {
  CAPSTAN_CUDA_TRY(device, op, cuLaunchKernel, function, blocks, 1, 1, threads,
                   1, 1, 0, stream, arguments, nullptr);
  return CAPSTAN_RT_OK;
}

int32_t RuntimeKernels::gather(CUstream stream, int count, Parts &parts) const {
  static_assert(sizeof(Parts) == 384, "as the kernel has it");
  void *arguments[] = {&parts};
  return launch("fetch", gatherParts, count, 256, stream, arguments);
}

int32_t RuntimeKernels::reset(CUstream stream, CUdeviceptr record) const {
  void *arguments[] = {&record};
  return launch("failure_record", resetRecord, 1, 1, stream, arguments);
}

int32_t RuntimeKernels::merge(CUstream stream, CUdeviceptr from,
                              CUdeviceptr to) const {
  void *arguments[] = {&from, &to};
  return launch("failure_record", mergeRecord, 1, 1, stream, arguments);
}

int32_t RuntimeKernels::check(CUstream stream, CUdeviceptr record,
                              const uint8_t *condition, uint64_t code) const {
  void *arguments[] = {&record, &condition, &code};
  return launch("device_check", checkByte, 1, 1, stream, arguments);
}

int32_t RuntimeKernels::lengths(CUstream stream, Lengths &lengths) const {
  static_assert(sizeof(Lengths) == 184, "as the kernel has it");
  void *arguments[] = {&lengths};
  unsigned threads =
      lengths.slots < 1024 ? (lengths.slots / 32 + 1) * 32 : 1024;
  return launch("varlen_attention", sumLengths, 1, threads, stream, arguments);
}

int32_t RuntimeKernels::keyless(CUstream stream, int64_t documents,
                                Keyless &keyless) const {
  static_assert(sizeof(Keyless) == 80, "as the kernel has it");
  void *arguments[] = {&keyless};
  return launch("varlen_attention", clearKeyless, documents, 256, stream,
                arguments);
}
