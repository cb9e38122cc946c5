//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Attention of packed documents on Hopper, for elements of 16 bits and heads of
// DIM (64 or 128) or less. A block has 64 rows of scores of one document: some
// tokens in all heads that share a head of the keys. It goes through the tiles
// of keys that these see, from the last, and keeps the largest score and the
// sum of exponentials of each row (FlashAttention-2,
// https://arxiv.org/abs/2307.08691). Products are wgmma's; tiles come by
// cp.async, which fills what is behind a document with zeros, so that no tensor
// map is made for documents. Copies of the next tile run while the products of
// this one do, and blocks of an SM hide each other's softmax.
//
// Compiled once for each DIM and type (BF16: true or false).
//
//===----------------------------------------------------------------------===//

#include "Device.h"
#include "VarlenAttention.h"

using namespace capstan::rt::varlen;

DEVICE float exp2(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
DEVICE float max(float a, float b) { return __builtin_fmaxf(a, b); }
DEVICE float lanesXor(float x, int lanes) {
  float y;
  asm("shfl.sync.bfly.b32 %0, %1, %2, 31, 0xffffffff;"
      : "=f"(y)
      : "f"(x), "r"(lanes));
  return y;
}
template <bool bf16> DEVICE uint32_t pack(float low, float high) {
  uint32_t both;
  if (bf16)
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
  else
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
  return both;
}

DEVICE void copyAsync(uint32_t to, const char *from, bool there) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to),
               "l"(from), "r"(there ? 16 : 0)
               : "memory");
}
DEVICE void commitCopies() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}
template <int pending> DEVICE void waitForCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
  // Matrix instructions read by another proxy.
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

DEVICE uint64_t descriptor(uint32_t address, int leading) {
  return uint64_t(1) << 62 | uint64_t(1024 >> 4) << 32 |
         uint64_t(leading >> 4) << 16 | (address & 0x3ffff) >> 4;
}
DEVICE void beginProducts() {
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
DEVICE void commitProducts() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

#define REGS8(d, i)                                                            \
  "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]),  \
      "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])
#define NAMES32                                                                \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "    \
  "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, "     \
  "%30, %31}"
#define NAMES64                                                                \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "    \
  "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, "     \
  "%30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, "     \
  "%44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, "     \
  "%58, %59, %60, %61, %62, %63}"

/// d[64][64] = a[64][16] b[64][16]^T, or += unless `first`; both in memory.
template <bool bf16>
DEVICE void multiply(float (&d)[32], uint64_t a, uint64_t b, bool first) {
#define WGMMA(TYPE)                                                            \
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %34, 0;\n"                    \
               "wgmma.mma_async.sync.aligned.m64n64k16.f32." TYPE "." TYPE     \
               " " NAMES32 ", %32, %33, p, 1, 1, 0, 0;\n}"                     \
               : REGS8(d, 0), REGS8(d, 8), REGS8(d, 16), REGS8(d, 24)          \
               : "l"(a), "l"(b), "r"(first ? 0 : 1))
  if (bf16)
    WGMMA("bf16");
  else
    WGMMA("f16");
#undef WGMMA
}

/// d[64][64] += a[64][16] b[16][64], a in registers.
template <bool bf16>
DEVICE void multiply(float (&d)[32], const uint32_t (&a)[4], uint64_t b) {
#define WGMMA(TYPE)                                                            \
  asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32." TYPE "." TYPE     \
               " " NAMES32 ", {%32, %33, %34, %35}, %36, 1, 1, 1, 1;"          \
               : REGS8(d, 0), REGS8(d, 8), REGS8(d, 16), REGS8(d, 24)          \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b))
  if (bf16)
    WGMMA("bf16");
  else
    WGMMA("f16");
#undef WGMMA
}
/// d[64][128] += a[64][16] b[16][128].
template <bool bf16>
DEVICE void multiply(float (&d)[64], const uint32_t (&a)[4], uint64_t b) {
#define WGMMA(TYPE)                                                            \
  asm volatile("wgmma.mma_async.sync.aligned.m64n128k16.f32." TYPE "." TYPE    \
               " " NAMES64 ", {%64, %65, %66, %67}, %68, 1, 1, 1, 1;"          \
               : REGS8(d, 0), REGS8(d, 8), REGS8(d, 16), REGS8(d, 24),         \
                 REGS8(d, 32), REGS8(d, 40), REGS8(d, 48), REGS8(d, 56)        \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b))
  if (bf16)
    WGMMA("bf16");
  else
    WGMMA("f16");
#undef WGMMA
}

/// A tile of D columns of 16 bits: panels of 64 columns, whose rows of 128
/// bytes have their pieces of 16 bytes in an order that the tensor cores know.
template <int D> struct Panels {
  static constexpr int pieces = D / 8, rows = threadsOfAttention / pieces;
  static DEVICE uint32_t offset(int row, int piece, int allRows) {
    return (piece >> 3) * allRows * 128 + row * 128 +
           (((piece & 7) ^ (row & 7)) << 4);
  }
};

constexpr float none = -__builtin_inff();

/// A thread's two rows of a tile of scores, `row` and `row + 8`: of each 8
/// columns it has two, in both rows.
struct Rows {
  float most[2] = {none, none}; // of the scores so far
  float sum[2] = {0, 0};        // of this thread's exponentials
};

DEVICE int rowOfThread() {
  return (threadIndex() >> 5) * 16 + ((threadIndex() & 31) >> 2);
}

/// Scores outside [begin, end) of their rows count for nothing.
DEVICE void mask(float (&s)[32], int firstKey, const int (&begin)[2],
                 const int (&end)[2]) {
  int key = firstKey + (threadIndex() & 3) * 2;
#pragma unroll
  for (int i = 0; i < 32; ++i) {
    int at = key + (i >> 2) * 8 + (i & 1), row = i >> 1 & 1;
    s[i] = at >= begin[row] && at < end[row] ? s[i] : none;
  }
}

/// Makes scores exponentials, and `out` relative to the largest score.
template <int count>
DEVICE void softmax(float (&s)[32], Rows &rows, float (&out)[count],
                    float scale) {
  float most[2] = {rows.most[0], rows.most[1]};
#pragma unroll
  for (int i = 0; i < 32; ++i)
    most[i >> 1 & 1] = max(most[i >> 1 & 1], s[i]);
#pragma unroll
  for (int lanes = 1; lanes < 4; lanes *= 2)
#pragma unroll
    for (int row = 0; row < 2; ++row)
      most[row] = max(most[row], lanesXor(most[row], lanes));
  float base[2], shrink[2];
#pragma unroll
  for (int row = 0; row < 2; ++row) {
    base[row] = most[row] == none ? 0 : most[row] * scale;
    shrink[row] = exp2(rows.most[row] * scale - base[row]);
    rows.most[row] = most[row];
    rows.sum[row] *= shrink[row];
  }
#pragma unroll
  for (int i = 0; i < 32; i += 2) {
    const int row = i >> 1 & 1;
    s[i] = exp2(s[i] * scale - base[row]);
    s[i + 1] = exp2(s[i + 1] * scale - base[row]);
    rows.sum[row] += s[i] + s[i + 1];
  }
#pragma unroll
  for (int i = 0; i < count; ++i)
    out[i] *= shrink[i >> 1 & 1];
}

/// What asynchronous products have written isn't read earlier.
template <int count> DEVICE void waitForProducts(float (&d)[count]) {
  asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
#pragma unroll
  for (int i = 0; i < count; ++i)
    asm volatile("" : "+f"(d[i])::"memory");
}

template <int D, bool bf16> struct Block {
  using P = Panels<D>;
  static constexpr int tileBytes = keysInTile * D * 2;

  const Attention &args;
  const Tile tile;
  const int head;       // of the keys
  const uint32_t q;     // rows of queries, and later of results
  const uint32_t k;     // two tiles of keys, by turns
  const uint32_t v;     // a tile of values
  const int row, piece; // what the thread copies, of each P::rows rows

  DEVICE int tokenOf(int row) const { return row * args.reciprocal >> 16; }
  DEVICE int headOf(int row) const {
    return head * args.group + row - tokenOf(row) * args.group;
  }
  DEVICE bool has(int row) const {
    return piece * 8 < args.dim && tokenOf(row) < tile.tokens;
  }
  DEVICE int64_t offset(int row, int64_t stride) const {
    return (tile.query + tokenOf(row)) * stride + headOf(row) * args.dim * 2 +
           piece * 16;
  }

  DEVICE void loadQueries() const {
#pragma unroll
    for (int i = 0; i < rowsInTile; i += P::rows) {
      const int r = row + i;
      copyAsync(q + P::offset(r, piece, rowsInTile),
                args.q + (has(r) ? offset(r, args.strideQ) : 0), has(r));
    }
  }
  /// Keys or values of tile `n`; zeros behind the document.
  DEVICE void load(uint32_t to, const char *all, int64_t stride, int n) const {
    const char *from = all +
                       (tile.key + int64_t(n) * keysInTile + row) * stride +
                       (head * args.dim + piece * 8) * 2;
    const int there =
        piece * 8 < args.dim ? tile.keys - n * keysInTile - row : 0;
    to += P::offset(row, piece, keysInTile);
#pragma unroll
    for (int i = 0; i < keysInTile; i += P::rows, from += P::rows * stride)
      copyAsync(to + i * 128, i < there ? from : all, i < there);
  }
  DEVICE uint32_t keysOf(int n) const { return k + (n & 1) * tileBytes; }
  DEVICE void loadKeys(int n) const {
    if (n >= tile.first)
      load(keysOf(n), args.k, args.strideK, n);
    commitCopies();
  }
  DEVICE void loadValues(int n) const {
    if (n >= tile.first)
      load(v, args.v, args.strideV, n);
    commitCopies();
  }

  DEVICE void scores(float (&s)[32], int n) const {
    beginProducts();
#pragma unroll
    for (int i = 0; i < D / 16; ++i)
      multiply<bf16>(
          s, descriptor(q + (i / 4) * rowsInTile * 128 + (i % 4) * 32, 16),
          descriptor(keysOf(n) + (i / 4) * keysInTile * 128 + (i % 4) * 32, 16),
          /*first=*/!i);
    commitProducts();
  }
  DEVICE void addValues(float (&out)[D / 2], const uint32_t (&p)[4][4]) const {
    beginProducts();
#pragma unroll
    for (int i = 0; i < 4; ++i)
      multiply<bf16>(out, p[i], descriptor(v + i * 16 * 128, keysInTile * 128));
    commitProducts();
  }

  DEVICE void run() const {
    int n = tile.last - 1;
    loadQueries();
    loadKeys(n); // in one group with the queries
    loadValues(n);

    int begin[2], end[2];
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      int place = tile.place + tokenOf(rowOfThread() + i * 8);
      begin[i] = place - args.left;
      end[i] = min(tile.keys, place + args.right + 1);
    }
    // Keys that all queries see.
    const int allBegin = tile.place + tile.tokens - 1 - args.left;
    const int allEnd = min(tile.keys, tile.place + args.right + 1);

    Rows rows;
    float out[D / 2];
#pragma unroll
    for (int i = 0; i < D / 2; ++i)
      out[i] = 0;
    for (; n >= tile.first; --n) {
      float s[32];
      waitForCopies<1>(); // all but the values
      barrier();
      scores(s, n);
      loadKeys(n - 1);
      waitForProducts(s);
      if (n * keysInTile < allBegin || (n + 1) * keysInTile > allEnd)
        mask(s, n * keysInTile, begin, end);
      softmax(s, rows, out, args.scaleLog2);
      uint32_t p[4][4];
#pragma unroll
      for (int i = 0; i < 16; ++i)
        p[i / 4][i % 4] = pack<bf16>(s[2 * i], s[2 * i + 1]);
      waitForCopies<1>(); // all but the next keys
      barrier();
      addValues(out, p);
      waitForProducts(out);
      barrier();
      loadValues(n - 1);
    }
    waitForCopies<0>();
    barrier();
    finish(rows, out);
  }

  DEVICE void finish(Rows &rows, float (&out)[D / 2]) const {
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      int r = rowOfThread() + i * 8;
      float sum = rows.sum[i];
      sum += lanesXor(sum, 1);
      sum += lanesXor(sum, 2);
      float inverse = sum > 0 ? 1 / sum : 0;
#pragma unroll
      for (int j = 0; j < D / 8; ++j)
        asm volatile(
            "st.shared.b32 [%0], %1;" ::"r"(q + P::offset(r, j, rowsInTile) +
                                            (threadIndex() & 3) * 4),
            "r"(pack<bf16>(out[4 * j + 2 * i] * inverse,
                           out[4 * j + 2 * i + 1] * inverse))
            : "memory");
      if (args.sums && !(threadIndex() & 3) && tokenOf(r) < tile.tokens)
        args.sums[headOf(r) * args.strideSums + tile.query + tokenOf(r)] =
            sum > 0 ? rows.most[i] * args.scale +
                          __nvvm_lg2_approx_f(sum) * 0.69314718056f
                    : none;
    }
    barrier();
#pragma unroll
    for (int i = 0; i < rowsInTile; i += P::rows) {
      const int r = row + i;
      uint32_t a, b, c, d;
      asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];"
                   : "=r"(a), "=r"(b), "=r"(c), "=r"(d)
                   : "r"(q + P::offset(r, piece, rowsInTile))
                   : "memory");
      if (has(r))
        asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};" ::"l"(
                         args.out + offset(r, args.strideOut)),
                     "r"(a), "r"(b), "r"(c), "r"(d)
                     : "memory");
    }
  }
};

KERNEL(threadsOfAttention, 3)
void capstan_attention(PARAMETER Attention args) {
  extern SHARED __attribute__((aligned(1024))) char memory[];
  using B = Block<DIM, BF16>;
  waitForKernelsBefore();
  const Tile tile = args.tiles[blockIndex() / args.headsK];
  if (!tile.tokens)
    return;
  const uint32_t q = sharedAddress(memory), k = q + rowsInTile * DIM * 2,
                 v = k + 2 * B::tileBytes;
  B{args, tile, blockIndex() % args.headsK,   q,
    k,    v,    threadIndex() / B::P::pieces, threadIndex() % B::P::pieces}
      .run();
}
