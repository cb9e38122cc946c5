//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Support.h"

using namespace capstan::rt::test;
using testing::ElementsAre;

namespace {
class CommTest : public Conformance {
protected:
  void makeRanks(int32_t ranks, int64_t timeoutMs = 60000) {
    capstan_rt_comm_config config;
    capstan_rt_comm_config_init(&config);
    config.ranks = ranks;
    config.timeout_ms = timeoutMs;
    std::vector<capstan_rt_comm *> raw(ranks);
    ASSERT_OK(capstan_rt_comm_create_local(&config, raw.data()));
    for (int32_t rank = 0; rank < ranks; ++rank) {
      comms.emplace_back(raw[rank]);
      streams.push_back(makeStream(device.get()));
      EXPECT_EQ(capstan_rt_comm_rank(raw[rank]), rank);
      EXPECT_EQ(capstan_rt_comm_size(raw[rank]), ranks);
    }
  }
  void *data(const std::unique_ptr<Tensor> &tensor) {
    return tensor->dlpack.dl_tensor.data;
  }

  std::vector<CommPtr> comms;
  std::vector<StreamPtr> streams;
};
CAPSTAN_RT_CONFORMANCE_OF_HOST(CommTest);
constexpr capstan_rt_dtype f32 = {kDLFloat, 32, 1}, i32 = {kDLInt, 32, 1};
} // namespace

TEST_P(CommTest, OneRank) {
  makeRanks(1);
  auto x = tensor<float>(streams[0].get(), {2}, {1, 2});
  auto y = tensor<float>(streams[0].get(), {2}, {0, 0});
  ASSERT_OK(capstan_rt_all_reduce(comms[0].get(), streams[0].get(), data(x),
                                  data(y), 2, f32, CAPSTAN_RT_SUM));
  EXPECT_THAT(read<float>(*y, streams[0].get()), ElementsAre(1, 2));
}

TEST_P(CommTest, CollectivesOfThreeRanks) {
  reset(makeConfig(/*maxDelayUs=*/200));
  makeRanks(3);
  std::vector<std::unique_ptr<Tensor>> x, gathered, part, reduced, largest;
  for (int r = 0; r < 3; ++r) {
    auto *s = streams[r].get();
    float base = 10.0f * r;
    x.push_back(tensor<float>(s, {3}, {base, base + 1, -base}));
    gathered.push_back(tensor<float>(s, {9}, std::vector<float>(9)));
    part.push_back(tensor<float>(s, {1}, {0}));
    reduced.push_back(tensor<float>(s, {3}, {0, 0, 0}));
    largest.push_back(tensor<float>(s, {3}, {base, base + 1, -base}));
  }
  for (int r = 0; r < 3; ++r) {
    auto *c = comms[r].get();
    auto *s = streams[r].get();
    ASSERT_OK(
        capstan_rt_all_gather(c, s, data(x[r]), data(gathered[r]), 3, f32));
    ASSERT_OK(capstan_rt_reduce_scatter(c, s, data(x[r]), data(part[r]), 1, f32,
                                        CAPSTAN_RT_SUM));
    ASSERT_OK(capstan_rt_all_reduce(c, s, data(x[r]), data(reduced[r]), 3, f32,
                                    CAPSTAN_RT_SUM));
    ASSERT_OK(capstan_rt_all_reduce(c, s, data(largest[r]), data(largest[r]), 3,
                                    f32, CAPSTAN_RT_MAX)); // in place
  }
  const float sums[] = {30, 33, -30};
  for (int r = 0; r < 3; ++r) {
    auto *s = streams[r].get();
    EXPECT_THAT(read<float>(*gathered[r], s),
                ElementsAre(0, 1, 0, 10, 11, -10, 20, 21, -20));
    EXPECT_THAT(read<float>(*part[r], s), ElementsAre(sums[r]));
    EXPECT_THAT(read<float>(*reduced[r], s), ElementsAre(30, 33, -30));
    EXPECT_THAT(read<float>(*largest[r], s), ElementsAre(20, 21, 0));
  }
  capstan_rt_counters counters = countersOf(device.get());
  EXPECT_EQ(counters.all_gathers, 3);
  EXPECT_EQ(counters.reduce_scatters, 3);
  EXPECT_EQ(counters.all_reduces, 6);
}

TEST_P(CommTest, IntegersWrapAround) {
  makeRanks(2);
  std::vector<std::unique_ptr<Tensor>> x;
  for (int r = 0; r < 2; ++r)
    x.push_back(tensor<int32_t>(streams[r].get(), {1}, {INT32_MAX}));
  for (int r = 0; r < 2; ++r)
    ASSERT_OK(capstan_rt_all_reduce(comms[r].get(), streams[r].get(),
                                    data(x[r]), data(x[r]), 1, i32,
                                    CAPSTAN_RT_SUM));
  for (int r = 0; r < 2; ++r)
    EXPECT_THAT(read<int32_t>(*x[r], streams[r].get()), ElementsAre(-2));
}

TEST_P(CommTest, UnequalSizesFailOnEveryRank) {
  makeRanks(2);
  std::vector<std::unique_ptr<Tensor>> x, y;
  for (int r = 0; r < 2; ++r) {
    x.push_back(tensor<float>(streams[r].get(), {2}, {1, 2}));
    y.push_back(tensor<float>(streams[r].get(), {4}, {0, 0, 0, 0}));
  }
  for (int64_t different : {1, 0}) {
    for (int r = 0; r < 2; ++r)
      ASSERT_OK(capstan_rt_all_gather(comms[r].get(), streams[r].get(),
                                      data(x[r]), data(y[r]),
                                      r == 0 ? 2 : 2 - different, f32));
    for (int r = 0; r < 2; ++r) {
      if (different)
        EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "ranks disagree",
                     capstan_rt_stream_synchronize(streams[r].get()));
      else // the group works again
        EXPECT_THAT(read<float>(*y[r], streams[r].get()),
                    ElementsAre(1, 2, 1, 2));
    }
  }
}

TEST_P(CommTest, AMissingRankTimesOut) {
  makeRanks(2, /*timeoutMs=*/20);
  auto x = tensor<float>(streams[0].get(), {1}, {1});
  ASSERT_OK(capstan_rt_all_reduce(comms[0].get(), streams[0].get(), data(x),
                                  data(x), 1, f32, CAPSTAN_RT_SUM));
  EXPECT_FAILS(CAPSTAN_RT_INTERNAL, "not every rank came within 20 ms",
               capstan_rt_stream_synchronize(streams[0].get()));
}

TEST_P(CommTest, Rejects) {
  capstan_rt_comm_config config;
  capstan_rt_comm_config_init(&config);
  capstan_rt_comm *raw;
  config.ranks = 0;
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "no rank",
               capstan_rt_comm_create_local(&config, &raw));
  config.version = 9;
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "version 9",
               capstan_rt_comm_create_local(&config, &raw));
  EXPECT_EQ(capstan_rt_comm_rank(nullptr), -1);
  EXPECT_EQ(capstan_rt_comm_size(nullptr), 0);
  makeRanks(1);
  float x = 0;
  auto *c = comms[0].get();
  auto *s = streams[0].get();
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "negative count",
               capstan_rt_all_gather(c, s, &x, &x, -1, f32));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_all_gather(nullptr, s, &x, &x, 1, f32));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_all_gather(c, s, nullptr, &x, 1, f32));
  EXPECT_FAILS(CAPSTAN_RT_UNSUPPORTED, "collectives of i8",
               capstan_rt_all_gather(c, s, &x, &x, 1, {kDLInt, 8, 1}));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "unknown reduction",
               capstan_rt_all_reduce(c, s, &x, &x, 1, f32, 7));
}
