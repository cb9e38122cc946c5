//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Matrix products in graphs, and the file of their algorithms.
//
//===----------------------------------------------------------------------===//

#include "CudaSupport.h"
#include "GemmSupport.h"

#include <fstream>
#include <sstream>

using namespace capstan::rt::test;
using testing::Each;
using testing::HasSubstr;
using testing::StartsWith;

namespace {
class CudaGemmTest : public CudaConformance {
protected:
  void SetUp() override {
    CudaConformance::SetUp();
    std::remove(path.c_str());
  }
  void TearDown() override { std::remove(path.c_str()); }

  static capstan_rt_gemm_desc square(int64_t size) {
    return makeDesc<float>(size, size, size);
  }
  /// A product of ones on a new device that has the file.
  void multiply(int64_t size, bool addsBias = false) {
    capstan_rt_device_config config = makeConfig();
    config.gemm_cache = path.c_str();
    reset(config);
    capstan_rt_gemm_desc d = square(size);
    std::vector<float> ones(size * size, 1.0f);
    auto a = tensor<float>(stream.get(), {size, size}, ones);
    auto c = tensor<float>(stream.get(), {size, size}, ones);
    if (addsBias)
      d.bias = a->dlpack.dl_tensor.data;
    for (int i = 0; i < 2; ++i) {
      ASSERT_OK(capstan_rt_gemm_enqueue(
          stream.get(), &d, a->dlpack.dl_tensor.data, a->dlpack.dl_tensor.data,
          c->dlpack.dl_tensor.data));
      EXPECT_THAT(capstan::rt::test::read<float>(*c, stream.get()),
                  Each(float(size + addsBias)));
    }
  }
  std::string contents() {
    std::ostringstream contents;
    contents << std::ifstream(path, std::ios::binary).rdbuf();
    return contents.str();
  }
  void write(const std::string &text) {
    std::ofstream(path, std::ios::binary) << text;
  }

  const std::string path = testing::TempDir() + "capstan_rt_gemms";
};
CAPSTAN_RT_CONFORMANCE_OF_CUDA(CudaGemmTest);
} // namespace

TEST_P(CudaGemmTest, ChoicesAreKeptInAFile) {
  multiply(64);
  std::string first = contents();
  EXPECT_THAT(first, StartsWith("capstan-gemm-cache 1\n"));
  EXPECT_EQ(std::count(first.begin(), first.end(), '\n'), 2);
  multiply(64);
  EXPECT_EQ(contents(), first) << "nothing was timed again";
  multiply(96);
  EXPECT_THAT(contents(), StartsWith(first));
  EXPECT_GT(contents().size(), first.size());
  std::string second = contents();
  multiply(64, /*addsBias=*/true);
  std::string third = contents();
  EXPECT_THAT(third, StartsWith(second));
  EXPECT_GT(third.size(), second.size()) << "another kind of product";
  multiply(64, /*addsBias=*/true);
  EXPECT_EQ(contents(), third);
}

TEST_P(CudaGemmTest, BrokenLinesAreSkipped) {
  multiply(64);
  std::string good = contents();
  for (size_t left : {good.size() - 2, good.size() - 40}) {
    write(good.substr(0, left) + "\n");
    testing::internal::CaptureStderr();
    multiply(64);
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                HasSubstr("has broken lines"));
    EXPECT_GT(contents().size(), left + 1) << "chosen again";
  }
  // An algorithm that the library doesn't know.
  size_t word = good.rfind(' ', good.size() - 200);
  std::string odd = good;
  odd.replace(word + 1, 1, "f");
  write(odd);
  multiply(64);
}

TEST_P(CudaGemmTest, OtherFilesAreLeftAlone) {
  for (std::string foreign : {"hello\n", "", "capstan-gemm-cache 2\nx\n"}) {
    write(foreign);
    testing::internal::CaptureStderr();
    multiply(64);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("ignored"));
    EXPECT_EQ(contents(), foreign);
  }
}

TEST_P(CudaGemmTest, CapturesTakeProducts) {
  for (bool known : {false, true}) { // the capture times nothing
    reset(makeConfig());
    capstan_rt_gemm_desc d = square(64);
    std::vector<float> ones(64 * 64, 1.0f);
    auto a = tensor<float>(stream.get(), {64, 64}, ones);
    auto b = tensor<float>(stream.get(), {64, 64}, ones);
    auto c = tensor<float>(stream.get(), {64, 64}, ones);
    auto multiply = [&] {
      return capstan_rt_gemm_enqueue(stream.get(), &d, a->dlpack.dl_tensor.data,
                                     b->dlpack.dl_tensor.data,
                                     c->dlpack.dl_tensor.data);
    };
    if (known) {
      ASSERT_OK(multiply());
    }
    capstan_rt_graph *raw;
    ASSERT_OK(capstan_rt_capture_begin(stream.get()));
    ASSERT_OK(multiply());
    d.accumulate = 1;
    ASSERT_OK(multiply());
    ASSERT_OK(capstan_rt_capture_end(stream.get(), &raw));
    GraphPtr graph(raw);
    for (float value : {1.0f, 2.0f, 3.0f}) {
      std::vector<float> values(64 * 64, value);
      ASSERT_OK(capstan_rt_buffer_write(b->buffer.get(), stream.get(), 0,
                                        values.data(), 64 * 64 * 4));
      ASSERT_OK(capstan_rt_graph_launch(graph.get(), stream.get()));
      EXPECT_THAT(capstan::rt::test::read<float>(*c, stream.get()),
                  Each(128 * value));
    }
  }
}

TEST_P(CudaGemmTest, CapturesTakeBiases) {
  capstan_rt_gemm_desc d = square(64);
  std::vector<float> ones(64 * 64, 1.0f);
  auto a = tensor<float>(stream.get(), {64, 64}, ones);
  std::unique_ptr<Tensor> bias[2], c[2];
  for (int i : {0, 1}) {
    bias[i] = tensor<float>(stream.get(), {64}, std::vector<float>(64, i + 1));
    c[i] = tensor<float>(stream.get(), {64, 64}, ones);
  }
  capstan_rt_graph *raw;
  ASSERT_OK(capstan_rt_capture_begin(stream.get()));
  for (int i : {0, 1}) { // of one kind, with addresses of their own
    d.bias = bias[i]->dlpack.dl_tensor.data;
    ASSERT_OK(capstan_rt_gemm_enqueue(
        stream.get(), &d, a->dlpack.dl_tensor.data, a->dlpack.dl_tensor.data,
        c[i]->dlpack.dl_tensor.data));
  }
  ASSERT_OK(capstan_rt_capture_end(stream.get(), &raw));
  GraphPtr graph(raw);
  ASSERT_OK(capstan_rt_graph_launch(graph.get(), stream.get()));
  for (int i : {0, 1})
    EXPECT_THAT(capstan::rt::test::read<float>(*c[i], stream.get()),
                Each(float(65 + i)));
}

TEST_P(CudaGemmTest, HalfPrecisionOfAnyLayout) {
  // Small integers: the sums are exact.
  constexpr int64_t m = 24, n = 40, k = 56;
  auto f16 = [](int value) { // 0 to 3
    const uint16_t bits[] = {0, 0x3c00, 0x4000, 0x4200};
    return bits[value];
  };
  auto at = [](int64_t i, int64_t j) { return int((3 * i + 5 * j) % 4); };
  for (int layout = 0; layout < 8; ++layout) {
    bool ta = layout & 1, tb = layout & 2, accumulate = layout & 4;
    std::vector<uint16_t> a(m * k), b(k * n), c(m * n, f16(2));
    for (int64_t i = 0; i < m; ++i)
      for (int64_t l = 0; l < k; ++l)
        a[ta ? l * m + i : i * k + l] = f16(at(i, l) % 2);
    for (int64_t l = 0; l < k; ++l)
      for (int64_t j = 0; j < n; ++j)
        b[tb ? j * k + l : l * n + j] = f16(at(l, j));
    const DLDataType type = {kDLFloat, 16, 1};
    auto deviceA = makeTensor(type, {m, k}, a.data(), stream.get());
    auto deviceB = makeTensor(type, {k, n}, b.data(), stream.get());
    auto deviceC = makeTensor(type, {m, n}, c.data(), stream.get());
    capstan_rt_gemm_desc d = square(1);
    d.dtype = {kDLFloat, 16, 1};
    d.m = m, d.n = n, d.k = k;
    d.lda = ta ? m : k, d.ldb = tb ? k : n, d.ldc = n;
    d.transpose_a = ta, d.transpose_b = tb, d.accumulate = accumulate;
    ASSERT_OK(capstan_rt_gemm_enqueue(
        stream.get(), &d, deviceA->dlpack.dl_tensor.data,
        deviceB->dlpack.dl_tensor.data, deviceC->dlpack.dl_tensor.data));
    auto result = capstan::rt::test::read<uint16_t>(*deviceC, stream.get());
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        int sum = accumulate ? 2 : 0;
        for (int64_t l = 0; l < k; ++l)
          sum += at(i, l) % 2 * at(l, j);
        uint16_t bits = result[i * n + j];
        float value =
            (1 + float(bits & 0x3ff) / 1024) * float(1 << ((bits >> 10) - 15));
        ASSERT_EQ(bits ? value : 0, sum) << "layout " << layout;
      }
  }
}
