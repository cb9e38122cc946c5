//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Products that add a bias, and products of FP8 with scales.
//
//===----------------------------------------------------------------------===//

#include "GemmSupport.h"

#include <cmath>

using namespace capstan::rt::test;

namespace {
class GemmEpilogueTest : public Conformance {
protected:
  template <typename T> static T *data(const std::unique_ptr<Tensor> &t) {
    return static_cast<T *>(t->dlpack.dl_tensor.data);
  }
  int32_t enqueue(const capstan_rt_gemm_desc &d,
                  const std::unique_ptr<Tensor> &a,
                  const std::unique_ptr<Tensor> &b,
                  const std::unique_ptr<Tensor> &c) {
    return capstan_rt_gemm_enqueue(stream.get(), &d, data<void>(a),
                                   data<void>(b), data<void>(c));
  }
};
CAPSTAN_RT_CONFORMANCE(GemmEpilogueTest);

constexpr DLDataType bf16 = {kDLBfloat, 16, 1},
                     f8 = {kDLFloat8_e4m3fn, 8, 1};

float fromF8(uint8_t code) {
  int exponent = code >> 3 & 15, mantissa = code & 7;
  float value = exponent ? std::ldexp(8.0f + float(mantissa), exponent - 10)
                         : std::ldexp(float(mantissa), -9);
  return code & 0x80 ? -value : value;
}

/// Small integers: sums of their products are exact.
std::vector<uint8_t> smallF8(size_t count, int seed) {
  const uint8_t codes[] = {0, 0x38, 0x40, 0x44, 0xb8, 0xc0};
  std::mt19937 random(seed);
  std::vector<uint8_t> values(count);
  for (uint8_t &value : values)
    value = codes[random() % std::size(codes)];
  return values;
}
} // namespace

TEST_P(GemmEpilogueTest, BiasOfEachRow) {
  const int64_t m = 37, n = 64, k = 48, batch = 2;
  auto a = randomValues<float>(batch * m * k, 1),
       b = randomValues<float>(batch * k * n, 2),
       c = randomValues<float>(batch * m * n, 3), bias = randomValues<float>(n, 4);
  auto deviceA = tensor<float>(stream.get(), {batch * m * k}, a);
  auto deviceB = tensor<float>(stream.get(), {batch * k * n}, b);
  auto deviceBias = tensor<float>(stream.get(), {n}, bias);
  for (bool accumulate : {false, true}) {
    auto deviceC = tensor<float>(stream.get(), {batch * m * n}, c);
    auto d = makeDesc<float>(m, n, k);
    d.batch = batch, d.stride_a = m * k, d.stride_b = k * n;
    d.stride_c = m * n;
    d.accumulate = accumulate;
    d.bias = data<float>(deviceBias);
    ASSERT_OK(inForward([&](auto *f) {
      return capstan_rt_gemm(f, &d, data<float>(deviceA), data<float>(deviceB),
                             data<float>(deviceC));
    }));
    auto result = read<float>(*deviceC, stream.get());
    for (int64_t i = 0; i < batch * m * n; ++i) {
      int64_t matrix = i / (m * n), row = i / n % m, column = i % n;
      double sum = bias[column] + (accumulate ? c[i] : 0.0f);
      for (int64_t l = 0; l < k; ++l)
        sum += double(a[(matrix * m + row) * k + l]) *
               b[(matrix * k + l) * n + column];
      ASSERT_NEAR(result[i], sum, 1e-5) << "at " << i;
    }
  }
}

TEST_P(GemmEpilogueTest, BiasIsAddedBeforeRounding) {
  // 256 + 0.75 + 0.75 (+ 256): of 8 bits, each alone is lost.
  const int64_t m = 16, n = 16, k = 16;
  auto ones = toBf16(std::vector<float>(m * k, 1.0f));
  auto a = makeTensor(bf16, {m, k}, ones.data(), stream.get());
  std::vector<float> column(k * n, 0.0f);
  for (int64_t j = 0; j < n; ++j)
    column[j] = 256, column[n + j] = 0.75;
  auto wide = toBf16(column), biases = toBf16(std::vector<float>(n, 0.75f)),
       before = toBf16(std::vector<float>(m * n, 256.0f));
  auto b = makeTensor(bf16, {k, n}, wide.data(), stream.get());
  auto bias = makeTensor(bf16, {n}, biases.data(), stream.get());
  for (bool accumulate : {false, true}) {
    auto c = makeTensor(bf16, {m, n}, before.data(), stream.get());
    auto d = makeDesc<float>(m, n, k);
    d.dtype = {kDLBfloat, 16, 1};
    d.accumulate = accumulate;
    d.bias = data<void>(bias);
    ASSERT_OK(enqueue(d, a, b, c));
    for (uint16_t value : read<uint16_t>(*c, stream.get()))
      ASSERT_EQ(fromBf16(value), accumulate ? 512.0f : 258.0f);
  }
}

TEST_P(GemmEpilogueTest, TakesDescriptorsWithoutIt) {
  auto a = tensor<float>(stream.get(), {1}, {3.0f});
  auto c = tensor<float>(stream.get(), {1}, {0.0f});
  auto d = makeDesc<float>(1, 1, 1);
  d.size = offsetof(capstan_rt_gemm_desc, bias);
  d.bias = d.scale_a = reinterpret_cast<float *>(8); // what lies behind it
  ASSERT_OK(enqueue(d, a, a, c));
  EXPECT_EQ(read<float>(*c, stream.get())[0], 9);
}

TEST_P(GemmEpilogueTest, EveryNumberOfF8) {
  std::vector<uint8_t> codes(256), identity(256);
  for (int i = 0; i < 256; ++i) {
    codes[i] = (i & 0x7f) == 0x7f ? 0 : uint8_t(i); // NaN is in no sum
    identity[i] = i % 17 ? 0 : 0x38;
  }
  auto a = makeTensor(f8, {16, 16}, codes.data(), stream.get());
  auto b = makeTensor(f8, {16, 16}, identity.data(), stream.get());
  auto c = tensor<float>(stream.get(), {16, 16}, std::vector<float>(256));
  auto scale = tensor<float>(stream.get(), {1}, {2.0f});
  auto d = makeDesc<float>(16, 16, 16);
  d.dtype = {kDLFloat8_e4m3fn, 8, 1}, d.dtype_c = rtDtypeOf<float>();
  d.transpose_b = 1;
  d.scale_a = d.scale_b = data<float>(scale);
  ASSERT_OK(enqueue(d, a, b, c));
  auto result = read<float>(*c, stream.get());
  for (int i = 0; i < 256; ++i)
    EXPECT_EQ(result[i], 4 * fromF8(codes[i])) << i;
}

TEST_P(GemmEpilogueTest, ScalesOfF8) {
  const int64_t m = 40, n = 48, k = 64;
  auto a = smallF8(m * k, 1), b = smallF8(n * k, 2);
  std::vector<float> scalesA(m), scalesB(n), bias(n);
  for (int64_t i = 0; i < m; ++i)
    scalesA[i] = std::ldexp(1.0f, -int(i % 3));
  for (int64_t j = 0; j < n; ++j)
    scalesB[j] = std::ldexp(1.0f, int(j % 4)), bias[j] = float(j % 5);
  auto deviceA = makeTensor(f8, {m, k}, a.data(), stream.get());
  auto deviceB = makeTensor(f8, {n, k}, b.data(), stream.get());
  auto scaleA = tensor<float>(stream.get(), {m}, scalesA);
  auto scaleB = tensor<float>(stream.get(), {n}, scalesB);
  auto halves = toBf16(bias), before = toBf16(std::vector<float>(m * n, 4.0f));
  auto deviceBias = makeTensor(bf16, {n}, halves.data(), stream.get());
  for (int kind = 0; kind < 8; ++kind) {
    bool rows = kind & 1, adds = kind & 2, accumulate = kind & 4;
    auto c = makeTensor(bf16, {m, n}, before.data(), stream.get());
    auto d = makeDesc<float>(m, n, k);
    d.dtype = {kDLFloat8_e4m3fn, 8, 1}, d.dtype_c = {kDLBfloat, 16, 1};
    d.transpose_b = 1, d.ldb = k;
    d.accumulate = accumulate;
    d.scale_a = data<float>(scaleA), d.scale_b = data<float>(scaleB);
    d.row_scales = rows;
    if (adds)
      d.bias = data<void>(deviceBias);
    ASSERT_OK(enqueue(d, deviceA, deviceB, c)) << "kind " << kind;
    auto result = read<uint16_t>(*c, stream.get());
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        float sum = 0;
        for (int64_t l = 0; l < k; ++l)
          sum += fromF8(a[i * k + l]) * fromF8(b[j * k + l]);
        sum *= scalesA[rows ? i : 0] * scalesB[rows ? j : 0];
        sum += (adds ? bias[j] : 0) + (accumulate ? 4 : 0);
        ASSERT_NEAR(fromBf16(result[i * n + j]), sum, std::abs(sum) / 256)
            << "kind " << kind << " at " << i << ", " << j;
      }
  }
}

TEST_P(GemmEpilogueTest, Rejects) {
  float x = 0;
  auto enqueue = [&](auto change) {
    auto d = makeDesc<float>(16, 16, 16);
    d.dtype = {kDLFloat8_e4m3fn, 8, 1}, d.dtype_c = {kDLBfloat, 16, 1};
    d.transpose_b = 1;
    d.scale_a = d.scale_b = &x;
    change(d);
    return capstan_rt_gemm_enqueue(stream.get(), &d, &x, &x, &x);
  };
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT,
               "gemm.mlir:1:1: gemm: factors of FP8 without a scale",
               enqueue([](auto &d) { d.scale_b = nullptr; }));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "scales of factors that aren't FP8",
               enqueue([](auto &d) { d.dtype = {kDLBfloat, 16, 1}; }));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "scales of rows of a batch",
               enqueue([](auto &d) {
                 d.batch = 2, d.stride_c = 256;
                 d.row_scales = 1;
               }));
  EXPECT_FAILS(CAPSTAN_RT_UNSUPPORTED,
               "gemm on " + GetParam() + ": products of f8E4M3FN are not",
               enqueue([](auto &d) { d.dtype_c = {}; }));
  EXPECT_FAILS(CAPSTAN_RT_UNSUPPORTED, "f8E4M3FN to f32 add no bias",
               enqueue([&](auto &d) {
                 d.dtype_c = rtDtypeOf<float>();
                 d.bias = &x;
               }));
  EXPECT_FAILS(CAPSTAN_RT_UNSUPPORTED, "f64 add no bias",
               enqueue([&](auto &d) {
                 d.dtype = d.dtype_c = rtDtypeOf<double>();
                 d.scale_a = d.scale_b = nullptr;
                 d.bias = &x;
               }));
  if (!onGpu)
    return;
  EXPECT_FAILS(CAPSTAN_RT_UNSUPPORTED, "multiples of 16",
               enqueue([](auto &d) { d.k = 8; }));
  EXPECT_FAILS(CAPSTAN_RT_UNSUPPORTED, "b as n x k",
               enqueue([](auto &d) { d.transpose_b = 0; }));
}
