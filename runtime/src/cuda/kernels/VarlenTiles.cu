//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Tiles of packed documents, those with most keys to look at first, so that no
// block begins a long one when the others end.
//
//===----------------------------------------------------------------------===//

#include "Device.h"
#include "VarlenAttention.h"

using namespace capstan::rt::varlen;

/// Numbers of tiles of keys that are told apart; those with more come first, in
/// any order.
constexpr int levels = threadsOfTiles;

DEVICE int add(int *to, int value) {
  int old;
  asm volatile("atom.shared.add.s32 %0, [%1], %2;"
               : "=r"(old)
               : "r"(sharedAddress(to)), "r"(value)
               : "memory");
  return old;
}

/// Sums of what is before each of the 1024 values, by as many threads.
DEVICE int exclusiveSum(int value, int &total) {
  SHARED static int sums[32];
  int lane = threadIndex() & 31, warp = threadIndex() >> 5;
  int sum = value;
  for (int step = 1; step < 32; step *= 2) {
    int other = __nvvm_shfl_sync_up_i32(~0u, sum, step, 0);
    sum += lane >= step ? other : 0;
  }
  if (lane == 31)
    sums[warp] = sum;
  barrier();
  int warps = sums[lane];
  for (int step = 1; step < 32; step *= 2) {
    int other = __nvvm_shfl_sync_up_i32(~0u, warps, step, 0);
    warps += lane >= step ? other : 0;
  }
  barrier();
  total = __nvvm_shfl_sync_idx_i32(~0u, warps, 31, 31);
  int before = __nvvm_shfl_sync_idx_i32(~0u, warps, (warp - 1) & 31, 31);
  return (warp ? before : 0) + sum - value;
}

/// Tile `t` of all, in the order of documents; returns its level.
DEVICE int tileAt(const Tiles &args, int t, Tile &tile) {
  // counts[low] <= t < counts[high], if there were one behind the last.
  int low = 0, high = args.documents;
  while (high - low > 1) {
    int middle = (low + high) / 2;
    (args.counts[middle] <= t ? low : high) = middle;
  }
  int first = (t - args.counts[low]) * args.tokens;
  int queries = args.lengthsQ[low];
  tile = {};
  tile.query = args.sumsQ[low] + first;
  tile.tokens = min(args.tokens, queries - first);
  tile.key = args.sumsK[low];
  tile.keys = args.lengthsK[low];
  // The last query is at the last key.
  tile.place = tile.keys - queries + first;
  int end = min(tile.keys, tile.place + tile.tokens + args.right);
  tile.first = max(tile.place - args.left, 0) / keysInTile;
  tile.last = max(tile.first, (end + keysInTile - 1) / keysInTile);
  return min(tile.last - tile.first, levels - 1);
}

KERNEL(threadsOfTiles, 1)
void capstan_attention_tiles(PARAMETER Tiles args) {
  SHARED static int places[levels];
  const int i = threadIndex(), reversed = levels - 1 - i;
  int total = 0;
  for (int begin = 0; begin < args.documents; begin += levels) {
    int document = begin + i, count = 0, all;
    if (document < args.documents)
      count = (args.lengthsQ[document] + args.tokens - 1) / args.tokens;
    int before = exclusiveSum(count, all);
    if (document < args.documents)
      args.counts[document] = total + before;
    total += all;
  }
  places[i] = 0;
  barrier();
  Tile tile;
  for (int t = i; t < total; t += levels)
    add(&places[tileAt(args, t, tile)], 1);
  barrier();
  int all, before = exclusiveSum(places[reversed], all);
  places[reversed] = before;
  barrier();
  for (int t = i; t < total; t += levels) {
    int place = add(&places[tileAt(args, t, tile)], 1);
    args.tiles[place] = tile;
  }
  for (int t = total + i; t < args.most; t += levels)
    args.tiles[t] = {};
}
