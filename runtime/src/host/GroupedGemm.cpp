//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Matrix products of groups of rows, each by a matrix of its own, as experts
// are: the offsets of the groups are data of the device.
//
//===----------------------------------------------------------------------===//

#include "base/Dtype.h"
#include "host/Works.h"

#include <cstring>

using namespace capstan::rt;

namespace {

class GroupedGemm final : public Work {
public:
  GroupedGemm(const Blas &blas, FailureRef failure,
              const capstan_rt_gemm_desc &desc, const void *a, const void *b,
              const int32_t *offsets, void *c)
      : Work(std::move(failure), "grouped_gemm", "grouped_gemm", desc.location),
        blas(blas), desc(desc), a(static_cast<const char *>(a)),
        b(static_cast<const char *>(b)), c(static_cast<char *>(c)),
        offsets(offsets) {}

  MaybeError run(Worker &worker) override;

private:
  MaybeError checkOffsets() const;

  const Blas &blas;
  capstan_rt_gemm_desc desc;
  const char *a, *b;
  char *c;
  const int32_t *offsets;
};

} // namespace

/// They come from the device: compiled code couldn't check them.
MaybeError GroupedGemm::checkOffsets() const {
  int32_t last = 0;
  for (int64_t i = 0; i < desc.batch; ++i) {
    if (offsets[i] < last || offsets[i] > desc.m)
      return error(CAPSTAN_RT_CHECK_FAILED,
                   format("group %lld ends at row %d; it begins at row %d, and "
                          "there are %lld rows",
                          static_cast<long long>(i), offsets[i], last,
                          static_cast<long long>(desc.m)));
    last = offsets[i];
  }
  return nullptr;
}

MaybeError GroupedGemm::run(Worker &worker) {
  if (MaybeError bad = checkOffsets())
    return bad;
  int64_t bytes = bytesOf(desc.dtype), bytesC = bytesOf(resultOf(desc)),
          last = 0;
  capstan_rt_gemm_desc group = desc;
  group.batch = 1;
  for (int64_t i = 0; i < desc.batch; ++i) {
    group.m = offsets[i] - last;
    runGemm(worker.device, blas, group, a + last * desc.lda * bytes,
            b + i * desc.stride_b * bytes, c + last * desc.ldc * bytesC);
    last = offsets[i];
  }
  for (; desc.n && last < desc.m; ++last)
    memset(c + last * desc.ldc * bytesC, 0, desc.n * bytesC);
  return nullptr;
}

int32_t capstan::rt::makeGroupedGemm(HostDevice &device, FailureRef failure,
                                     const capstan_rt_gemm_desc &desc,
                                     const void *a, const void *b,
                                     const int32_t *offsets, void *c,
                                     std::unique_ptr<Work> &work) {
  CAPSTAN_RT_TRY(checkTypes("grouped_gemm", desc, device.name()));
  const Blas *blas;
  CAPSTAN_RT_TRY(device.loadBlas(&blas));
  work = std::make_unique<GroupedGemm>(*blas, std::move(failure), desc, a, b,
                                       offsets, c);
  return CAPSTAN_RT_OK;
}
