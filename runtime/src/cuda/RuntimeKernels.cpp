//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/RuntimeKernels.h"
#include "cuda/CudaCode.h"
#include "cuda/CudaDevice.h"

#include <iterator>

using namespace capstan::rt;

// PTX, which the driver compiles for its GPU. A record is a word and the
// address of its mirror.
static constexpr char source[] = R"ptx(
.version 7.0
.target sm_70
.address_size 64

// A block a part: (source, destination, bytes) for each.
.visible .entry capstan_gather(.param .align 8 .b8 parts[384])
{
  .reg .pred %p<4>;
  .reg .b16 %h;
  .reg .b32 %r<8>;
  .reg .b64 %d<16>;
  mov.u32 %r1, %ctaid.x;
  mul.wide.u32 %d1, %r1, 24;
  mov.b64 %d2, parts;
  add.s64 %d3, %d2, %d1;
  ld.param.u64 %d4, [%d3];
  ld.param.u64 %d5, [%d3+8];
  ld.param.u64 %d6, [%d3+16];
  mov.u32 %r2, %tid.x;
  mov.u32 %r3, %ntid.x;
  cvt.u64.u32 %d7, %r2;
  cvt.u64.u32 %d8, %r3;
  or.b64 %d9, %d4, %d5;
  or.b64 %d9, %d9, %d6;
  and.b64 %d9, %d9, 3;
  setp.ne.u64 %p1, %d9, 0;
  @%p1 bra BYTES;
  shl.b64 %d7, %d7, 2;
  shl.b64 %d8, %d8, 2;
WORDS:
  setp.ge.u64 %p2, %d7, %d6;
  @%p2 ret;
  add.s64 %d10, %d4, %d7;
  add.s64 %d11, %d5, %d7;
  ld.global.u32 %r4, [%d10];
  st.global.u32 [%d11], %r4;
  add.s64 %d7, %d7, %d8;
  bra WORDS;
BYTES:
  setp.ge.u64 %p3, %d7, %d6;
  @%p3 ret;
  add.s64 %d10, %d4, %d7;
  add.s64 %d11, %d5, %d7;
  ld.global.u8 %h, [%d10];
  st.global.u8 [%d11], %h;
  add.s64 %d7, %d7, %d8;
  bra BYTES;
}

.visible .entry capstan_reset(.param .u64 record)
{
  .reg .b64 %d<4>;
  ld.param.u64 %d1, [record];
  mov.u64 %d3, 0;
  st.global.u64 [%d1], %d3;
  ld.global.u64 %d2, [%d1+8];
  st.global.u64 [%d2], %d3;
  ret;
}

.visible .entry capstan_merge(.param .u64 from, .param .u64 to)
{
  .reg .pred %p<3>;
  .reg .b64 %d<6>;
  ld.param.u64 %d1, [from];
  ld.param.u64 %d2, [to];
  ld.global.u64 %d3, [%d1];
  setp.eq.u64 %p1, %d3, 0;
  @%p1 ret;
  atom.global.cas.b64 %d4, [%d2], 0, %d3;
  setp.ne.u64 %p2, %d4, 0;
  @%p2 ret;
  ld.global.u64 %d5, [%d2+8];
  st.global.u64 [%d5], %d3;
  ret;
}

.visible .entry capstan_check(.param .u64 record, .param .u64 condition,
                              .param .u64 code)
{
  .reg .pred %p<3>;
  .reg .b16 %h;
  .reg .b64 %d<6>;
  ld.param.u64 %d1, [record];
  ld.param.u64 %d2, [condition];
  ld.param.u64 %d3, [code];
  ld.global.u8 %h, [%d2];
  setp.ne.u16 %p1, %h, 0;
  @%p1 ret;
  atom.global.cas.b64 %d4, [%d1], 0, %d3;
  setp.ne.u64 %p2, %d4, 0;
  @%p2 ret;
  ld.global.u64 %d5, [%d1+8];
  st.global.u64 [%d5], %d3;
  ret;
}
)ptx";

int32_t RuntimeKernels::load() {
  const char *op = "device_create";
  Relaxed relaxed(device);
  CAPSTAN_RT_TRY(loadGpuModule(device, op, source, module));
  const struct {
    const char *name;
    CUfunction &function;
  } functions[] = {{"capstan_gather", gatherParts},
                   {"capstan_reset", resetRecord},
                   {"capstan_merge", mergeRecord},
                   {"capstan_check", checkByte}};
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
