//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Matrix products: tiles of c, each one product of the library, spread over the
// device's threads.
//
//===----------------------------------------------------------------------===//

#include "base/Dtype.h"
#include "host/Works.h"

#include <algorithm>

using namespace capstan::rt;

namespace {

/// The tile [row, row + rows) x [column, column + columns) of one matrix.
struct Tile {
  int64_t batch, row, rows, column, columns;
};

/// How the products of a batch are cut into tiles.
struct Tiling {
  int64_t m, n, tileM, tileN;

  int64_t perMatrix() const {
    return ((m + tileM - 1) / tileM) * ((n + tileN - 1) / tileN);
  }
  Tile tile(int64_t index) const {
    int64_t columns = (n + tileN - 1) / tileN;
    int64_t inMatrix = index % perMatrix();
    int64_t row = inMatrix / columns * tileM;
    int64_t column = inMatrix % columns * tileN;
    return {index / perMatrix(), row, std::min(tileM, m - row), column,
            std::min(tileN, n - column)};
  }
};

/// One product, or a batch of them.
struct Product {
  void run(ThreadPool &threads) const;
  template <typename T> void runTile(const Tile &tile) const;
  template <typename T, typename R> void runNarrowTile(const Tile &tile) const;
  template <typename T> void runNarrow(const Tile &tile) const;

  const Blas &blas;
  capstan_rt_gemm_desc desc;
  const void *a, *b;
  void *c;
};

class Gemm final : public Work {
public:
  Gemm(FailureRef failure, const Product &product)
      : Work(std::move(failure), "gemm", "gemm", product.desc.location),
        product(product) {}

  MaybeError run(Worker &worker) override {
    product.run(worker.device.threads());
    return nullptr;
  }
  Amount amount() const override { return amountOf(product.desc); }

private:
  Product product;
};

/// Element (row, column) of a matrix that may be stored transposed.
int64_t offset(bool transpose, int64_t ld, int64_t row, int64_t column) {
  return transpose ? column * ld + row : row * ld + column;
}

/// A tile for each thread at least, unless they get too small to be fast.
Tiling chooseTiling(const capstan_rt_gemm_desc &d, int threads) {
  constexpr int64_t smallest = 128, smallWork = 1 << 20;
  int64_t wanted = (2 * threads + d.batch - 1) / d.batch;
  if (threads == 1 || d.m * d.n * std::max<int64_t>(d.k, 1) < smallWork)
    wanted = 1;
  auto cut = [&](int64_t size) {
    int64_t tile = (size + wanted - 1) / wanted;
    // Whole registers of the library's kernels.
    tile = (tile + 15) / 16 * 16;
    return std::clamp(tile, std::min(size, smallest), size);
  };
  if (d.n >= d.m)
    return {d.m, d.n, d.m, cut(d.n)};
  return {d.m, d.n, cut(d.m), d.n};
}

} // namespace

template <typename T> void Product::runTile(const Tile &t) const {
  const T *from = static_cast<const T *>(a) + t.batch * desc.stride_a;
  const T *with = static_cast<const T *>(b) + t.batch * desc.stride_b;
  T *to = static_cast<T *>(c) + t.batch * desc.stride_c +
          offset(false, desc.ldc, t.row, t.column);
  bool starts = desc.accumulate || desc.bias; // from what is there
  for (int64_t i = 0; i < t.rows; ++i) {
    T *row = to + i * desc.ldc;
    if (!desc.accumulate && (desc.bias || desc.k == 0))
      std::fill_n(row, t.columns, T(0));
    if (auto *bias = static_cast<const T *>(desc.bias))
      for (int64_t j = 0; j < t.columns; ++j)
        row[j] += bias[t.column + j];
  }
  if (desc.k == 0)
    return;
  blas.gemm<T>(desc.transpose_a, desc.transpose_b, t.rows, t.columns, desc.k,
               T(1), from + offset(desc.transpose_a, desc.lda, t.row, 0),
               desc.lda, with + offset(desc.transpose_b, desc.ldb, 0, t.column),
               desc.ldb, T(starts ? 1 : 0), to, desc.ldc);
}

/// Copies a block of a matrix of floats to f32, row-major.
template <typename T>
static void widen(const T *matrix, bool transpose, int64_t ld, int64_t row,
                  int64_t rows, int64_t column, int64_t columns, float *to) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      *to++ = float(matrix[offset(transpose, ld, row + i, column + j)]);
}

/// Sums up in f32, block by block, and rounds once.
template <typename T, typename R>
void Product::runNarrowTile(const Tile &t) const {
  constexpr int64_t block = 128, blockK = 512;
  const T *from = static_cast<const T *>(a) + t.batch * desc.stride_a;
  const T *with = static_cast<const T *>(b) + t.batch * desc.stride_b;
  R *to = static_cast<R *>(c) + t.batch * desc.stride_c;
  std::vector<float> wideA(block * blockK), wideB(blockK * block),
      sums(block * block);
  for (int64_t i = t.row; i < t.row + t.rows; i += block)
    for (int64_t j = t.column; j < t.column + t.columns; j += block) {
      int64_t m = std::min(block, t.row + t.rows - i);
      int64_t n = std::min(block, t.column + t.columns - j);
      std::fill(sums.begin(), sums.end(), 0.0f);
      for (int64_t l = 0; l < desc.k; l += blockK) {
        int64_t k = std::min(blockK, desc.k - l);
        widen(from, desc.transpose_a, desc.lda, i, m, l, k, wideA.data());
        widen(with, desc.transpose_b, desc.ldb, l, k, j, n, wideB.data());
        blas.gemm<float>(false, false, m, n, k, 1, wideA.data(), k,
                         wideB.data(), n, 1, sums.data(), n);
      }
      for (int64_t r = 0; r < m; ++r)
        for (int64_t s = 0; s < n; ++s) {
          R &out = to[(i + r) * desc.ldc + j + s];
          float sum = sums[r * n + s];
          if (desc.scale_a)
            sum *= desc.scale_a[desc.row_scales ? i + r : 0] *
                   desc.scale_b[desc.row_scales ? j + s : 0];
          if (desc.accumulate)
            sum += float(out);
          if (desc.bias)
            sum += float(static_cast<const R *>(desc.bias)[j + s]);
          out = R(sum);
        }
    }
}

template <typename T> void Product::runNarrow(const Tile &t) const {
  Scalar result = scalarOf(resultOf(desc));
  if (result == Scalar::F32)
    runNarrowTile<T, float>(t);
  else if (result == Scalar::F16)
    runNarrowTile<T, F16>(t);
  else
    runNarrowTile<T, BF16>(t);
}

void Product::run(ThreadPool &pool) const {
  if (desc.batch == 0 || desc.m == 0 || desc.n == 0)
    return;
  Tiling tiling = chooseTiling(desc, pool.threads());
  Scalar type = scalarOf(desc.dtype);
  pool.run(desc.batch * tiling.perMatrix(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Tile tile = tiling.tile(i);
      if (type == Scalar::F32)
        runTile<float>(tile);
      else if (type == Scalar::F64)
        runTile<double>(tile);
      else if (type == Scalar::F16)
        runNarrow<F16>(tile);
      else if (type == Scalar::BF16)
        runNarrow<BF16>(tile);
      else
        runNarrow<F8E4M3FN>(tile);
    }
  });
}

void capstan::rt::runGemm(HostDevice &device, const Blas &blas,
                          const capstan_rt_gemm_desc &desc, const void *a,
                          const void *b, void *c) {
  Product{blas, desc, a, b, c}.run(device.threads());
}

int32_t capstan::rt::makeGemm(HostDevice &device, FailureRef failure,
                              const capstan_rt_gemm_desc &desc, const void *a,
                              const void *b, void *c,
                              std::unique_ptr<Work> &work) {
  CAPSTAN_RT_TRY(checkTypes("gemm", desc, device.name()));
  const Blas *blas;
  CAPSTAN_RT_TRY(device.loadBlas(&blas));
  work =
      std::make_unique<Gemm>(std::move(failure), Product{*blas, desc, a, b, c});
  return CAPSTAN_RT_OK;
}
