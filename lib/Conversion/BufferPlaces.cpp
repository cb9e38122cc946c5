//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "BufferPlaces.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"

using namespace capstan;

static bool aliveTogether(const BufferPlace &x, const BufferPlace &y) {
  return x.begin <= y.end && y.begin <= x.end;
}

/// The largest first, each in the smallest gap that fits. Returns them from the
/// lowest up.
static llvm::SmallVector<unsigned> bestFit(llvm::ArrayRef<BufferPlace> buffers,
                                           size_t which) {
  auto bytesOf = [&](unsigned i) { return buffers[i].bytes[which]; };
  auto order = llvm::to_vector(llvm::seq<unsigned>(0, buffers.size()));
  llvm::stable_sort(
      order, [&](unsigned x, unsigned y) { return bytesOf(x) > bytesOf(y); });
  std::vector<int64_t> offsets(buffers.size());
  llvm::SmallVector<unsigned> placed;
  for (unsigned number : order) {
    int64_t top = 0, best = -1, bestGap = 0;
    for (unsigned other : placed) {
      if (!aliveTogether(buffers[number], buffers[other]))
        continue;
      int64_t gap = offsets[other] - top;
      if (gap >= bytesOf(number) && (best < 0 || gap < bestGap)) {
        best = top;
        bestGap = gap;
      }
      top = std::max(top, offsets[other] + bytesOf(other));
    }
    offsets[number] = best < 0 ? top : best;
    auto isLower = [&](unsigned x, unsigned y) {
      return offsets[x] < offsets[y];
    };
    placed.insert(llvm::upper_bound(placed, number, isLower), number);
  }
  return placed;
}

/// What follows from another's place is left out.
static std::vector<llvm::SmallVector<unsigned>>
findBelow(llvm::ArrayRef<BufferPlace> buffers, llvm::ArrayRef<unsigned> order) {
  std::vector<llvm::SmallVector<unsigned>> below(buffers.size());
  std::vector<llvm::BitVector> reached(buffers.size());
  for (auto [i, number] : llvm::enumerate(order)) {
    llvm::BitVector &mine = reached[number];
    mine.resize(buffers.size());
    for (unsigned other : llvm::reverse(order.take_front(i)))
      if (!mine[other] && aliveTogether(buffers[number], buffers[other])) {
        below[number].push_back(other);
        mine |= reached[other];
        mine.set(other);
      }
  }
  return below;
}

/// The bytes that a plan needs in a case.
static int64_t bytesNeeded(llvm::ArrayRef<BufferPlace> buffers,
                           const BufferPlan &plan, size_t which) {
  std::vector<int64_t> ends(buffers.size());
  int64_t most = 0;
  for (unsigned i : plan.order) {
    for (unsigned other : plan.below[i])
      ends[i] = std::max(ends[i], ends[other]);
    ends[i] += buffers[i].bytes[which];
    most = std::max(most, ends[i]);
  }
  return most;
}

static int64_t mostAlive(llvm::ArrayRef<BufferPlace> buffers, size_t which) {
  llvm::SmallVector<std::pair<unsigned, int64_t>> changes;
  for (const BufferPlace &buffer : buffers) {
    changes.emplace_back(buffer.begin, buffer.bytes[which]);
    changes.emplace_back(buffer.end + 1, -buffer.bytes[which]);
  }
  llvm::sort(changes);
  int64_t alive = 0, most = 0;
  for (auto [moment, bytes] : changes) {
    alive += bytes;
    most = std::max(most, alive);
  }
  return most;
}

BufferPlan capstan::planPlaces(llvm::ArrayRef<BufferPlace> buffers) {
  size_t cases = buffers.front().bytes.size();
  llvm::SmallVector<int64_t> least;
  for (size_t i = 0; i < cases; ++i)
    least.push_back(mostAlive(buffers, i));

  BufferPlan best;
  double bestRatio = 0;
  for (size_t i = 0; i < cases; ++i) {
    BufferPlan plan;
    plan.order = bestFit(buffers, i);
    plan.below = findBelow(buffers, plan.order);
    double ratio = 0;
    for (size_t other = 0; other < cases; ++other) {
      int64_t bytes = bytesNeeded(buffers, plan, other);
      if (double(bytes) / least[other] <= ratio)
        continue;
      ratio = double(bytes) / least[other];
      plan.bytes = bytes;
      plan.least = least[other];
    }
    if (i == 0 || ratio < bestRatio) {
      best = std::move(plan);
      bestRatio = ratio;
    }
  }
  return best;
}
