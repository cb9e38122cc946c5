//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Support.h"

#include <atomic>
#include <thread>

using namespace capstan::rt::test;
using testing::ElementsAre;

namespace {
constexpr int32_t invalid = CAPSTAN_RT_INVALID_ARGUMENT;
constexpr int64_t bytes[] = {4, 4};
// Of the whole process: each test opens a module of its own.
constexpr capstan_rt_graph_region oneToOne = {
    sizeof(oneToOne), 1, 1, bytes, bytes, nullptr, "r.mlir:1:2"};
constexpr capstan_rt_graph_region oneToTwo = {
    sizeof(oneToTwo), 1, 2, bytes, bytes, nullptr, "r.mlir:3:4"};

class GraphRegionTest : public Conformance {
protected:
  void TearDown() override {
    EXPECT_OK(inForward([](auto *) { return 0; })); // still usable
    EXPECT_OK(capstan_rt_stream_synchronize(stream.get()));
  }

  BufferPtr number(float value) {
    BufferPtr buffer = makeBuffer(stream.get(), 4);
    write(buffer, value);
    return buffer;
  }
  void write(const BufferPtr &buffer, float value) {
    EXPECT_OK(
        capstan_rt_buffer_write(buffer.get(), stream.get(), 0, &value, 4));
  }
  float read(const BufferPtr &buffer) {
    float value = -1;
    EXPECT_OK(capstan_rt_buffer_read(buffer.get(), stream.get(), 0, &value, 4));
    return value;
  }
  static void *data(const BufferPtr &buffer) {
    return capstan_rt_buffer_data(buffer.get());
  }

  /// The region y = x + 1, as compiled code runs it.
  int32_t plusOne(capstan_rt_forward *f, void *x, void **y) {
    int32_t run;
    if (int32_t code =
            capstan_rt_graph_begin(f, &oneToOne, nullptr, &x, y, &run))
      return code;
    if (!run)
      return CAPSTAN_RT_OK;
    ++bodies;
    void *made;
    EXPECT_OK(capstan_rt_alloc(f, 4, 64, &made));
    EXPECT_OK(capstan_rt_copy(f, made, x, 4));
    AddArguments add = {static_cast<float *>(made), 1};
    EXPECT_OK(launch(f, addKernel, &add, sizeof(add), 1));
    return capstan_rt_graph_end(f, &oneToOne, nullptr, &made, y);
  }
  /// One forward: to = x + 1.
  int32_t plusOne(const BufferPtr &x, const BufferPtr &to,
                  capstan_rt_stream *on = nullptr) {
    return inForward(
        [&](auto *f) {
          void *y;
          if (int32_t code = plusOne(f, data(x), &y))
            return code;
          if (int32_t code = capstan_rt_copy(f, data(to), y, 4))
            return code;
          return capstan_rt_free(f, y);
        },
        on);
  }
  int64_t captures() { return countersOf(module.get()).graph_captures; }
  int64_t replays() { return countersOf(module.get()).graph_replays; }

  std::atomic<int> bodies{0};
};
CAPSTAN_RT_CONFORMANCE(GraphRegionTest);
} // namespace

TEST_P(GraphRegionTest, RunsThenIsCapturedThenReplayed) {
  BufferPtr x = number(0), y = number(0);
  for (int i = 0; i < 5; ++i) {
    write(x, i);
    ASSERT_OK(plusOne(x, y));
    EXPECT_EQ(read(y), i + 1);
    EXPECT_EQ(bodies, std::min(i + 1, 2));
    EXPECT_EQ(captures(), i > 0);
    EXPECT_EQ(replays(), i);
  }
}

TEST_P(GraphRegionTest, InputsThatMoveAreCopied) {
  BufferPtr y = number(0);
  std::vector<BufferPtr> inputs;
  for (int i = 0; i < 6; ++i) {
    inputs.push_back(number(10 * i));
    ASSERT_OK(plusOne(inputs.back(), y));
    EXPECT_EQ(read(y), 10 * i + 1);
  }
  // The first capture is of the second address; the third shows that it moves.
  EXPECT_EQ(captures(), 2);
  EXPECT_EQ(replays(), 5);
  write(inputs[0], 7);
  ASSERT_OK(plusOne(inputs[0], y));
  EXPECT_EQ(read(y), 8);
  EXPECT_EQ(captures(), 2);
}

TEST_P(GraphRegionTest, InputsThatAForwardMadeAreStagedAtOnce) {
  BufferPtr x = number(0), y = number(0);
  for (int i = 0; i < 6; ++i) {
    write(x, i);
    // In the middle of other memory, at another address each time.
    ASSERT_OK(inForward([&](auto *f) {
      void *spacer, *memory, *result;
      EXPECT_OK(capstan_rt_alloc(f, 64 << i, 64, &spacer));
      EXPECT_OK(capstan_rt_alloc(f, 64 << i, 64, &memory));
      void *input = static_cast<char *>(memory) + 16;
      EXPECT_OK(capstan_rt_copy(f, input, data(x), 4));
      EXPECT_OK(plusOne(f, input, &result));
      EXPECT_OK(capstan_rt_copy(f, data(y), result, 4));
      for (void *used : {spacer, memory, result})
        EXPECT_OK(capstan_rt_free(f, used));
      return 0;
    }));
    EXPECT_EQ(read(y), i + 1);
  }
  EXPECT_EQ(captures(), 1);
}

TEST_P(GraphRegionTest, ResultsAreTheForwards) {
  BufferPtr x = number(0);
  std::vector<BufferPtr> kept;
  ASSERT_OK(inForward([&](auto *f) {
    void *results[5];
    for (void *&result : results) {
      AddArguments add = {static_cast<float *>(data(x)), 1};
      EXPECT_OK(launch(f, addKernel, &add, sizeof(add), 1));
      EXPECT_OK(plusOne(f, data(x), &result));
    }
    for (void *result : results) {
      kept.push_back(makeBuffer(stream.get(), 4));
      EXPECT_OK(capstan_rt_copy(f, data(kept.back()), result, 4));
      EXPECT_OK(capstan_rt_free(f, result));
    }
    return 0;
  }));
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(read(kept[i]), i + 2);
}

TEST_P(GraphRegionTest, BodiesMayGiveInputsAndTheSameMemoryTwice) {
  for (bool same : {false, true}) {
    reset(makeConfig()); // another module
    BufferPtr x = number(0), first = number(0), second = number(0);
    for (int i = 0; i < 4; ++i) {
      write(x, i);
      ASSERT_OK(inForward([&](auto *f) {
        void *in = data(x), *results[2];
        int32_t run;
        EXPECT_OK(
            capstan_rt_graph_begin(f, &oneToTwo, nullptr, &in, results, &run));
        if (run) {
          void *made;
          EXPECT_OK(capstan_rt_alloc(f, 4, 64, &made));
          EXPECT_OK(capstan_rt_copy(f, made, in, 4));
          void *produced[] = {made, same ? made : in};
          EXPECT_OK(
              capstan_rt_graph_end(f, &oneToTwo, nullptr, produced, results));
        }
        EXPECT_NE(results[0], results[1]);
        EXPECT_NE(results[1], data(x));
        EXPECT_OK(capstan_rt_copy(f, data(first), results[0], 4));
        EXPECT_OK(capstan_rt_copy(f, data(second), results[1], 4));
        EXPECT_OK(capstan_rt_free(f, results[0]));
        return capstan_rt_free(f, results[1]);
      }));
      EXPECT_EQ(read(first), i);
      EXPECT_EQ(read(second), i);
    }
  }
}

TEST_P(GraphRegionTest, EightThreadsAtOnce) {
  reset(makeConfig(/*maxDelayUs=*/100));
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      StreamPtr own = makeStream(device.get());
      BufferPtr x = makeBuffer(own.get(), 4), y = makeBuffer(own.get(), 4);
      for (int i = 0; i < 20; ++i) {
        float value = 100 * t + i, result = -1;
        capstan_rt_buffer_write(x.get(), own.get(), 0, &value, 4);
        wrong += plusOne(x, y, own.get()) != CAPSTAN_RT_OK;
        capstan_rt_buffer_read(y.get(), own.get(), 0, &result, 4);
        wrong += result != value + 1;
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(replays(), 0);
}

TEST_P(GraphRegionTest, ABodyThatFailsLeavesTheRegionWithoutGraph) {
  BufferPtr x = number(1), y = number(0);
  auto failing = [&](capstan_rt_forward *f) {
    void *in = data(x), *out;
    int32_t run;
    EXPECT_OK(capstan_rt_graph_begin(f, &oneToOne, nullptr, &in, &out, &run));
    return capstan_rt_fail(f, CAPSTAN_RT_CHECK_FAILED, "no", "m.mlir:1:2");
  };
  ASSERT_OK(plusOne(x, y));
  EXPECT_FAILS(CAPSTAN_RT_CHECK_FAILED, "no", inForward(failing));
  EXPECT_EQ(countersOf(module.get()).fallbacks_capture, 1);
  for (int i = 0; i < 3; ++i) {
    write(x, i);
    ASSERT_OK(plusOne(x, y));
    EXPECT_EQ(read(y), i + 1);
  }
  EXPECT_EQ(captures(), 0);
}

TEST_P(GraphRegionTest, WhatACaptureCantRecordIsRefused) {
  float value;
  capstan_rt_fetch *before, *fetch;
  void *in, *memory;
  const struct {
    std::string why;
    std::function<int32_t(capstan_rt_forward *)> inside;
  } cases[] = {
      {"r.mlir:1:2: read on " + GetParam() + ": a read of the host",
       [&](auto *f) {
         capstan_rt_part part = {in, &value, 4};
         return capstan_rt_read(f, 1, &part);
       }},
      {"r.mlir:1:2: fetch_start on " + GetParam() + ": a read of the host",
       [&](auto *f) {
         capstan_rt_part part = {in, &value, 4};
         return capstan_rt_fetch_start(f, 1, &part, &fetch);
       }},
      {"r.mlir:1:2: fetch_wait on " + GetParam() + ": a synchronization",
       [&](auto *f) { return capstan_rt_fetch_wait(f, before); }},
      {"r.mlir:1:2: host_alloc on " + GetParam() + ": memory of the host",
       [&](auto *f) { return capstan_rt_host_alloc(f, 4, 4, &memory); }}};
  for (const auto &each : cases) {
    reset(makeConfig()); // another module
    BufferPtr x = number(1), y = number(0);
    ASSERT_OK(plusOne(x, y));
    EXPECT_FAILS(CAPSTAN_RT_INVALID_CAPTURE, each.why, inForward([&](auto *f) {
                   void *out;
                   int32_t run;
                   in = data(x);
                   capstan_rt_part part = {in, &value, 4};
                   EXPECT_OK(capstan_rt_fetch_start(f, 1, &part, &before));
                   EXPECT_OK(capstan_rt_graph_begin(f, &oneToOne, nullptr, &in,
                                                    &out, &run));
                   return each.inside(f);
                 }));
    EXPECT_EQ(countersOf(module.get()).fallbacks_capture, 1);
    EXPECT_EQ(countersOf(device.get()).fallbacks_capture, 1);
    for (int i = 0; i < 3; ++i)
      ASSERT_OK(plusOne(x, y));
    EXPECT_EQ(read(y), 2);
    EXPECT_EQ(captures(), 0);
  }
}

TEST_P(GraphRegionTest, ErrorsOfReplaysFailTheForward) {
  BufferPtr flag = makeBuffer(stream.get(), 4);
  auto checked = [&](capstan_rt_forward *f) {
    void *in = data(flag), *out;
    int32_t run;
    EXPECT_OK(capstan_rt_graph_begin(f, &oneToOne, nullptr, &in, &out, &run));
    if (run) {
      EXPECT_OK(capstan_rt_device_check(f, static_cast<uint8_t *>(in), "no",
                                        "g.mlir:1:1"));
      EXPECT_OK(capstan_rt_graph_end(f, &oneToOne, nullptr, &in, &out));
    }
    int32_t value;
    capstan_rt_part part = {out, &value, 4};
    return capstan_rt_read(f, 1, &part); // sees the failure
  };
  for (int32_t good : {1, 1, 0, 1, 0, 1}) {
    ASSERT_OK(capstan_rt_buffer_write(flag.get(), stream.get(), 0, &good, 4));
    if (good)
      EXPECT_OK(inForward(checked));
    else
      EXPECT_FAILS(CAPSTAN_RT_CHECK_FAILED, "g.mlir:1:1", inForward(checked));
    EXPECT_OK(capstan_rt_stream_synchronize(stream.get())) << "reported once";
  }
  EXPECT_EQ(replays(), 5);
}

TEST_P(GraphRegionTest, CapturesOfTheCallerTakeTheBody) {
  BufferPtr x = number(1), y = number(0);
  for (int i = 0; i < 3; ++i)
    ASSERT_OK(plusOne(x, y));
  ASSERT_OK(capstan_rt_capture_begin(stream.get()));
  ASSERT_OK(plusOne(x, y));
  capstan_rt_graph *raw;
  ASSERT_OK(capstan_rt_capture_end(stream.get(), &raw));
  GraphPtr graph(raw);
  write(x, 41);
  ASSERT_OK(capstan_rt_graph_launch(graph.get(), stream.get()));
  EXPECT_EQ(read(y), 42);
}

TEST_P(GraphRegionTest, Rejects) {
  void *x = nullptr, *y;
  int32_t run;
  capstan_rt_graph_region bad = oneToOne;
  bad.num_results = 0;
  EXPECT_FORWARD_FAILS(invalid, "description is broken",
                       capstan_rt_graph_begin(f, &bad, nullptr, &x, &y, &run));
  EXPECT_FORWARD_FAILS(
      invalid, "description is broken",
      capstan_rt_graph_begin(f, nullptr, nullptr, &x, &y, &run));
  EXPECT_FORWARD_FAILS(
      invalid, "null pointer",
      capstan_rt_graph_begin(f, &oneToOne, nullptr, &x, &y, nullptr));
  EXPECT_FORWARD_FAILS(invalid, "not in this region",
                       capstan_rt_graph_end(f, &oneToOne, nullptr, &x, &y));
  BufferPtr buffer = number(0);
  auto twice = [&](capstan_rt_forward *f) {
    x = data(buffer);
    EXPECT_OK(capstan_rt_graph_begin(f, &oneToOne, nullptr, &x, &y, &run));
    return capstan_rt_graph_begin(f, &oneToOne, nullptr, &x, &y, &run);
  };
  EXPECT_FAILS(invalid,
               "r.mlir:1:2: graph_begin on " + GetParam() +
                   ": the forward is in",
               inForward(twice));
}
