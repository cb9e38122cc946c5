//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/RuntimeKernels.h"
#include "cuda/CudaCode.h"
#include "cuda/CudaDevice.h"

#include <algorithm>
#include <cstring>
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
  } functions[] = {{"capstan_copy", copyParts},
                   {"capstan_fill", fillMemory},
                   {"capstan_reset", resetRecord},
                   {"capstan_check", checkByte},
                   {"capstan_lengths", sumLengths},
                   {"capstan_keyless", clearKeyless},
                   {"capstan_replay_begin", beginReplay},
                   {"capstan_replay_copy", copyReplay},
                   {"capstan_replay_end", endReplay}};
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
                               CUstream stream, void **arguments,
                               unsigned blocksY) const {
  CAPSTAN_CUDA_TRY(device, op, cuLaunchKernel, function, blocks, blocksY, 1,
                   threads, 1, 1, 0, stream, arguments, nullptr);
  return CAPSTAN_RT_OK;
}

static constexpr unsigned blockSize = 256;

/// Blocks for `bytes`, 16 of them a thread; a thread of so many blocks takes
/// more.
static unsigned blocksFor(uint64_t bytes, uint64_t most = 1024) {
  uint64_t blocks = (bytes / 16 + blockSize - 1) / blockSize;
  return std::clamp<uint64_t>(blocks, 1, most);
}

RuntimeKernels::Part RuntimeKernels::Part::of(const rt::Part &part) {
  auto source = reinterpret_cast<uint64_t>(part.source);
  if (part.host)
    memcpy(&source, part.source, part.bytes);
  return {part.destination, source, static_cast<uint64_t>(part.bytes),
          part.host};
}

int32_t RuntimeKernels::copy(const char *op, CUstream stream, int count,
                             Parts &parts) const {
  static_assert(sizeof(Parts) == 512, "as the kernel has it");
  uint64_t most = 0;
  for (int i = 0; i < count; ++i)
    most = std::max(most, parts.part[i].bytes);
  void *arguments[] = {&parts};
  return launch(op, copyParts, blocksFor(most), blockSize, stream, arguments,
                count);
}

CUresult RuntimeKernels::addNode(CUgraph graph,
                                 const std::vector<CUgraphNode> &after,
                                 CUfunction function, unsigned blocks,
                                 unsigned blocksY, void **arguments,
                                 CUgraphNode &node) const {
  CUDA_KERNEL_NODE_PARAMS kernel = {};
  kernel.func = function;
  kernel.gridDimX = blocks;
  kernel.gridDimY = blocksY;
  kernel.blockDimX = blockSize;
  kernel.gridDimZ = kernel.blockDimY = kernel.blockDimZ = 1;
  kernel.kernelParams = arguments;
  return device.driver().cuGraphAddKernelNode(&node, graph, after.data(),
                                              after.size(), &kernel);
}

CUresult RuntimeKernels::fillNode(CUgraph graph, const Fill *fills,
                                  size_t count, CUgraphNode &node) const {
  Fill table[mostFills] = {};
  static_assert(sizeof(table) == 3840, "as the kernel has it");
  std::copy_n(fills, count, table);
  uint64_t most = 0;
  for (size_t i = 0; i < count; ++i)
    most = std::max(most, fills[i].bytes);
  void *arguments[] = {&table};
  return addNode(graph, {}, fillMemory, blocksFor(most), count, arguments,
                 node);
}

CUresult RuntimeKernels::beginNode(CUgraph graph, Replay &replay,
                                   CUgraphNode &node) const {
  void *arguments[] = {&replay.slots, &replay.mask, &replay.slotBytes,
                       &replay.state};
  return addNode(graph, {}, beginReplay, 1, 1, arguments, node);
}

CUresult RuntimeKernels::copyNode(CUgraph graph, const Replay &replay,
                                  const ReplayLimits &limits,
                                  CUgraphNode &node) const {
  CUdeviceptr parts = replay.state + Replay::counterBytes + replay.headBytes;
  void *arguments[] = {&parts};
  return addNode(graph, {}, copyReplay, blocksFor(limits.inputBytes),
                 limits.inputs, arguments, node);
}

CUresult RuntimeKernels::endNode(CUgraph graph,
                                 const std::vector<CUgraphNode> &after,
                                 Replay &replay,
                                 const ReplayLimits &limits) const {
  uint64_t count = limits.results;
  void *arguments[] = {&replay.state, &count, &replay.record, &replay.done};
  CUgraphNode node;
  return addNode(graph, after, endReplay, blocksFor(limits.resultBytes),
                 std::max(limits.results, 1), arguments, node);
}

int32_t RuntimeKernels::reset(CUstream stream, CUdeviceptr record) const {
  void *arguments[] = {&record};
  return launch("failure_record", resetRecord, 1, 1, stream, arguments);
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
