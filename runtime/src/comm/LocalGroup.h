//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Ranks of one process that meet at a barrier.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_COMM_LOCALGROUP_H
#define CAPSTAN_RT_COMM_LOCALGROUP_H

#include "base/Backend.h"

#include <condition_variable>
#include <vector>

namespace capstan::rt {

enum class Collective { AllGather, ReduceScatter, AllReduce };

/// What a rank wants to do; all ranks have to want the same.
struct CollectiveKey {
  Collective kind;
  capstan_rt_dtype dtype;
  int32_t reduction;
  int64_t count;
};

class LocalGroup final : public RefCounted {
public:
  LocalGroup(int32_t ranks, int64_t timeoutMs)
      : timeoutMs(timeoutMs), keys(ranks), sources(ranks) {}

  int32_t ranks() const { return static_cast<int32_t>(keys.size()); }
  /// Blocks until every rank has brought its source. Then `destination` holds
  /// the result, and the source may be written again.
  MaybeError run(int32_t rank, const CollectiveKey &key, const void *source,
                 void *destination);

private:
  MaybeError meet();
  MaybeError compare(const CollectiveKey &mine) const;

  const int64_t timeoutMs;
  std::mutex mutex;
  std::condition_variable everybody;
  int32_t arrived = 0;
  uint64_t meetings = 0;
  bool broken = false; // a rank gave up: the others' state is unknown
  std::vector<CollectiveKey> keys;
  std::vector<std::vector<char>>
      sources; // copies, so that ranks may work in place
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_COMM_LOCALGROUP_H
