//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Support.h"

#include <fstream>
#include <sstream>

using namespace capstan::rt::test;
using testing::HasSubstr;

namespace {
class CountersTest : public Conformance {};
CAPSTAN_RT_CONFORMANCE(CountersTest);
} // namespace

TEST_P(CountersTest, CountAForward) {
  ModulePtr packed = openModule(device.get(), "packed");
  auto x = tensor<float>(stream.get(), {2, 4}, std::vector<float>(8));
  auto lens = tensor<int32_t>(stream.get(), {1}, {2});
  for (int i = 1; i <= 3; ++i) {
    ASSERT_OK(
        call(lookup(packed, "forward"), stream.get(), {*x, *lens}, 2).status);
    capstan_rt_counters last = lastForwardOf(packed.get());
    EXPECT_EQ(last.version, uint32_t(CAPSTAN_RT_COUNTERS_VERSION));
    EXPECT_EQ(last.forwards, 1);
    EXPECT_EQ(last.overlapped_syncs, 1);
    EXPECT_EQ(last.blocking_syncs, 0);
    EXPECT_EQ(last.bytes_read_back, 4);
    EXPECT_EQ(last.launches, 3);
    EXPECT_EQ(last.allocations, 2);
    EXPECT_EQ(last.allocated_bytes, 36);
    EXPECT_EQ(last.peak_bytes, 36);
    EXPECT_EQ(last.set_device_calls, 0);
    capstan_rt_counters all = countersOf(packed.get());
    EXPECT_EQ(all.forwards, i);
    EXPECT_EQ(all.overlapped_syncs, i);
    EXPECT_EQ(all.launches, 3 * i);
    EXPECT_EQ(all.peak_bytes, 36);
  }
  EXPECT_EQ(countersOf(device.get()).overlapped_syncs, 3);
}

TEST_P(CountersTest, ReadsBlock) {
  ASSERT_OK(inForward([](auto *f) {
    void *m;
    int64_t out[2];
    EXPECT_OK(capstan_rt_alloc(f, 16, 8, &m));
    capstan_rt_part parts[] = {{m, out, 8},
                               {static_cast<char *>(m) + 8, out + 1, 8}};
    return capstan_rt_read(f, 2, parts);
  }));
  capstan_rt_counters last = lastForwardOf(module.get());
  EXPECT_EQ(last.blocking_syncs, 1);
  EXPECT_EQ(last.overlapped_syncs, 0);
  EXPECT_EQ(last.bytes_read_back, 16);
}

TEST_P(CountersTest, FailedForwardsAreCounted) {
  EXPECT_NE(inForward([](auto *f) {
              return capstan_rt_fail(f, CAPSTAN_RT_CHECK_FAILED, "x", "y");
            }),
            CAPSTAN_RT_OK);
  EXPECT_EQ(lastForwardOf(module.get()).forwards, 1);
}

TEST_P(CountersTest, FallbacksByReason) {
  for (int32_t reason :
       {CAPSTAN_RT_FALLBACK_TOO_LARGE, CAPSTAN_RT_FALLBACK_NO_COMBINATION,
        CAPSTAN_RT_FALLBACK_BAD_SIZES}) {
    ASSERT_OK(inForward(
        [&](auto *f) { return capstan_rt_fallback(f, reason, "m.mlir:1:2"); }));
    capstan_rt_counters last = lastForwardOf(module.get());
    EXPECT_EQ(last.fallbacks_no_bucket, 1);
    EXPECT_EQ(last.fallbacks_too_large,
              reason == CAPSTAN_RT_FALLBACK_TOO_LARGE);
    EXPECT_EQ(last.fallbacks_no_combination,
              reason == CAPSTAN_RT_FALLBACK_NO_COMBINATION);
    EXPECT_EQ(last.fallbacks_bad_sizes,
              reason == CAPSTAN_RT_FALLBACK_BAD_SIZES);
  }
  for (int32_t reason : {-1, 3})
    EXPECT_FORWARD_FAILS(CAPSTAN_RT_INVALID_ARGUMENT,
                         "m.mlir:1:2: fallback on " + GetParam() +
                             ": there is no reason",
                         capstan_rt_fallback(f, reason, "m.mlir:1:2"));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "the forward is null",
               capstan_rt_fallback(nullptr, 0, nullptr));
  EXPECT_EQ(countersOf(device.get()).fallbacks_no_bucket, 3);
}

TEST_P(CountersTest, LiveAndPaddedElements) {
  for (int i = 0; i < 2; ++i)
    ASSERT_OK(inForward([](auto *f) {
      EXPECT_OK(capstan_rt_padding(f, 100, 28));
      return capstan_rt_padding(f, 5, 0);
    }));
  EXPECT_EQ(lastForwardOf(module.get()).live_elements, 105);
  EXPECT_EQ(lastForwardOf(module.get()).padded_elements, 28);
  EXPECT_EQ(countersOf(module.get()).live_elements, 210);
  EXPECT_EQ(countersOf(device.get()).padded_elements, 56);
  EXPECT_FORWARD_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "negative number",
                       capstan_rt_padding(f, -1, 0));
  EXPECT_FORWARD_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "negative number",
                       capstan_rt_padding(f, 0, -1));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "the forward is null",
               capstan_rt_padding(nullptr, 0, 0));
}

TEST_P(CountersTest, HaveNames) {
  const char *description;
  EXPECT_STREQ(capstan_rt_counter_name(0, nullptr), "forwards");
  EXPECT_STREQ(capstan_rt_counter_name(1, &description), "blocking_syncs");
  EXPECT_THAT(description, HasSubstr("wait"));
  EXPECT_EQ(capstan_rt_counter_name(-1, nullptr), nullptr);
  int32_t count = 0;
  while (capstan_rt_counter_name(count, nullptr))
    ++count;
  EXPECT_EQ(sizeof(capstan_rt_counters), 8 + 8 * size_t(count));
}

TEST_P(CountersTest, RejectBadStructs) {
  capstan_rt_counters counters = {};
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "its size is unknown",
               capstan_rt_device_counters(device.get(), &counters));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null handle",
               capstan_rt_module_counters(nullptr, &counters));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "is null",
               capstan_rt_module_last_forward(module.get(), nullptr));
}

TEST_P(CountersTest, TraceHasSpansWithNamesAndLocations) {
  std::string path = testing::TempDir() + "capstan_rt_trace.json";
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "no trace is running",
               capstan_rt_trace_stop(device.get(), path.c_str()));
  ASSERT_OK(capstan_rt_trace_start(device.get()));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "running already",
               capstan_rt_trace_start(device.get()));
  {
    // The module is gone when the trace is written.
    ModulePtr packed = openModule(device.get(), "packed");
    auto x = tensor<float>(stream.get(), {1, 4}, std::vector<float>(4));
    auto lens = tensor<int32_t>(stream.get(), {1}, {1});
    ASSERT_OK(
        call(lookup(packed, "forward"), stream.get(), {*x, *lens}, 2).status);
    ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
  }
  ASSERT_OK(capstan_rt_trace_stop(device.get(), path.c_str()));
  std::ostringstream contents;
  contents << std::ifstream(path).rdbuf();
  std::string trace = contents.str();
  std::remove(path.c_str());
  EXPECT_THAT(trace, HasSubstr("{\"traceEvents\":["));
  EXPECT_THAT(trace, HasSubstr("\"cat\":\"launch\",\"name\":\"" +
                               kernelName("affine") +
                               "\","
                               "\"args\":{\"location\":\"packed.mlir:5:3\""));
  for (const char *category : {"call", "fetch", "wait", "copy"})
    EXPECT_THAT(trace, HasSubstr("\"cat\":\"" + std::string(category) + "\""));
}

TEST_P(CountersTest, TraceThatCantBeWritten) {
  ASSERT_OK(capstan_rt_trace_start(device.get()));
  EXPECT_FAILS(CAPSTAN_RT_NOT_FOUND, "can't write '/nowhere/trace.json'",
               capstan_rt_trace_stop(device.get(), "/nowhere/trace.json"));
  ASSERT_OK(capstan_rt_trace_start(device.get()));
  EXPECT_FAILS(CAPSTAN_RT_NOT_FOUND, "no path",
               capstan_rt_trace_stop(device.get(), nullptr));
}

TEST(Example, CallsAModule) {
  auto run = [](const std::string &module) {
    std::string command = CAPSTAN_RT_EXAMPLE " " + module + " 2>&1";
    std::unique_ptr<FILE, int (*)(FILE *)> pipe(popen(command.c_str(), "r"),
                                                pclose);
    char line[256] = "";
    EXPECT_NE(fgets(line, sizeof(line), pipe.get()), nullptr);
    return std::string(line);
  };
  EXPECT_EQ(run(modulePath("packed")), "4 6 8 10 12 14 16 18\n");
  EXPECT_THAT(run("/nowhere.so"), HasSubstr("can't open '/nowhere.so'"));
}
