//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "GemmSupport.h"

#include <cmath>

using namespace capstan::rt::test;

namespace {
class GemmTest : public Conformance {
protected:
  template <typename T>
  void compare(const capstan_rt_gemm_desc &d, double tolerance);
};
CAPSTAN_RT_CONFORMANCE(GemmTest);
} // namespace

template <typename T>
void GemmTest::compare(const capstan_rt_gemm_desc &d, double tolerance) {
  int64_t sizeA =
      d.stride_a * (d.batch - 1) + d.lda * (d.transpose_a ? d.k : d.m);
  int64_t sizeB =
      d.stride_b * (d.batch - 1) + d.ldb * (d.transpose_b ? d.n : d.k);
  int64_t sizeC = d.stride_c * (d.batch - 1) + d.ldc * d.m;
  auto a = randomValues<T>(sizeA, 1), b = randomValues<T>(sizeB, 2),
       c = randomValues<T>(sizeC, 3);
  auto deviceA = tensor<T>(stream.get(), {sizeA}, a);
  auto deviceB = tensor<T>(stream.get(), {sizeB}, b);
  auto deviceC = tensor<T>(stream.get(), {sizeC}, c);
  ASSERT_OK(inForward([&](auto *f) {
    capstan_rt_gemm_desc copied = d;
    int32_t status = capstan_rt_gemm(f, &copied, deviceA->dlpack.dl_tensor.data,
                                     deviceB->dlpack.dl_tensor.data,
                                     deviceC->dlpack.dl_tensor.data);
    copied = {};
    return status;
  }));
  auto result = read<T>(*deviceC, stream.get());
  ASSERT_EQ(result.size(), c.size());
  std::vector<T> expected = c;
  for (int64_t batch = 0; batch < d.batch; ++batch)
    for (int64_t i = 0; i < d.m; ++i)
      for (int64_t j = 0; j < d.n; ++j) {
        T &out = expected[batch * d.stride_c + i * d.ldc + j];
        double sum = d.accumulate ? double(out) : 0;
        for (int64_t k = 0; k < d.k; ++k)
          sum += double(a[batch * d.stride_a +
                          (d.transpose_a ? k * d.lda + i : i * d.lda + k)]) *
                 double(b[batch * d.stride_b +
                          (d.transpose_b ? j * d.ldb + k : k * d.ldb + j)]);
        out = static_cast<T>(sum);
      }
  for (size_t i = 0; i < expected.size(); ++i)
    ASSERT_NEAR(result[i], expected[i], tolerance) << "at " << i;
}

TEST_P(GemmTest, EveryLayout) {
  for (int ta : {0, 1})
    for (int tb : {0, 1})
      for (int accumulate : {0, 1}) {
        auto d = makeDesc<float>(37, 53, 29);
        d.transpose_a = ta, d.transpose_b = tb, d.accumulate = accumulate;
        d.lda = (ta ? 37 : 29) + 3, d.ldb = (tb ? 29 : 53) + 2, d.ldc = 60;
        compare<float>(d, 1e-5);
      }
}

TEST_P(GemmTest, Doubles) {
  compare<double>(makeDesc<double>(20, 30, 40), 1e-12);
}

TEST_P(GemmTest, LargeOnesAreSpread) {
  compare<float>(makeDesc<float>(64, 700, 300), 1e-4);
  compare<float>(makeDesc<float>(700, 64, 300), 1e-4);
  compare<float>(makeDesc<float>(1, 3000, 500), 1e-4);
}

TEST_P(GemmTest, Batches) {
  auto d = makeDesc<float>(5, 6, 7);
  d.batch = 11;
  d.stride_a = 35, d.stride_b = 0, d.stride_c = 40; // b repeats
  compare<float>(d, 1e-5);
}

TEST_P(GemmTest, EmptySizes) {
  compare<float>(makeDesc<float>(3, 4, 0), 0); // zeros
  auto accumulate = makeDesc<float>(3, 4, 0);
  accumulate.accumulate = 1;
  compare<float>(accumulate, 0);
  auto none = makeDesc<float>(0, 4, 5);
  EXPECT_OK(
      capstan_rt_gemm_enqueue(stream.get(), &none, nullptr, nullptr, nullptr));
  EXPECT_OK(capstan_rt_stream_synchronize(stream.get()));
}

TEST_P(GemmTest, HalfPrecisionSumsInSingle) {
  const int64_t m = 150, n = 140, k = 600;
  const DLDataType half = {kDLBfloat, 16, 1};
  auto a = toBf16(randomValues<float>(m * k, 1));
  auto b = toBf16(randomValues<float>(k * n, 2));
  auto before = randomValues<float>(m * n, 3);
  auto halfBefore = toBf16(before);
  auto deviceA = makeTensor(half, {m, k}, a.data(), stream.get());
  auto deviceB = makeTensor(half, {k, n}, b.data(), stream.get());
  auto data = [](auto &t) { return t->dlpack.dl_tensor.data; };
  for (bool widens : {false, true})
    for (bool accumulate : {false, true}) {
      auto c = widens
                   ? tensor<float>(stream.get(), {m, n}, before)
                   : makeTensor(half, {m, n}, halfBefore.data(), stream.get());
      auto d = makeDesc<float>(m, n, k);
      d.dtype = {kDLBfloat, 16, 1};
      d.accumulate = accumulate;
      if (widens)
        d.dtype_c = rtDtypeOf<float>();
      ASSERT_OK(capstan_rt_gemm_enqueue(stream.get(), &d, data(deviceA),
                                        data(deviceB), data(c)));
      std::vector<uint16_t> halves;
      std::vector<float> floats;
      if (widens)
        floats = read<float>(*c, stream.get());
      else
        halves = read<uint16_t>(*c, stream.get());
      for (int64_t i = 0; i < m; i += 7)
        for (int64_t j = 0; j < n; j += 5) {
          int64_t at = i * n + j;
          double sum = !accumulate ? 0
                       : widens    ? before[at]
                                   : fromBf16(halfBefore[at]);
          for (int64_t l = 0; l < k; ++l)
            sum += double(fromBf16(a[i * k + l])) * fromBf16(b[l * n + j]);
          // One rounding, to 8 bits or none.
          if (widens)
            ASSERT_NEAR(floats[at], sum, 1e-4);
          else
            ASSERT_NEAR(fromBf16(halves[at]), sum, std::abs(sum) / 256 + 1e-4);
        }
    }
}

TEST_P(GemmTest, IsOfAKnownLibrary) {
  const char *library;
  ASSERT_OK(capstan_rt_gemm_library(device.get(), &library));
  EXPECT_STRNE(library, "");
}

TEST_P(GemmTest, MissingLibraryNamesThePackage) {
  capstan_rt_device_config config = makeConfig();
  const char *package = onGpu ? "nvidia-cublas" : "libopenblas0-pthread";
  config.blas_library = "/nowhere/libopenblas.so.0";
  reset(config);
  float x = 0;
  auto d = makeDesc<float>(1, 1, 1);
  EXPECT_FAILS(CAPSTAN_RT_NOT_FOUND, package, inForward([&](auto *f) {
                 return capstan_rt_gemm(f, &d, &x, &x, &x);
               }));
  const char *library;
  EXPECT_FAILS(CAPSTAN_RT_NOT_FOUND, "/nowhere/libopenblas.so.0",
               capstan_rt_gemm_library(device.get(), &library));
  config.blas_library = "libm.so.6";
  reset(config);
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE,
               onGpu ? "'libm.so.6' is not cuBLASLt: it has no"
                     : "'libm.so.6' is not a CBLAS library",
               capstan_rt_gemm_library(device.get(), &library));
}

TEST_P(GemmTest, Rejects) {
  float x = 0;
  auto enqueue = [&](auto change) {
    auto d = makeDesc<float>(2, 3, 4);
    change(d);
    return capstan_rt_gemm_enqueue(stream.get(), &d, &x, &x, &x);
  };
  EXPECT_FAILS(CAPSTAN_RT_UNSUPPORTED,
               "gemm.mlir:1:1: gemm on " + GetParam() + ": products of i32",
               enqueue([](auto &d) { d.dtype = {kDLInt, 32, 1}; }));
  EXPECT_FAILS(CAPSTAN_RT_UNSUPPORTED, "products of f32 to f64",
               enqueue([](auto &d) { d.dtype_c = rtDtypeOf<double>(); }));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "negative",
               enqueue([](auto &d) { d.m = -1; }));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "over 2^31",
               enqueue([](auto &d) { d.n = int64_t(1) << 31; }));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "lda",
               enqueue([](auto &d) { d.lda = 3; }));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "ldb",
               enqueue([](auto &d) { d.ldb = 2; }));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "ldc",
               enqueue([](auto &d) { d.ldc = 2; }));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "overlap",
               enqueue([](auto &d) { d.batch = 2; }));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "size is unknown",
               enqueue([](auto &d) { d.size = 4; }));
  auto d = makeDesc<float>(2, 3, 4);
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "a matrix is null",
               capstan_rt_gemm_enqueue(stream.get(), &d, &x, nullptr, &x));
}

/// Rows of a in groups, for each a matrix of b; b is n x k.
template <typename T>
static capstan_rt_gemm_desc makeGroups(int64_t rows, int64_t n, int64_t k,
                                       int64_t groups) {
  auto d = makeDesc<T>(rows, n, k);
  d.transpose_b = 1, d.ldb = k;
  d.batch = groups, d.stride_b = n * k;
  return d;
}

TEST_P(GemmTest, GroupsOfRows) {
  if (onGpu)
    GTEST_SKIP() << "no grouped products on GPUs";
  const int64_t m = 200, n = 17, k = 9;
  auto a = randomValues<float>(m * k, 1), b = randomValues<float>(5 * n * k, 2),
       c = randomValues<float>(m * n, 3);
  auto deviceA = tensor<float>(stream.get(), {m, k}, a);
  auto deviceB = tensor<float>(stream.get(), {5, n, k}, b);
  // Empty groups, one of all rows, rows behind the last group.
  for (std::vector<int32_t> ends : {std::vector<int32_t>{0, 3, 3, 120, 200},
                                    {0, 0, 200, 200, 200},
                                    {1, 2, 3, 4, 5},
                                    {0, 0, 0, 0, 0}}) {
    auto offsets = tensor<int32_t>(stream.get(), {5}, ends);
    auto deviceC = tensor<float>(stream.get(), {m, n}, c);
    auto d = makeGroups<float>(m, n, k, 5);
    ASSERT_OK(inForward([&](auto *f) {
      return capstan_rt_grouped_gemm(
          f, &d, deviceA->dlpack.dl_tensor.data, deviceB->dlpack.dl_tensor.data,
          static_cast<int32_t *>(offsets->dlpack.dl_tensor.data),
          deviceC->dlpack.dl_tensor.data);
    }));
    auto result = read<float>(*deviceC, stream.get());
    size_t group = 0;
    for (int64_t i = 0; i < m; ++i) {
      while (group < ends.size() && i >= ends[group])
        ++group;
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (int64_t l = 0; l < k && group < ends.size(); ++l)
          sum += double(a[i * k + l]) * b[group * n * k + j * k + l];
        ASSERT_NEAR(result[i * n + j], sum, 1e-5) << i << ", " << j;
      }
    }
  }
}

TEST_P(GemmTest, RejectsGroups) {
  if (onGpu)
    GTEST_SKIP() << "no grouped products on GPUs";
  auto x = tensor<float>(stream.get(), {64}, std::vector<float>(64));
  auto *data = static_cast<float *>(x->dlpack.dl_tensor.data);
  auto run = [&](std::vector<int32_t> ends, auto change) {
    auto offsets = tensor<int32_t>(stream.get(), {2}, ends);
    int32_t status = inForward([&](auto *f) {
      auto d = makeGroups<float>(4, 2, 2, 2);
      change(d);
      return capstan_rt_grouped_gemm(
          f, &d, data, data + 8,
          static_cast<int32_t *>(offsets->dlpack.dl_tensor.data), data + 16);
    });
    return status ? status : capstan_rt_stream_synchronize(stream.get());
  };
  auto same = [](auto &) {};
  EXPECT_OK(run({2, 4}, same));
  EXPECT_FAILS(CAPSTAN_RT_CHECK_FAILED, "group 1 ends at row 1; it begins at",
               run({2, 1}, same));
  EXPECT_FAILS(CAPSTAN_RT_CHECK_FAILED, "group 0 ends at row -1",
               run({-1, 1}, same));
  EXPECT_FAILS(CAPSTAN_RT_CHECK_FAILED, "there are 4 rows", run({2, 5}, same));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "a is transposed",
               run({2, 4}, [](auto &d) { d.transpose_a = 1; }));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "ldb",
               run({2, 4}, [](auto &d) { d.ldb = 1; }));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "number of groups",
               run({2, 4}, [](auto &d) { d.batch = -1; }));
  EXPECT_FAILS(CAPSTAN_RT_UNSUPPORTED, "grouped_gemm on host: products of i32",
               run({2, 4}, [](auto &d) { d.dtype = {kDLInt, 32, 1}; }));
}
