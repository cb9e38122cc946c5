//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Attention of streams, by cuDNN or by the runtime's kernels. What they want to
// know of the documents is computed on the device, once for all calls that have
// the same.
//
//===----------------------------------------------------------------------===//

#include "cuda/Timing.h"
#include "cuda/Traced.h"

#include <iterator>

using namespace capstan::rt;

static constexpr const char *op = "varlen_attention";

// In the order of the kernel's checks.
static const char *const problems[] = {
    "cu_seqlens_q doesn't start at 0",
    "cu_seqlens_q decreases",
    "cu_seqlens_q says that a document is longer than the longest was to be",
    "cu_seqlens_q ends behind the last token",
    "cu_seqlens_k doesn't start at 0",
    "cu_seqlens_k decreases",
    "cu_seqlens_k says that a document is longer than the longest was to be",
    "cu_seqlens_k ends behind the last token",
};

/// Puts the parts of memory of lengths and offsets, all aligned to 16 bytes,
/// and of the kernels' table where they can be used. Returns the number of
/// bytes.
static int64_t placeLengths(const capstan_cudnn_sdpa &sdpa, int64_t tableBytes,
                            char *memory, capstan_cudnn_tensors &tensors,
                            void *&table) {
  int64_t bytes = 0;
  auto place = [&](auto *&part, int64_t count, int64_t size) {
    using Pointer = std::remove_reference_t<decltype(part)>;
    part = reinterpret_cast<Pointer>(memory + bytes);
    bytes += (count * size + 15) / 16 * 16;
  };
  place(tensors.lengthsQ, sdpa.documents, 4);
  place(tensors.lengthsK, sdpa.documents, 4);
  for (const void **offsets :
       {&tensors.offsetsQ, &tensors.offsetsK, &tensors.offsetsV,
        &tensors.offsetsO, &tensors.offsetsLogsumexp})
    place(*offsets, sdpa.documents + 1, sdpa.wideOffsets ? 8 : 4);
  place(table, tableBytes, 1);
  return bytes;
}

int32_t CudaStream::prepareLengths(CudaGraph *recorded,
                                   const FailureRef &failure,
                                   const capstan_rt_attention_desc &desc,
                                   const AttentionPlan &plan,
                                   const AttentionArguments &arguments,
                                   Block &own, capstan_cudnn_tensors &tensors,
                                   void *&table) {
  const capstan_cudnn_sdpa &sdpa = plan.sdpa;
  bool kernels = plan.by != CAPSTAN_RT_ATTENTION_BY_LIBRARY;
  int64_t tableBytes = kernels ? HopperAttention::tableBytes(desc) : 0;
  FailureState *state;
  CAPSTAN_RT_TRY(stateFor(recorded, failure, state));
  LengthsKey key = {desc.lengths,
                    desc.documents,
                    sdpa.documents,
                    desc.tokens_q,
                    desc.tokens_k,
                    desc.max_q,
                    desc.max_k,
                    sdpa.strideQ,
                    sdpa.strideK,
                    sdpa.strideV,
                    sdpa.headsQ * sdpa.dimV,
                    sdpa.wideOffsets,
                    tableBytes,
                    sdpa.headsQ,
                    sdpa.headsK,
                    sdpa.windowLeft,
                    sdpa.windowRight};
  Block *block = &own;
  // Memory of somebody else's graph belongs to that graph's nodes.
  if (desc.lengths && (recorded || !handle->capturedByOwner())) {
    block = &state->lengths[key];
    if (block->get()) {
      placeLengths(sdpa, tableBytes, static_cast<char *>(block->get()), tensors,
                   table);
      return CAPSTAN_RT_OK;
    }
  }
  CAPSTAN_RT_TRY(
      allocate(placeLengths(sdpa, tableBytes, nullptr, tensors, table),
               /*alignment=*/256, block));
  placeLengths(sdpa, tableBytes, static_cast<char *>(block->get()), tensors,
               table);
  RuntimeKernels::Lengths lengths = {
      state->record(),
      state->addChecks(op, {std::begin(problems), std::end(problems)},
                       desc.location),
      arguments.cuSeqlensQ,
      arguments.cuSeqlensK,
      tensors.lengthsQ,
      tensors.lengthsK,
      {tensors.offsetsQ, tensors.offsetsK, tensors.offsetsV, tensors.offsetsO,
       tensors.offsetsLogsumexp},
      {sdpa.strideQ, sdpa.strideK, sdpa.strideV, sdpa.headsQ * sdpa.dimV, 1},
      desc.documents,
      sdpa.documents,
      desc.tokens_q,
      desc.tokens_k,
      desc.max_q,
      desc.max_k,
      static_cast<uint64_t>(sdpa.wideOffsets)};
  CAPSTAN_RT_TRY(gpu.kernels.lengths(handle->stream, lengths));
  return kernels ? gpu.hopper.fillTable(desc, arguments, tensors.lengthsQ,
                                        tensors.lengthsK, table, handle->stream)
                 : int32_t(CAPSTAN_RT_OK);
}

int32_t CudaStream::attendByLibrary(CudaGraph *recorded,
                                    const capstan_rt_attention_desc &desc,
                                    const AttentionPlan &plan,
                                    const AttentionArguments &arguments,
                                    const capstan_cudnn_tensors &tensors) {
  Block scratch; // until all is enqueued
  {
    std::lock_guard<std::mutex> lock(workspaceMutex);
    void *memory;
    CAPSTAN_RT_TRY(workspaceFor(recorded, plan.workspace, scratch, &memory));
    CAPSTAN_RT_TRY(gpu.attentions.run(plan, tensors, memory, handle->stream,
                                      desc.location));
  }
  // cuDNN doesn't write results of documents without keys.
  if (arguments.cuSeqlensQ == arguments.cuSeqlensK)
    return CAPSTAN_RT_OK;
  const capstan_cudnn_sdpa &sdpa = plan.sdpa;
  RuntimeKernels::Keyless keyless = {
      tensors.lengthsQ,        tensors.lengthsK,
      tensors.offsetsO,        tensors.out,
      sdpa.headsQ * sdpa.dimV, tensors.offsetsLogsumexp,
      tensors.logsumexp,       sdpa.headsQ,
      desc.tokens_q,           static_cast<uint64_t>(sdpa.wideOffsets)};
  return gpu.kernels.keyless(handle->stream, sdpa.documents, keyless);
}

int32_t CudaStream::readLengths(const capstan_rt_attention_desc &desc,
                                const AttentionArguments &arguments,
                                Ref<TracedLengths> &read) {
  read = Ref<TracedLengths>::adopt(new TracedLengths);
  read->desc = desc;
  int64_t bytes = (desc.documents + 1) * int64_t(sizeof(int32_t));
  CAPSTAN_RT_TRY(
      hostPool->allocateBlock(op, 2 * bytes, /*alignment=*/64, read->block));
  auto *memory = static_cast<char *>(read->block.get());
  for (const int32_t *offsets : {arguments.cuSeqlensQ, arguments.cuSeqlensK}) {
    CAPSTAN_CUDA_TRY(gpu, op, cuMemcpyDtoHAsync, memory,
                     reinterpret_cast<CUdeviceptr>(offsets), bytes,
                     handle->stream);
    memory += bytes;
  }
  return CAPSTAN_RT_OK;
}

int32_t CudaStream::attention(const FailureRef &failure,
                              const capstan_rt_attention_desc &desc,
                              const AttentionArguments &arguments) {
  Current current(gpu);
  Ref<CudaGraph> recorded;
  CAPSTAN_RT_TRY(recording(recorded));
  if (!desc.documents || !desc.tokens_q || !desc.heads_q)
    return CAPSTAN_RT_OK;
  AttentionPlan plan;
  CAPSTAN_RT_TRY(gpu.attentions.plan(
      desc, arguments.cuSeqlensQ == arguments.cuSeqlensK, arguments.logsumexp,
      gpu.hopper.supports(desc, arguments), plan));
  if (recorded)
    recorded->recordedNodes().addHidden();
  capstan_cudnn_tensors tensors = {};
  tensors.q = arguments.q, tensors.k = arguments.k, tensors.v = arguments.v;
  tensors.out = arguments.out, tensors.logsumexp = arguments.logsumexp;
  Ref<TracedLengths> read;
  if (gpu.trace.running() && !recorded && !handle->capturedByOwner())
    CAPSTAN_RT_TRY(readLengths(desc, arguments, read));
  Traced traced(*this, bool(recorded), "attention", op, desc.location);
  traced.takeLengths(std::move(read));
  Block lengths; // until all is enqueued
  void *table;
  CAPSTAN_RT_TRY(prepareLengths(recorded.get(), failure, desc, plan, arguments,
                                lengths, tensors, table));
  auto byLibrary = [&] {
    return attendByLibrary(recorded.get(), desc, plan, arguments, tensors);
  };
  auto byKernels = [&] {
    return gpu.hopper.run(desc, arguments, table, handle->stream);
  };
  // Nothing can be timed in a capture: then the next call outside decides.
  if (plan.by == CAPSTAN_RT_ATTENTION_BY_TIME && !recorded &&
      !handle->capturedByOwner()) {
    float library = leastTime(
        gpu, op, handle->stream, /*times=*/6, /*runs=*/1, [] {}, byLibrary);
    float kernels = leastTime(
        gpu, op, handle->stream, /*times=*/6, /*runs=*/1, [] {}, byKernels);
    bool faster = library < 0 || (kernels >= 0 && kernels < library);
    if (library >= 0 || kernels >= 0)
      gpu.attentions.choose(plan, faster ? CAPSTAN_RT_ATTENTION_BY_KERNELS
                                         : CAPSTAN_RT_ATTENTION_BY_LIBRARY);
  }
  CAPSTAN_RT_TRY(plan.by == CAPSTAN_RT_ATTENTION_BY_LIBRARY ? byLibrary()
                                                            : byKernels());
  cover(recorded.get(), failure);
  return CAPSTAN_RT_OK;
}
