//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "AttentionProblem.h"

using namespace capstan::rt::test;

namespace {

class AttentionTest : public Conformance {
protected:
  /// `stored` is the same problem with other strides; null: as it is.
  template <typename T>
  void compare(const Problem<T> &p, double tolerance,
               const Problem<T> *stored = nullptr) {
    auto *s = stream.get();
    const Problem<T> &memory = stored ? *stored : p;
    auto q = tensor<T>(s, {int64_t(memory.q.size())}, memory.q);
    auto k = tensor<T>(s, {int64_t(memory.k.size())}, memory.k);
    auto v = tensor<T>(s, {int64_t(memory.v.size())}, memory.v);
    auto cuQ = tensor<int32_t>(s, {p.d.documents + 1}, p.lengthsQ);
    auto cuK = tensor<int32_t>(s, {p.d.documents + 1}, p.lengthsK);
    std::vector<double> expected, expectedLse;
    p.solve(expected, expectedLse);
    auto out = tensor<T>(s, {int64_t(expected.size())},
                         std::vector<T>(expected.size(), T(77)));
    auto lse = tensor<float>(s, {int64_t(expectedLse.size())},
                             std::vector<float>(expectedLse.size()));
    auto data = [](auto &t) { return t->dlpack.dl_tensor.data; };
    ASSERT_OK(inForward([&](auto *f) {
      return capstan_rt_varlen_attention(
          f, &memory.d, data(q), data(k), data(v),
          static_cast<const int32_t *>(data(cuQ)),
          static_cast<const int32_t *>(data(cuK)), data(out),
          static_cast<float *>(data(lse)));
    }));
    auto result = read<T>(*out, s);
    auto resultLse = read<float>(*lse, s);
    ASSERT_EQ(result.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i)
      ASSERT_NEAR(result[i], expected[i], tolerance) << "at " << i;
    for (size_t i = 0; i < expectedLse.size(); ++i)
      if (std::isinf(expectedLse[i]))
        ASSERT_EQ(resultLse[i], -INFINITY) << "at " << i;
      else
        ASSERT_NEAR(resultLse[i], expectedLse[i], 1e-5) << "at " << i;
  }

  /// The error that lengths on the device lead to.
  void expectBadLengths(const char *text, std::vector<int32_t> lengths,
                        int64_t longest = 9) {
    Problem<float> p({3, 4}, {3, 4}, 1, 1, 4, 4);
    p.d.max_q = longest;
    auto bad = tensor<int32_t>(stream.get(), {3}, lengths);
    auto good = tensor<int32_t>(stream.get(), {3}, p.lengthsK);
    auto x = tensor<float>(stream.get(), {28}, p.q);
    auto data = [](auto &t) { return t->dlpack.dl_tensor.data; };
    ASSERT_OK(capstan_rt_varlen_attention_enqueue(
        stream.get(), &p.d, data(x), data(x), data(x),
        static_cast<const int32_t *>(data(bad)),
        static_cast<const int32_t *>(data(good)), data(x), nullptr));
    EXPECT_FAILS(CAPSTAN_RT_CHECK_FAILED, text,
                 capstan_rt_stream_synchronize(stream.get()));
    EXPECT_THAT(capstan_rt_last_message(),
                testing::StartsWith("attention.mlir:1:1: varlen_attention on"));
    EXPECT_EQ(read<float>(*x, stream.get()), p.q) << "nothing is written";
  }
};
CAPSTAN_RT_CONFORMANCE_OF_HOST(AttentionTest);
} // namespace

TEST_P(AttentionTest, Documents) {
  compare(Problem<float>({5, 1, 9}, {5, 1, 9}, 2, 2, 8, 8), 1e-5);
}

TEST_P(AttentionTest, LongDocumentsInBlocks) {
  for (int causal : {0, 1}) {
    Problem<float> p({300, 70}, {300, 70}, 2, 1, 16, 12);
    p.d.causal = causal;
    compare(p, 2e-5);
  }
  Problem<float> keys({65}, {700}, 1, 1, 16, 16);
  compare(keys, 2e-5);
}

TEST_P(AttentionTest, CausalIsAlignedToTheEnd) {
  // More keys than queries, fewer, and none: queries without keys.
  Problem<float> p({3, 5, 4, 0}, {7, 2, 0, 6}, 2, 2, 4, 4);
  p.d.causal = 1;
  compare(p, 1e-5);
}

TEST_P(AttentionTest, Windows) {
  for (int64_t left : {-1, 0, 3, 100})
    for (int64_t right : {-1, 0, 2})
      for (int causal : {0, 1}) {
        Problem<float> p({20, 6}, {20, 9}, 1, 1, 4, 4);
        p.d.window_left = left, p.d.window_right = right, p.d.causal = causal;
        compare(p, 1e-5);
      }
}

TEST_P(AttentionTest, WindowsAcrossBlocks) {
  Problem<float> p({600}, {600}, 1, 1, 8, 8);
  p.d.causal = 1, p.d.window_left = 40;
  compare(p, 2e-5);
}

TEST_P(AttentionTest, GroupedHeads) {
  Problem<float> p({6, 3}, {6, 3}, 6, 2, 8, 4);
  p.d.causal = 1, p.d.scale = 0.3;
  compare(p, 1e-5);
}

TEST_P(AttentionTest, TokensApart) {
  Problem<float> p({6, 3}, {6, 3}, 2, 1, 8, 4);
  auto spread = [](std::vector<float> &values, int64_t token, int64_t stride) {
    std::vector<float> result(values.size() / token * stride, NAN);
    for (size_t i = 0; i < values.size(); ++i)
      result[i / token * stride + i % token] = values[i];
    values = result;
  };
  Problem<float> apart = p;
  apart.d.stride_q = 20, apart.d.stride_k = 9, apart.d.stride_v = 30;
  spread(apart.q, 16, 20), spread(apart.k, 8, 9), spread(apart.v, 4, 30);
  compare(p, 1e-5, &apart);
}

TEST_P(AttentionTest, Doubles) {
  Problem<double> p({70, 5}, {70, 5}, 2, 1, 8, 8);
  p.d.causal = 1;
  compare(p, 1e-12);
}

TEST_P(AttentionTest, EmptyDocumentsAndNoTokens) {
  compare(Problem<float>({0, 4, 0}, {0, 4, 0}, 2, 2, 4, 4), 1e-5);
  compare(Problem<float>({0}, {0}, 2, 2, 4, 4), 0);
  compare(Problem<float>({}, {}, 2, 2, 4, 4), 0);
  compare(Problem<float>({0}, {5}, 2, 2, 4, 4), 0);
}

TEST_P(AttentionTest, HalfPrecision) {
  // f16 values that are exact: the sums are those of f32.
  const uint16_t one = 0x3c00, two = 0x4000;
  auto x = makeTensor({kDLFloat, 16, 1}, {2, 1, 1},
                      std::vector<uint16_t>{one, two}.data(), stream.get());
  auto out = makeTensor({kDLFloat, 16, 1}, {2, 1, 1},
                        std::vector<uint16_t>{0, 0}.data(), stream.get());
  Problem<float> p({2}, {2}, 1, 1, 1, 1);
  p.d.dtype = {kDLFloat, 16, 1};
  p.d.causal = 1;
  p.d.scale = 0; // the mean of the keys so far
  auto lengths = tensor<int32_t>(stream.get(), {2}, {0, 2});
  auto data = [](auto &t) { return t->dlpack.dl_tensor.data; };
  auto *cu = static_cast<const int32_t *>(data(lengths));
  ASSERT_OK(capstan_rt_varlen_attention_enqueue(stream.get(), &p.d, data(x),
                                                data(x), data(x), cu, cu,
                                                data(out), nullptr));
  EXPECT_THAT(read<uint16_t>(*out, stream.get()),
              testing::ElementsAre(one, 0x3e00)); // 1, 1.5
}

TEST_P(AttentionTest, BadLengthsOnTheDevice) {
  expectBadLengths("cu_seqlens_q starts at 1, not at 0", {1, 3, 7});
  expectBadLengths("cu_seqlens_q decreases after document 1", {0, 8, 7});
  expectBadLengths("cu_seqlens_q ends at 8; there are 7 tokens", {0, 4, 8});
  expectBadLengths("document 1 has 4 tokens; the longest was to have 3",
                   {0, 3, 7}, 3);
}

TEST_P(AttentionTest, Rejects) {
  float x = 0;
  int32_t lengths[] = {0, 0};
  auto enqueue = [&](auto change) {
    Problem<float> p({3}, {3}, 2, 2, 4, 4);
    change(p.d);
    return capstan_rt_varlen_attention_enqueue(stream.get(), &p.d, &x, &x, &x,
                                               lengths, lengths, &x, nullptr);
  };
  EXPECT_FAILS(CAPSTAN_RT_UNSUPPORTED, "attention of i64",
               enqueue([](auto &d) { d.dtype = {kDLInt, 64, 1}; }));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "multiple of heads_k",
               enqueue([](auto &d) { d.heads_k = 3; }));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "negative",
               enqueue([](auto &d) { d.tokens_q = -1; }));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "stride_k is smaller",
               enqueue([](auto &d) { d.stride_k = 7; }));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "window",
               enqueue([](auto &d) { d.window_left = -2; }));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "size is unknown",
               enqueue([](auto &d) { d.size = 0; }));
  Problem<float> p({3}, {3}, 2, 2, 4, 4);
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "cu_seqlens is null",
               capstan_rt_varlen_attention_enqueue(stream.get(), &p.d, &x, &x,
                                                   &x, nullptr, lengths, &x,
                                                   nullptr));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "a tensor is null",
               capstan_rt_varlen_attention_enqueue(stream.get(), &p.d, &x, &x,
                                                   nullptr, lengths, lengths,
                                                   &x, nullptr));
}
