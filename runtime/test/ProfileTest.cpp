//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "GemmSupport.h"

#include <cstdio>
#include <fstream>
#include <sstream>

using namespace capstan::rt::test;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace {
constexpr int64_t four = 4;
constexpr capstan_rt_graph_region region = {
    sizeof(region), 1, 1, &four, &four, nullptr, "r.mlir:1:2"};

class ProfileTest : public Conformance {
protected:
  void SetUp() override {
    // What the device can do is measured with less memory, too.
    capstan_rt_device_config config = makeConfig();
    config.memory_limit = 96 << 20;
    reset(config);
  }

  std::string stop() {
    EXPECT_OK(capstan_rt_stream_synchronize(stream.get()));
    const char *table;
    EXPECT_OK(capstan_rt_profile_stop(device.get(), &table));
    return table ? table : "";
  }
  /// The line of a kernel: its columns behind the name.
  static std::vector<std::string> columns(const std::string &table,
                                          const std::string &kernel) {
    std::istringstream lines(table);
    for (std::string line; std::getline(lines, line);)
      if (line.rfind(kernel + " ", 0) == 0) {
        std::istringstream words(line.substr(kernel.size()));
        std::vector<std::string> result;
        for (std::string word; words >> word;)
          result.push_back(word);
        return result;
      }
    ADD_FAILURE() << "no " << kernel << " in\n" << table;
    return std::vector<std::string>(8);
  }
  int32_t add(capstan_rt_forward *f, void *x) {
    AddArguments arguments = {static_cast<float *>(x), 1};
    return launch(f, addKernel, &arguments, sizeof(arguments), 1);
  }
  capstan_rt_gemm_desc product(int64_t n) {
    capstan_rt_gemm_desc d = makeDesc<float>(n, n, n);
    d.location = "p.mlir:3:4";
    return d;
  }
};
CAPSTAN_RT_CONFORMANCE(ProfileTest);
} // namespace

TEST_P(ProfileTest, TableOfKernels) {
  constexpr int64_t n = 256;
  BufferPtr a = makeBuffer(stream.get(), n * n * 4),
            b = makeBuffer(stream.get(), n * n * 4);
  void *x = capstan_rt_buffer_data(a.get()),
       *y = capstan_rt_buffer_data(b.get());
  const char *table;
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "no trace is running",
               capstan_rt_profile_stop(device.get(), &table));
  EXPECT_EQ(table, nullptr);
  ASSERT_OK(capstan_rt_profile_start(device.get()));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "running already",
               capstan_rt_profile_start(device.get()));
  ASSERT_OK(inForward([&](auto *f) {
    EXPECT_OK(capstan_rt_copy(f, y, x, n * n * 4));
    capstan_rt_gemm_desc large = product(n), small = product(64);
    EXPECT_OK(capstan_rt_gemm(f, &large, x, x, y));
    EXPECT_OK(capstan_rt_gemm(f, &small, x, x, y));
    EXPECT_OK(capstan_rt_gemm(f, &small, x, x, y));
    return add(f, x);
  }));
  std::string profile = stop();
  // Calls, time, its share, GB/s, GFLOP/s, of which limit, where.
  std::vector<std::string> found = columns(profile, "gemm 64x64x64 f32");
  EXPECT_EQ(found[0], "2");
  EXPECT_GT(std::stod(found[1]), 0);
  EXPECT_GT(std::stod(found[4]), 0);
  EXPECT_THAT(found[5], HasSubstr("%"));
  EXPECT_EQ(found[7], "p.mlir:3:4");
  EXPECT_EQ(columns(profile, "gemm 256x256x256 f32")[0], "1");
  found = columns(profile, "copy");
  EXPECT_EQ(found[4], "-");
  EXPECT_EQ(found[6], "copy");
  EXPECT_NEAR(std::stod(found[1]) * std::stod(found[3]) * 1e3, 2 * n * n * 4,
              2 * n * n * 4 * 0.1);
  EXPECT_EQ(columns(profile, kernelName("add"))[0], "1");
  EXPECT_THAT(profile, AllOf(HasSubstr("a copy moves "),
                             HasSubstr("; a product of f32 has "),
                             Not(HasSubstr("stream_synchronize"))));
}

TEST_P(ProfileTest, Fp8IsComparedWithItself) {
  constexpr int64_t n = 128;
  BufferPtr x = makeBuffer(stream.get(), n * n * 4);
  BufferPtr one = makeBuffer(stream.get(), 4);
  float scale = 1;
  ASSERT_OK(capstan_rt_buffer_write(one.get(), stream.get(), 0, &scale, 4));
  capstan_rt_gemm_desc d = product(n);
  d.dtype = {kDLFloat8_e4m3fn, 8, 1};
  d.dtype_c = {kDLBfloat, 16, 1};
  d.transpose_b = 1;
  d.scale_a = d.scale_b =
      static_cast<const float *>(capstan_rt_buffer_data(one.get()));
  void *data = capstan_rt_buffer_data(x.get());
  auto enqueue = [&] {
    return capstan_rt_gemm_enqueue(stream.get(), &d, data, data,
                                   static_cast<char *>(data) + n * n);
  };
  if (enqueue() == CAPSTAN_RT_UNSUPPORTED)
    GTEST_SKIP() << capstan_rt_last_message();
  ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
  ASSERT_OK(capstan_rt_profile_start(device.get()));
  ASSERT_OK(enqueue());
  std::string profile = stop();
  EXPECT_EQ(columns(profile, "gemm 128x128x128 f8E4M3FN")[0], "1");
  EXPECT_THAT(profile, AllOf(HasSubstr("; a product of f8E4M3FN has "),
                             Not(HasSubstr(" has 0.0 "))));
}

TEST_P(ProfileTest, GraphsAreNotReplayed) {
  BufferPtr x = makeBuffer(stream.get(), 4);
  auto forward = [&] {
    return inForward([&](auto *f) {
      void *input = capstan_rt_buffer_data(x.get()), *made, *result;
      int32_t run;
      EXPECT_OK(
          capstan_rt_graph_begin(f, &region, nullptr, &input, &result, &run));
      if (run) {
        EXPECT_OK(capstan_rt_alloc(f, 4, 64, &made));
        EXPECT_OK(add(f, made));
        EXPECT_OK(capstan_rt_graph_end(f, &region, nullptr, &made, &result));
      }
      return capstan_rt_free(f, result);
    });
  };
  for (int i = 0; i < 3; ++i)
    ASSERT_OK(forward());
  ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
  ASSERT_OK(capstan_rt_profile_start(device.get()));
  for (int i = 0; i < 3; ++i)
    ASSERT_OK(forward());
  EXPECT_EQ(columns(stop(), kernelName("add"))[0], "3");
  EXPECT_EQ(countersOf(module.get()).graph_replays, 2);
  ASSERT_OK(forward());
  EXPECT_EQ(countersOf(module.get()).graph_replays, 3);
}

TEST_P(ProfileTest, WorkOfAttentionIsThatOfItsDocuments) {
  capstan_rt_attention_desc d = {};
  d.size = sizeof(d);
  d.dtype = {kDLBfloat, 16, 1};
  d.documents = 2;
  d.tokens_q = d.tokens_k = d.max_q = d.max_k = 16;
  d.heads_q = 2, d.heads_k = 1;
  d.head_dim = d.head_dim_v = 64;
  d.scale = 1, d.causal = 1;
  d.window_left = d.window_right = -1;
  std::vector<uint16_t> zeros(16 * 2 * 64);
  auto q = tensor<uint16_t>(stream.get(), {16, 2, 64}, zeros);
  auto out = tensor<uint16_t>(stream.get(), {16, 2, 64}, zeros);
  auto lens = tensor<int32_t>(stream.get(), {3}, {0, 3, 8});
  auto data = [](const auto &t) { return t->dlpack.dl_tensor.data; };
  auto *offsets = static_cast<const int32_t *>(data(lens));
  auto enqueue = [&] {
    return capstan_rt_varlen_attention_enqueue(stream.get(), &d, data(q),
                                               data(q), data(q), offsets,
                                               offsets, data(out), nullptr);
  };
  if (enqueue() == CAPSTAN_RT_NOT_FOUND)
    GTEST_SKIP() << capstan_rt_last_message();
  ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
  std::string path = testing::TempDir() + "capstan_rt_amounts.json";
  ASSERT_OK(capstan_rt_trace_start(device.get()));
  ASSERT_OK(enqueue());
  ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
  ASSERT_OK(capstan_rt_trace_stop(device.get(), path.c_str()));
  std::ostringstream trace;
  trace << std::ifstream(path).rdbuf();
  std::remove(path.c_str());
  // 6 + 15 pairs, of 2 heads: a product of 64 for the score, and one for v. Of
  // 8 tokens q, k, v and the result are read and written.
  EXPECT_THAT(trace.str(), HasSubstr("\"bytes\":6144,\"flops\":10752,"
                                     "\"what\":\"2 heads of 64 bf16\""));
}

TEST_P(ProfileTest, NoDevice) {
  const char *table;
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null device",
               capstan_rt_profile_start(nullptr));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_profile_stop(nullptr, &table));
}
