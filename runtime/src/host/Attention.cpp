//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Attention over packed documents: blocks of queries of one head of one
// document are spread over the device's threads.
//
//===----------------------------------------------------------------------===//

#include "base/Dtype.h"
#include "host/AttentionBlock.h"
#include "host/Works.h"

using namespace capstan::rt;

namespace {

class Attention final : public Work {
public:
  Attention(const Blas &blas, FailureRef failure,
            const capstan_rt_attention_desc &desc,
            const AttentionArguments &tensors)
      : Work(std::move(failure), "attention", "varlen_attention",
             desc.location),
        blas(blas), desc(desc), tensors(tensors) {}

  MaybeError run(Worker &worker) override;
  Amount amount() const override {
    return amountOf(desc, tensors.cuSeqlensQ, tensors.cuSeqlensK);
  }

private:
  MaybeError checkLengths(const char *name, const int32_t *cuSeqlens,
                          int64_t tokens, int64_t longest) const;
  template <typename T> void runBlocks(Worker &worker) const;

  const Blas &blas;
  capstan_rt_attention_desc desc;
  AttentionArguments tensors;
};

} // namespace

/// Lengths come from the device: compiled code couldn't check them.
MaybeError Attention::checkLengths(const char *name, const int32_t *cuSeqlens,
                                   int64_t tokens, int64_t longest) const {
  auto bad = [&](std::string what) {
    return error(CAPSTAN_RT_CHECK_FAILED, format("%s %s", name, what.c_str()));
  };
  if (cuSeqlens[0] != 0)
    return bad(format("starts at %d, not at 0", cuSeqlens[0]));
  for (int64_t i = 0; i < desc.documents; ++i) {
    int64_t length = int64_t(cuSeqlens[i + 1]) - cuSeqlens[i];
    if (length < 0)
      return bad(
          format("decreases after document %lld", static_cast<long long>(i)));
    if (length > longest)
      return bad(format("says that document %lld has %lld tokens; the longest "
                        "was to have %lld",
                        static_cast<long long>(i),
                        static_cast<long long>(length),
                        static_cast<long long>(longest)));
  }
  // Fewer are padding behind the last document.
  if (cuSeqlens[desc.documents] > tokens)
    return bad(format("ends at %d; there are %lld tokens",
                      cuSeqlens[desc.documents],
                      static_cast<long long>(tokens)));
  return nullptr;
}

template <typename T> void Attention::runBlocks(Worker &worker) const {
  std::vector<AttentionBlock> blocks;
  for (int64_t d = 0; d < desc.documents; ++d) {
    int64_t firstQ = tensors.cuSeqlensQ[d], firstK = tensors.cuSeqlensK[d];
    int64_t queries = tensors.cuSeqlensQ[d + 1] - firstQ;
    int64_t keys = tensors.cuSeqlensK[d + 1] - firstK;
    for (int64_t head = 0; head < desc.heads_q; ++head)
      for (int64_t i = 0; i < queries; i += AttentionBlock::size)
        blocks.push_back({firstQ, queries, firstK, keys, head, i});
  }
  worker.device.threads().run(
      blocks.size(), 1, [&](int64_t begin, int64_t end) {
        AttentionScratch<T> scratch(blas, desc, tensors);
        for (int64_t i = begin; i < end; ++i)
          scratch.run(blocks[i]);
      });
}

MaybeError Attention::run(Worker &worker) {
  if (MaybeError bad = checkLengths("cu_seqlens_q", tensors.cuSeqlensQ,
                                    desc.tokens_q, desc.max_q))
    return bad;
  if (MaybeError bad = checkLengths("cu_seqlens_k", tensors.cuSeqlensK,
                                    desc.tokens_k, desc.max_k))
    return bad;
  switch (scalarOf(desc.dtype)) {
  case Scalar::F64:
    runBlocks<double>(worker);
    break;
  case Scalar::F16:
    runBlocks<F16>(worker);
    break;
  case Scalar::BF16:
    runBlocks<BF16>(worker);
    break;
  default:
    runBlocks<float>(worker);
    break;
  }
  return nullptr;
}

int32_t capstan::rt::makeAttention(HostDevice &device, FailureRef failure,
                                   const capstan_rt_attention_desc &desc,
                                   const AttentionArguments &tensors,
                                   std::unique_ptr<Work> &work) {
  if (!isFloat(desc.dtype))
    return fail(CAPSTAN_RT_UNSUPPORTED,
                {"varlen_attention", desc.location, device.name()},
                format("attention of %s is not supported, only that of f32, "
                       "f64, f16 and bf16",
                       nameOf(desc.dtype).c_str()));
  const Blas *blas;
  CAPSTAN_RT_TRY(device.loadBlas(&blas));
  work = std::make_unique<Attention>(*blas, std::move(failure), desc, tensors);
  return CAPSTAN_RT_OK;
}
