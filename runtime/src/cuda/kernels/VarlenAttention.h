//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What the kernels of attention get, on the device and on the host. No header
// is included: the device has none.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_KERNELS_VARLENATTENTION_H
#define CAPSTAN_RT_CUDA_KERNELS_VARLENATTENTION_H

namespace capstan::rt::varlen {

/// Rows of scores that a block has at one time: a query of some heads each.
constexpr int rowsInTile = 64;
constexpr int keysInTile = 64;
constexpr int threadsOfAttention = 128;
constexpr int threadsOfTiles = 1024;
/// A bound of a window that is none; sums of it and of tokens fit an int.
constexpr int unbounded = 1 << 30;

/// Queries of one document that a block computes.
struct Tile {
  int query;       // the first, of all tokens
  int tokens;      // how many; 0: there is no more
  int key;         // the document's first, of all tokens
  int keys;        // of the document
  int place;       // of the first query among the document's keys
  int first, last; // tiles of keys that they look at
  int unused;
};

struct Tiles {
  const int *sumsQ, *sumsK;       // of documents and one more
  const int *lengthsQ, *lengthsK; // of documents; all 0 if they are bad
  Tile *tiles;                    // of `most`, written
  int *counts;                    // tiles before each document, written
  int documents, most;
  int tokens;      // of a tile
  int left, right; // of the window
};

struct Attention {
  const char *q, *k, *v;
  char *out;
  float *sums; // log of sums of exponentials, or null
  const Tile *tiles;
  long long strideQ, strideK, strideV, strideOut; // bytes of a token
  long long strideSums;                           // of a head
  int headsK, group; // heads of queries for each of the keys
  int reciprocal;    // 65536 / group, rounded up
  int dim;
  int left, right; // of the window
  float scale, scaleLog2;
};

} // namespace capstan::rt::varlen

#endif // CAPSTAN_RT_CUDA_KERNELS_VARLENATTENTION_H
