//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Support.h"

using namespace capstan::rt::test;

namespace {
class FetchTest : public Conformance {
protected:
  void TearDown() override {
    EXPECT_OK(inForward([](auto *) { return 0; })); // still usable
    EXPECT_OK(capstan_rt_stream_synchronize(stream.get()));
  }
};
CAPSTAN_RT_CONFORMANCE(FetchTest);
constexpr int32_t invalid = CAPSTAN_RT_INVALID_ARGUMENT;
} // namespace

TEST_P(FetchTest, FetchesHoldPoisonUntilWaitedFor) {
  for (int64_t delay : {0, 1000}) {
    reset(makeConfig(delay));
    ASSERT_OK(inForward([&](auto *f) {
      void *m;
      uint8_t in[8] = {1, 2, 3, 4, 5, 6, 7, 8}, out[8] = {}, more[8] = {};
      EXPECT_OK(capstan_rt_alloc(f, 8, 8, &m));
      EXPECT_OK(capstan_rt_to_device(f, m, in, 8));
      auto *bytes = static_cast<uint8_t *>(m);
      capstan_rt_part parts[] = {{bytes, out, 5}, {bytes + 5, more, 3}};
      capstan_rt_fetch *fetch;
      EXPECT_OK(capstan_rt_fetch_start(f, 2, parts, &fetch));
      EXPECT_OK(capstan_rt_stream_synchronize(stream.get()));
      EXPECT_EQ(out[0], CAPSTAN_RT_POISON);
      EXPECT_EQ(more[2], CAPSTAN_RT_POISON);
      EXPECT_OK(capstan_rt_fetch_wait(f, fetch));
      EXPECT_THAT(out, testing::ElementsAre(1, 2, 3, 4, 5, 0, 0, 0));
      EXPECT_THAT(more, testing::ElementsAre(6, 7, 8, 0, 0, 0, 0, 0));
      return 0;
    }));
  }
}

TEST_P(FetchTest, FetchesAreSnapshots) {
  reset(makeConfig(/*maxDelayUs=*/1000));
  ASSERT_OK(inForward([](auto *f) {
    void *m;
    int32_t first = 1, second = 2, out = 0;
    EXPECT_OK(capstan_rt_alloc(f, 4, 4, &m));
    EXPECT_OK(capstan_rt_to_device(f, m, &first, 4));
    capstan_rt_part part = {m, &out, 4};
    capstan_rt_fetch *fetch;
    EXPECT_OK(capstan_rt_fetch_start(f, 1, &part, &fetch));
    EXPECT_OK(capstan_rt_to_device(f, m, &second, 4)); // a later write
    EXPECT_OK(capstan_rt_fetch_wait(f, fetch));
    EXPECT_EQ(out, 1);
    return 0;
  }));
}

TEST_P(FetchTest, FetchesAreWaitedForOrReleasedOnce) {
  int32_t out;
  auto start = [&](auto *f) {
    void *m;
    EXPECT_OK(capstan_rt_alloc(f, 4, 4, &m));
    capstan_rt_part part = {m, &out, 4};
    capstan_rt_fetch *fetch;
    EXPECT_OK(capstan_rt_fetch_start(f, 1, &part, &fetch));
    return fetch;
  };
  EXPECT_FAILS(invalid, "not a fetch under way", inForward([&](auto *f) {
                 capstan_rt_fetch *fetch = start(f);
                 EXPECT_OK(capstan_rt_fetch_wait(f, fetch));
                 return capstan_rt_fetch_wait(f, fetch);
               }));
  EXPECT_FAILS(invalid, "not a fetch under way", inForward([&](auto *f) {
                 capstan_rt_fetch *fetch = start(f);
                 EXPECT_OK(capstan_rt_fetch_release(f, fetch));
                 return capstan_rt_fetch_release(f, fetch);
               }));
  EXPECT_OK(inForward([&](auto *f) { // neither: the runtime releases it
    start(f);
    return 0;
  }));
  EXPECT_FORWARD_FAILS(invalid, "not a fetch under way",
                       capstan_rt_fetch_wait(f, nullptr));
}

TEST_P(FetchTest, HostFreeWaitsForNoFetch) {
  EXPECT_FAILS(invalid, "was not waited for", inForward([](auto *f) {
                 void *m, *host;
                 EXPECT_OK(capstan_rt_alloc(f, 4, 4, &m));
                 EXPECT_OK(capstan_rt_host_alloc(f, 4, 4, &host));
                 capstan_rt_part part = {m, host, 4};
                 capstan_rt_fetch *fetch;
                 EXPECT_OK(capstan_rt_fetch_start(f, 1, &part, &fetch));
                 return capstan_rt_host_free(f, host);
               }));
}

TEST_P(FetchTest, ReadsReject) {
  int32_t x = 0;
  capstan_rt_part negative = {&x, &x, -4}, null = {nullptr, &x, 4};
  capstan_rt_fetch *fetch;
  EXPECT_FORWARD_FAILS(invalid, "read", capstan_rt_read(f, -1, &null));
  EXPECT_FORWARD_FAILS(invalid, "read", capstan_rt_read(f, 1, nullptr));
  EXPECT_FORWARD_FAILS(invalid, "part 0 has -4 bytes",
                       capstan_rt_read(f, 1, &negative));
  EXPECT_FORWARD_FAILS(invalid, "part 0 has 4 bytes, or no memory",
                       capstan_rt_fetch_start(f, 1, &null, &fetch));
  EXPECT_FORWARD_FAILS(invalid, "fetch_start",
                       capstan_rt_fetch_start(f, 0, nullptr, nullptr));
  EXPECT_OK(inForward([](auto *f) { return capstan_rt_read(f, 0, nullptr); }));
}
