//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What the graph regions of a module share: memory, turns, limits.
//
//===----------------------------------------------------------------------===//

#include "Support.h"

#include <atomic>
#include <cmath>
#include <thread>

using namespace capstan::rt::test;

namespace {
/// What sizes are multiples of: GPUs map memory in pieces of 2 MiB.
int64_t unit() { return onGpu ? 128 << 10 : 1 << 10; }
/// Bytes of graphs as the backend rounds them.
int64_t held(int64_t bytes) {
  int64_t piece = onGpu ? 2 << 20 : 1;
  return (bytes + piece - 1) / piece * piece;
}

/// The region y = x + summand over `bytes` of floats. Its graph has two buffers
/// of that size, and a third if x moves.
struct Region {
  explicit Region(int64_t bytes, float summand)
      : bytes(bytes), summand(summand),
        info{sizeof(info),   1, 1, &this->bytes, &this->bytes, nullptr,
             "pool.mlir:1:2"} {}
  Region(const Region &) = delete;

  const int64_t bytes;
  const float summand;
  const capstan_rt_graph_region info;
  std::atomic<int> bodies{0};

  /// As compiled code runs it; `inside` is the middle of the body.
  int32_t run(
      capstan_rt_forward *f, void *x, void **y,
      const std::function<int32_t()> &inside = [] { return 0; }) {
    int32_t run;
    if (int32_t code = capstan_rt_graph_begin(f, &info, nullptr, &x, y, &run))
      return code;
    if (!run)
      return CAPSTAN_RT_OK;
    ++bodies;
    void *temporary, *made;
    if (int32_t code = capstan_rt_alloc(f, bytes, 64, &temporary))
      return code;
    EXPECT_OK(capstan_rt_copy(f, temporary, x, bytes));
    AddArguments add = {static_cast<float *>(temporary), summand};
    EXPECT_OK(launch(f, addKernel, &add, sizeof(add), bytes / 4));
    if (int32_t code = inside())
      return code;
    if (int32_t code = capstan_rt_alloc(f, bytes, 64, &made))
      return code;
    EXPECT_OK(capstan_rt_copy(f, made, temporary, bytes));
    EXPECT_OK(capstan_rt_free(f, temporary));
    return capstan_rt_graph_end(f, &info, nullptr, &made, y);
  }
};

class GraphPoolTest : public Conformance {
protected:
  void TearDown() override {
    EXPECT_OK(inForward([](auto *) { return 0; })); // still usable
    EXPECT_OK(capstan_rt_stream_synchronize(stream.get()));
    module = nullptr;
    EXPECT_EQ(countersOf(device.get()).graph_bytes, 0) << "all is given back";
  }
  void limit(int32_t graphs, int64_t bytes, int64_t maxDelayUs = 0) {
    capstan_rt_device_config config = makeConfig(maxDelayUs);
    config.max_graphs = graphs;
    config.max_graph_bytes = bytes;
    reset(config);
  }

  BufferPtr filled(int64_t bytes, float value,
                   capstan_rt_stream *on = nullptr) {
    BufferPtr buffer = makeBuffer(on ? on : stream.get(), bytes);
    write(buffer, value, on);
    return buffer;
  }
  void write(const BufferPtr &buffer, float value,
             capstan_rt_stream *on = nullptr) {
    std::vector<float> values(capstan_rt_buffer_bytes(buffer.get()) / 4, value);
    EXPECT_OK(capstan_rt_buffer_write(buffer.get(), on ? on : stream.get(), 0,
                                      values.data(), values.size() * 4));
  }
  /// The value of all elements; NaN if they differ.
  float read(const BufferPtr &buffer, capstan_rt_stream *on = nullptr) {
    std::vector<float> values(capstan_rt_buffer_bytes(buffer.get()) / 4);
    EXPECT_OK(capstan_rt_buffer_read(buffer.get(), on ? on : stream.get(), 0,
                                     values.data(), values.size() * 4));
    for (float value : values)
      if (value != values[0])
        return NAN;
    return values[0];
  }
  static void *data(const BufferPtr &buffer) {
    return capstan_rt_buffer_data(buffer.get());
  }

  /// One forward: to = x + summand.
  int32_t forward(
      Region &region, const BufferPtr &x, const BufferPtr &to,
      capstan_rt_stream *on = nullptr,
      const std::function<int32_t()> &inside = [] { return 0; }) {
    return inForward(
        [&](auto *f) {
          void *y;
          if (int32_t code = region.run(f, data(x), &y, inside))
            return code;
          EXPECT_OK(capstan_rt_copy(f, data(to), y, region.bytes));
          return capstan_rt_free(f, y);
        },
        on);
  }
  /// Two forwards, so that the region has a graph if it may have one.
  void warmUp(Region &region, const BufferPtr &x, const BufferPtr &to) {
    for (int i = 0; i < 2; ++i)
      ASSERT_OK(forward(region, x, to));
    EXPECT_EQ(read(to), read(x) + region.summand);
  }
  capstan_rt_counters counters() { return countersOf(module.get()); }
};
CAPSTAN_RT_CONFORMANCE(GraphPoolTest);
} // namespace

TEST_P(GraphPoolTest, HoldsWhatTheLargestGraphNeeds) {
  for (bool largestFirst : {false, true}) {
    reset(makeConfig());
    Region regions[] = {Region(64 * unit(), 1), Region(128 * unit(), 2),
                        Region(256 * unit(), 3), Region(512 * unit(), 4)};
    std::vector<BufferPtr> x, y;
    for (Region &region : regions) {
      x.push_back(filled(region.bytes, 10));
      y.push_back(filled(region.bytes, 0));
    }
    for (int i : {0, 1, 2, 3})
      warmUp(regions[largestFirst ? 3 - i : i], x[largestFirst ? 3 - i : i],
             y[largestFirst ? 3 - i : i]);
    EXPECT_EQ(counters().graph_captures, 4);
    EXPECT_EQ(counters().graph_bytes, held(2 * 512 * unit()));
    EXPECT_EQ(counters().graph_peak_bytes, held(2 * 512 * unit()));
    EXPECT_EQ(countersOf(device.get()).graph_bytes, held(2 * 512 * unit()));
    // Growing moved nothing: all graphs still have their addresses.
    for (int i : {2, 0, 3, 1}) {
      ASSERT_OK(forward(regions[i], x[i], y[i]));
      EXPECT_EQ(read(y[i]), 11 + i);
    }
    EXPECT_EQ(counters().graph_captures, 4);
  }
}

TEST_P(GraphPoolTest, ModulesEndBeforeTheirReplays) {
  reset(makeConfig(/*maxDelayUs=*/50));
  Region region(4 * unit(), 1);
  BufferPtr x = filled(region.bytes, 10), y = filled(region.bytes, 0);
  warmUp(region, x, y);
  for (int i = 0; i < 3; ++i)
    ASSERT_OK(forward(region, x, y));
  module = nullptr; // nobody has waited
  ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
  EXPECT_EQ(countersOf(device.get()).graph_bytes, 0);
  EXPECT_EQ(read(y), 11);
  module = makeModule();
}

TEST_P(GraphPoolTest, StagingIsShared) {
  Region regions[] = {Region(64 * unit(), 1), Region(128 * unit(), 2)};
  std::vector<BufferPtr> inputs; // kept, so that no address comes twice
  for (int i = 0; i < 6; ++i)
    for (Region &region : regions) {
      inputs.push_back(filled(region.bytes, i));
      BufferPtr y = filled(region.bytes, 0);
      ASSERT_OK(forward(region, inputs.back(), y));
      EXPECT_EQ(read(y), i + region.summand);
    }
  // The first of a fixed address, the second of staging.
  EXPECT_EQ(counters().graph_captures, 4);
  EXPECT_EQ(counters().graph_bytes, held(3 * 128 * unit()));
}

TEST_P(GraphPoolTest, RegionsOfOneForwardHandResultsOn) {
  reset(makeConfig(/*maxDelayUs=*/50));
  Region regions[] = {Region(4 * unit(), 1), Region(8 * unit(), 10),
                      Region(4 * unit(), 100), Region(8 * unit(), 1000)};
  BufferPtr x = filled(8 * unit(), 0);
  std::vector<BufferPtr> y;
  for (Region &region : regions)
    y.push_back(filled(region.bytes, 0));
  auto chain = [&](capstan_rt_forward *f) {
    void *in[] = {data(x), data(x)}, *results[4];
    for (int i = 0; i < 4; ++i) {
      EXPECT_OK(regions[i].run(f, in[i % 2], &results[i]));
      in[i % 2] = results[i];
    }
    for (int i = 0; i < 4; ++i) {
      EXPECT_OK(capstan_rt_copy(f, data(y[i]), results[i], regions[i].bytes));
      EXPECT_OK(capstan_rt_free(f, results[i]));
    }
    return 0;
  };
  auto results = [&] {
    std::vector<float> values;
    for (const BufferPtr &buffer : y)
      values.push_back(read(buffer));
    return values;
  };
  constexpr int batches = 12;
  for (int batch = 0; batch < batches; ++batch) {
    write(x, batch);
    ASSERT_OK(inForward(chain));
    std::vector<float> inModule = results();
    ModulePtr fresh = makeModule(); // runs each body
    module.swap(fresh);
    ASSERT_OK(inForward(chain));
    module.swap(fresh);
    EXPECT_EQ(inModule, results());
    EXPECT_EQ(inModule[3], batch + 1010);
  }
  EXPECT_GE(counters().graph_replays, 4 * (batches - 1));
  EXPECT_LE(regions[3].bodies, batches + 3)
      << "the fresh runs, and two captures";
}

TEST_P(GraphPoolTest, GraphsOfTwoStreamsTakeTurns) {
  reset(makeConfig(/*maxDelayUs=*/300));
  Region regions[] = {Region(4 * unit(), 1), Region(4 * unit(), 10)};
  StreamPtr other = makeStream(device.get());
  capstan_rt_stream *streams[] = {stream.get(), other.get()};
  BufferPtr x[] = {filled(4 * unit(), 0), filled(4 * unit(), 0)};
  for (int i : {0, 1})
    warmUp(regions[i], x[i], filled(4 * unit(), 0));
  std::vector<BufferPtr> y;
  for (int batch = 0; batch < 20; ++batch)
    for (int i : {0, 1}) {
      y.push_back(filled(4 * unit(), 0, streams[i]));
      write(x[i], batch, streams[i]);
      ASSERT_OK(forward(regions[i], x[i], y.back(), streams[i]));
    }
  for (size_t i = 0; i < y.size(); ++i)
    EXPECT_EQ(read(y[i], streams[i % 2]), i / 2 + regions[i % 2].summand);
  EXPECT_EQ(counters().graph_captures, 2);
}

TEST_P(GraphPoolTest, CallsOnTheStreamOfACaptureAreNotRecorded) {
  Region region(4 * unit(), 1), another(4 * unit(), 5);
  BufferPtr x = filled(4 * unit(), 0), y = filled(4 * unit(), 0);
  BufferPtr untouched = filled(4 * unit(), 0);
  ASSERT_OK(forward(region, x, y));
  // Another thread uses the stream in the middle of the capture.
  ASSERT_OK(forward(region, x, y, nullptr, [&] {
    std::thread([&] {
      EXPECT_OK(forward(another, x, untouched));
      EXPECT_EQ(read(untouched), 5) << "ran at once";
    }).join();
    return 0;
  }));
  write(untouched, 7);
  for (int i = 0; i < 2; ++i) {
    write(x, i);
    ASSERT_OK(forward(region, x, y));
    EXPECT_EQ(read(y), i + 1);
  }
  EXPECT_EQ(read(untouched), 7) << "is no part of the replays";
  EXPECT_EQ(counters().graph_captures, 1);
}

TEST_P(GraphPoolTest, EvictsTheLeastRecentlyUsed) {
  limit(/*graphs=*/2, /*bytes=*/0);
  Region a(4 * unit(), 1), b(8 * unit(), 2), c(16 * unit(), 3);
  BufferPtr x = filled(16 * unit(), 5), y = filled(16 * unit(), 0);
  auto use = [&](Region &region) {
    int64_t before = counters().graph_captures;
    EXPECT_OK(forward(region, x, y));
    float first;
    EXPECT_OK(capstan_rt_buffer_read(y.get(), stream.get(), 0, &first, 4));
    EXPECT_EQ(first, 5 + region.summand);
    return counters().graph_captures - before;
  };
  for (Region *each : {&a, &b, &c})
    EXPECT_EQ(use(*each), 0) << "the ordinary run";
  EXPECT_EQ(use(a) + use(b), 2);
  EXPECT_EQ(use(a), 0);
  EXPECT_EQ(counters().graph_evictions, 0);
  EXPECT_EQ(use(c), 1) << "in place of b";
  EXPECT_EQ(counters().graph_evictions, 1);
  EXPECT_EQ(use(a) + use(c), 0);
  EXPECT_EQ(use(b), 1) << "in place of a";
  EXPECT_EQ(counters().graph_evictions, 2);
  EXPECT_EQ(use(c), 0);
  EXPECT_EQ(use(a), 1) << "in place of b";
  EXPECT_EQ(use(a) + use(c), 0);
  EXPECT_EQ(counters().graph_evictions, 3);
  EXPECT_EQ(counters().fallbacks_memory, 0);
}

TEST_P(GraphPoolTest, EvictingTheLargestGivesMemoryBack) {
  limit(/*graphs=*/1, /*bytes=*/0);
  Region large(64 * unit(), 1), small(4 * unit(), 2);
  BufferPtr x = filled(64 * unit(), 0), y = filled(64 * unit(), 0);
  for (int i = 0; i < 2; ++i)
    ASSERT_OK(forward(large, x, y));
  EXPECT_EQ(counters().graph_bytes, held(2 * 64 * unit()));
  for (int i = 0; i < 2; ++i)
    ASSERT_OK(forward(small, x, y));
  ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
  if (onGpu) // gives memory back by whole chunks
    EXPECT_LT(counters().graph_bytes, 2 * 64 * unit());
  else
    EXPECT_EQ(counters().graph_bytes, 2 * 4 * unit());
  EXPECT_EQ(counters().graph_peak_bytes, held(2 * 64 * unit()));
}

TEST_P(GraphPoolTest, AGraphMayBeEvictedWhileItRuns) {
  limit(/*graphs=*/1, /*bytes=*/0, /*maxDelayUs=*/2000);
  Region regions[] = {Region(64 * unit(), 1), Region(4 * unit(), 2)};
  StreamPtr other = makeStream(device.get());
  capstan_rt_stream *streams[] = {stream.get(), other.get()};
  BufferPtr x[] = {filled(64 * unit(), 0), filled(4 * unit(), 0)};
  for (int i : {0, 1})
    ASSERT_OK(forward(regions[i], x[i], x[i])); // x is 1, and 2
  ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
  std::vector<BufferPtr> y;
  for (int batch = 0; batch < 10; ++batch)
    for (int i : {0, 1}) {
      y.push_back(filled(regions[i].bytes, 0, streams[i]));
      ASSERT_OK(forward(regions[i], x[i], y.back(), streams[i]));
    }
  EXPECT_EQ(counters().graph_captures, 20);
  EXPECT_EQ(counters().graph_evictions, 19);
  for (size_t i = 0; i < y.size(); ++i)
    EXPECT_EQ(read(y[i], streams[i % 2]), i % 2 ? 4 : 2);
}

TEST_P(GraphPoolTest, AForwardEvictsNoGraphOfItsOwn) {
  limit(/*graphs=*/2, /*bytes=*/0);
  Region regions[] = {Region(4 * unit(), 1), Region(4 * unit(), 2),
                      Region(4 * unit(), 3)};
  BufferPtr x = filled(4 * unit(), 0),
            y[] = {filled(4 * unit(), 0), filled(4 * unit(), 0),
                   filled(4 * unit(), 0)};
  for (int batch = 0; batch < 10; ++batch) {
    write(x, batch);
    ASSERT_OK(inForward([&](auto *f) {
      for (int i = 0; i < 3; ++i) {
        void *result;
        EXPECT_OK(regions[i].run(f, data(x), &result));
        EXPECT_OK(capstan_rt_copy(f, data(y[i]), result, 4 * unit()));
        EXPECT_OK(capstan_rt_free(f, result));
      }
      return 0;
    }));
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(read(y[i]), batch + i + 1);
  }
  EXPECT_EQ(counters().graph_captures, 2) << "not one for every batch";
  EXPECT_EQ(counters().graph_evictions, 0);
  EXPECT_EQ(counters().fallbacks_memory, 9);
}

TEST_P(GraphPoolTest, EvictionsUnderEightThreads) {
  limit(/*graphs=*/2, /*bytes=*/0, /*maxDelayUs=*/50);
  Region regions[] = {Region(4 * unit(), 1), Region(16 * unit(), 2),
                      Region(8 * unit(), 3), Region(32 * unit(), 4)};
  StreamPtr two[] = {makeStream(device.get()), makeStream(device.get())};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      capstan_rt_stream *own = two[t % 2].get();
      BufferPtr x = filled(32 * unit(), 0, own),
                y = filled(32 * unit(), 0, own);
      for (int i = 0; i < 30; ++i) {
        Region &region = regions[(t + i) % 4];
        float value = 100 * t + i;
        std::vector<float> result(region.bytes / 4);
        write(x, value, own);
        wrong += forward(region, x, y, own) != CAPSTAN_RT_OK;
        wrong += capstan_rt_buffer_read(y.get(), own, 0, result.data(),
                                        region.bytes) != CAPSTAN_RT_OK;
        for (float each : result)
          wrong += each != value + region.summand;
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(counters().graph_evictions, 0);
  EXPECT_GT(counters().graph_replays, 0);
  EXPECT_LE(counters().graph_bytes, held(5 * 32 * unit()));
}

TEST_P(GraphPoolTest, AGraphOverTheLimitOfBytesIsNotMade) {
  limit(/*graphs=*/0, /*bytes=*/100 * unit());
  Region small(16 * unit(), 1), large(64 * unit(), 2);
  BufferPtr x = filled(16 * unit(), 3), y = filled(16 * unit(), 0);
  BufferPtr largeX = filled(64 * unit(), 3), largeY = filled(64 * unit(), 0);
  for (int i = 0; i < 4; ++i) {
    write(largeX, i);
    ASSERT_OK(forward(large, largeX, largeY));
    EXPECT_EQ(read(largeY), i + 2);
    write(x, i);
    ASSERT_OK(forward(small, x, y));
    EXPECT_EQ(read(y), i + 1);
  }
  EXPECT_EQ(large.bodies, 4);
  EXPECT_EQ(small.bodies, 2);
  EXPECT_EQ(counters().graph_captures, 1);
  EXPECT_EQ(counters().fallbacks_memory, 1);
  EXPECT_EQ(counters().fallbacks_capture, 0);
  EXPECT_LE(counters().graph_peak_bytes, 100 * unit());
  EXPECT_EQ(counters().graph_bytes, held(2 * 16 * unit()));
}

TEST_P(GraphPoolTest, StagingOverTheLimitOfBytes) {
  limit(/*graphs=*/0, /*bytes=*/32 * unit());
  Region region(16 * unit(), 1);
  std::vector<BufferPtr> inputs;
  for (int i = 0; i < 5; ++i) {
    inputs.push_back(filled(16 * unit(), i));
    BufferPtr y = filled(16 * unit(), 0);
    ASSERT_OK(forward(region, inputs.back(), y));
    EXPECT_EQ(read(y), i + 1);
  }
  EXPECT_EQ(counters().graph_captures, 1) << "before the input moved";
  EXPECT_EQ(counters().fallbacks_memory, 1);
}

TEST_P(GraphPoolTest, OutOfMemoryInsideACaptureGoesOnWithoutGraph) {
  if (onGpu)
    GTEST_SKIP() << "a stream of a GPU keeps no memory that graphs can't have";
  for (int64_t left :
       {100 * unit(), 40 * unit()}) { // at the second, and first alloc
    capstan_rt_device_config config = makeConfig(/*maxDelayUs=*/100);
    config.memory_limit = 1024 * unit();
    reset(config);
    Region region(64 * unit(), 1);
    BufferPtr x = filled(64 * unit(), 0), y = filled(64 * unit(), 0);
    ASSERT_OK(forward(region, x, y));
    StreamPtr other = makeStream(device.get()); // its memory is not trimmed
    std::vector<BufferPtr> rest;
    // What is in use: x, y, and what the first run has left to its stream.
    for (int64_t free = 1024 * unit() - 4 * 64 * unit(); free > left;
         free -= 4 * unit())
      rest.push_back(makeBuffer(other.get(), 4 * unit()));
    for (int i = 0; i < 4; ++i) {
      write(x, i);
      ASSERT_OK(forward(region, x, y));
      EXPECT_EQ(read(y), i + 1);
    }
    EXPECT_EQ(region.bodies, 5);
    EXPECT_EQ(counters().graph_captures, 0);
    EXPECT_EQ(counters().graph_replays, 0);
    EXPECT_EQ(counters().fallbacks_memory, 1);
    EXPECT_EQ(counters().graph_bytes, 0);
  }
}

TEST_P(GraphPoolTest, OutOfMemoryAndThenAFailingBody) {
  limit(/*graphs=*/0, /*bytes=*/100 * unit(), /*maxDelayUs=*/300);
  Region region(64 * unit(), 1), another(16 * unit(), 2);
  BufferPtr x = filled(64 * unit(), 0), y = filled(64 * unit(), 0);
  ASSERT_OK(forward(region, x, y));
  EXPECT_FAILS(CAPSTAN_RT_CHECK_FAILED, "no", inForward([&](auto *f) {
                 void *result;
                 return region.run(f, data(x), &result, [&] {
                   void *large;
                   EXPECT_OK(capstan_rt_alloc(f, 64 * unit(), 64, &large));
                   return capstan_rt_fail(f, CAPSTAN_RT_CHECK_FAILED, "no",
                                          nullptr);
                 });
               }));
  EXPECT_EQ(counters().fallbacks_memory, 1);
  EXPECT_EQ(counters().fallbacks_capture, 0);
  // The pool is free again.
  BufferPtr smallX = filled(16 * unit(), 1), smallY = filled(16 * unit(), 0);
  warmUp(another, smallX, smallY);
  EXPECT_EQ(counters().graph_captures, 1);
}

// vllm-project/vllm 53915: a replay read the address of the capture.
TEST_P(GraphPoolTest, TrapAnInputAtAnotherAddressAtReplay) {
  Region region(4 * unit(), 1);
  BufferPtr fixed = filled(4 * unit(), 1), y = filled(4 * unit(), 0);
  warmUp(region, fixed, y);
  std::vector<BufferPtr> inputs;
  for (int i = 0; i < 10; ++i) {
    inputs.push_back(filled(4 * unit(), 10 * i));
    ASSERT_OK(forward(region, inputs.back(), y));
    EXPECT_EQ(read(y), 10 * i + 1);
  }
  EXPECT_EQ(counters().graph_captures, 2) << "one for the move";
  EXPECT_EQ(region.bodies, 3);
}

// pytorch/torchtitan 3709: a replay used the offsets of an earlier batch.
TEST_P(GraphPoolTest, TrapOffsetsAreThoseOfTheBatch) {
  const int64_t in[] = {8 * 4, 64 * 4}, out[] = {8 * 4};
  capstan_rt_graph_region region = {sizeof(region), 2,      1, in, out,
                                    nullptr,        "t:2:2"};
  BufferPtr offsets = makeBuffer(stream.get(), in[0]);
  BufferPtr x = makeBuffer(stream.get(), in[1]);
  BufferPtr y = makeBuffer(stream.get(), out[0]);
  std::vector<float> values(64), result(8);
  for (int i = 0; i < 64; ++i)
    values[i] = i;
  ASSERT_OK(
      capstan_rt_buffer_write(x.get(), stream.get(), 0, values.data(), in[1]));
  for (int batch = 0; batch < 6; ++batch) {
    std::vector<int32_t> starts(8);
    for (int i = 0; i < 8; ++i)
      starts[i] = (i * (batch + 3)) % 64;
    ASSERT_OK(capstan_rt_buffer_write(offsets.get(), stream.get(), 0,
                                      starts.data(), in[0]));
    ASSERT_OK(inForward([&](auto *f) {
      void *inputs[] = {data(offsets), data(x)}, *made, *results[1];
      int32_t run;
      EXPECT_OK(
          capstan_rt_graph_begin(f, &region, nullptr, inputs, results, &run));
      if (run) {
        EXPECT_OK(capstan_rt_alloc(f, out[0], 64, &made));
        GatherArguments gather = {static_cast<int32_t *>(inputs[0]),
                                  static_cast<float *>(inputs[1]),
                                  static_cast<float *>(made)};
        EXPECT_OK(launch(f, gatherKernel, &gather, sizeof(gather), 8));
        EXPECT_OK(capstan_rt_graph_end(f, &region, nullptr, &made, results));
      }
      EXPECT_OK(capstan_rt_copy(f, data(y), results[0], out[0]));
      return capstan_rt_free(f, results[0]);
    }));
    ASSERT_OK(capstan_rt_buffer_read(y.get(), stream.get(), 0, result.data(),
                                     out[0]));
    for (int i = 0; i < 8; ++i)
      EXPECT_EQ(result[i], starts[i]);
  }
  EXPECT_EQ(counters().graph_captures, 1);
  EXPECT_EQ(counters().graph_replays, 5);
}

// pytorch/pytorch 188150: a new recording for every batch.
TEST_P(GraphPoolTest, TrapAlternatingRegionsAreCapturedOnce) {
  Region regions[] = {Region(4 * unit(), 1), Region(8 * unit(), 2),
                      Region(16 * unit(), 3)};
  BufferPtr x[] = {filled(4 * unit(), 0), filled(8 * unit(), 0),
                   filled(16 * unit(), 0)};
  BufferPtr y[] = {filled(4 * unit(), 0), filled(8 * unit(), 0),
                   filled(16 * unit(), 0)};
  for (int batch = 0; batch < 100; ++batch) {
    int i = batch % 3;
    write(x[i], batch);
    ASSERT_OK(forward(regions[i], x[i], y[i]));
    EXPECT_EQ(read(y[i]), batch + i + 1);
  }
  EXPECT_EQ(counters().graph_captures, 3);
  EXPECT_EQ(counters().graph_replays, 97);
  for (Region &region : regions)
    EXPECT_EQ(region.bodies, 2);
}
