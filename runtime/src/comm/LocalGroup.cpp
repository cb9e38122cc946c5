//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "comm/LocalGroup.h"
#include "base/Dtype.h"

#include <algorithm>
#include <chrono>
#include <cstring>

using namespace capstan::rt;

static const char *nameOf(Collective kind) {
  static const char *const names[] = {"all_gather", "reduce_scatter",
                                      "all_reduce"};
  return names[static_cast<int>(kind)];
}

static MaybeError error(int32_t code, const char *op, std::string message) {
  return std::make_unique<Error>(makeError(code, {op}, std::move(message)));
}

MaybeError LocalGroup::meet() {
  std::unique_lock<std::mutex> lock(mutex);
  uint64_t meeting = meetings;
  if (!broken && ++arrived == ranks()) {
    arrived = 0;
    ++meetings;
    everybody.notify_all();
    return nullptr;
  }
  bool met = everybody.wait_for(lock, std::chrono::milliseconds(timeoutMs),
                                [&] { return meetings != meeting || broken; });
  if (met && meetings != meeting)
    return nullptr;
  broken = true;
  everybody.notify_all();
  return error(CAPSTAN_RT_INTERNAL, "collective",
               format("not every rank came within %lld ms; the communicator "
                      "can't be used any more",
                      static_cast<long long>(timeoutMs)));
}

MaybeError LocalGroup::compare(const CollectiveKey &mine) const {
  for (size_t i = 0; i < keys.size(); ++i) {
    const CollectiveKey &other = keys[i];
    if (other.kind == mine.kind && other.dtype == mine.dtype &&
        other.reduction == mine.reduction && other.count == mine.count)
      continue;
    return error(
        CAPSTAN_RT_INVALID_ARGUMENT, ::nameOf(mine.kind),
        format("ranks disagree: rank %zu has %s of %lld %s, this one %s of "
               "%lld %s",
               i, ::nameOf(other.kind), static_cast<long long>(other.count),
               capstan::rt::nameOf(other.dtype).c_str(), ::nameOf(mine.kind),
               static_cast<long long>(mine.count),
               capstan::rt::nameOf(mine.dtype).c_str()));
  }
  return nullptr;
}

/// Reduces `count` elements at `offset` of all sources, in the ranks' order, in
/// type Sum.
template <typename T, typename Sum>
static void reduce(const std::vector<std::vector<char>> &sources,
                   int64_t offset, int64_t count, int32_t how,
                   void *destination) {
  T *to = static_cast<T *>(destination);
  for (int64_t i = 0; i < count; ++i) {
    auto at = [&](size_t rank) {
      return Sum(reinterpret_cast<const T *>(sources[rank].data())[offset + i]);
    };
    Sum result = at(0);
    for (size_t rank = 1; rank < sources.size(); ++rank)
      result = how == CAPSTAN_RT_SUM ? result + at(rank)
                                     : std::max(result, at(rank));
    to[i] = T(result);
  }
}

static void reduce(const CollectiveKey &key,
                   const std::vector<std::vector<char>> &sources,
                   int64_t offset, void *destination) {
  auto as = [&](auto element, auto sum) {
    reduce<decltype(element), decltype(sum)>(sources, offset, key.count,
                                             key.reduction, destination);
  };
  bool sums = key.reduction == CAPSTAN_RT_SUM;
  switch (scalarOf(key.dtype)) {
  case Scalar::F32:
    return as(float(), float());
  case Scalar::F64:
    return as(double(), double());
  case Scalar::F16:
    return as(F16(), float());
  case Scalar::BF16:
    return as(BF16(), float());
  // Unsigned: sums wrap around.
  case Scalar::I32:
    return sums ? as(uint32_t(), uint32_t()) : as(int32_t(), int32_t());
  case Scalar::I64:
    return sums ? as(uint64_t(), uint64_t()) : as(int64_t(), int64_t());
  case Scalar::F8E4M3FN:
  case Scalar::Other:
    return;
  }
}

MaybeError LocalGroup::run(int32_t rank, const CollectiveKey &key,
                           const void *source, void *destination) {
  int64_t bytes = key.count * bytesOf(key.dtype);
  int64_t parts = key.kind == Collective::ReduceScatter ? ranks() : 1;
  keys[rank] = key;
  auto *from = static_cast<const char *>(source);
  sources[rank].assign(from, from + bytes * parts);
  if (MaybeError failed = meet())
    return failed;
  MaybeError failed = compare(key);
  if (!failed && key.kind == Collective::AllGather)
    for (int32_t i = 0; i < ranks() && bytes; ++i)
      memcpy(static_cast<char *>(destination) + i * bytes, sources[i].data(),
             bytes);
  else if (!failed)
    reduce(key, sources,
           key.kind == Collective::ReduceScatter ? rank * key.count : 0,
           destination);
  // Until all have read them, no rank may bring its next source.
  if (MaybeError left = meet())
    return left;
  return failed;
}
