//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Replays that pile up: each has to copy its own inputs and results, and to
// tell its own forward what failed, however many wait for the device.
//
//===----------------------------------------------------------------------===//

#include "Support.h"

#include <atomic>
#include <thread>

using namespace capstan::rt::test;

namespace {
constexpr int inputs = 20; // more than one launch of a copy takes
constexpr int64_t size = 64;

/// Twenty inputs: the first prefixes of bytes, the rest numbers. As many
/// results, of which the last is of no bytes; and a check that the first byte
/// isn't 0.
struct Region {
  int64_t inputBytes[inputs], resultBytes[inputs];
  uint8_t kinds[inputs];
  capstan_rt_graph_region info = {sizeof(info), inputs, inputs,      inputBytes,
                                  resultBytes,  kinds,  "r.mlir:1:2"};
  bool checks = false;
  std::atomic<int> bodies{0};

  Region() {
    for (int i = 0; i < inputs; ++i) {
      bool prefix = i < 4;
      kinds[i] = prefix ? CAPSTAN_RT_INPUT_PREFIX : CAPSTAN_RT_INPUT_NUMBER;
      inputBytes[i] = prefix ? size : 8;
      resultBytes[i] = i < inputs - 1 ? inputBytes[i] : 0;
    }
  }

  /// A forward's part: bytes `live` from `x` on, and numbers from `number` on.
  int32_t run(capstan_rt_forward *f, char *x, int64_t live, int64_t number,
              void **results) {
    int64_t numbers[inputs], bytes[2 * inputs];
    void *in[inputs];
    for (int i = 0; i < inputs; ++i) {
      numbers[i] = number + i;
      in[i] = i < 4 ? x : reinterpret_cast<char *>(&numbers[i]);
      bytes[i] = live;
      bytes[inputs + i] = i < 4 ? live : resultBytes[i];
    }
    int32_t run;
    if (int32_t code =
            capstan_rt_graph_begin(f, &info, bytes, in, results, &run))
      return code;
    if (!run)
      return CAPSTAN_RT_OK;
    ++bodies;
    void *made[inputs];
    if (checks) {
      EXPECT_OK(capstan_rt_device_check(f, static_cast<uint8_t *>(in[0]),
                                        "zero", "r.mlir:2:1"));
    }
    for (int i = 0; i < inputs; ++i) {
      EXPECT_OK(capstan_rt_alloc(f, resultBytes[i], 64, &made[i]));
      EXPECT_OK(capstan_rt_copy(f, made[i], in[i], resultBytes[i]));
    }
    return capstan_rt_graph_end(f, &info, bytes, made, results);
  }
};

class GraphReplaysTest : public Conformance {
protected:
  void SetUp() override {
    Conformance::SetUp();
    std::vector<uint8_t> bytes(forwards + size);
    for (size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = 1 + i % 251;
    x = written(bytes);
    y = makeBuffer(stream.get(), forwards * rowBytes);
  }
  BufferPtr written(const std::vector<uint8_t> &bytes) {
    BufferPtr buffer = makeBuffer(stream.get(), bytes.size());
    EXPECT_OK(capstan_rt_buffer_write(buffer.get(), stream.get(), 0,
                                      bytes.data(), bytes.size()));
    return buffer;
  }
  static char *at(const BufferPtr &buffer) {
    return static_cast<char *>(capstan_rt_buffer_data(buffer.get()));
  }
  static int64_t liveOf(int i) { return i * 7 % (size + 1); }

  /// Forward number `i`; its results stay in row `i`.
  int32_t forward(Region &region, int i, capstan_rt_stream *on = nullptr) {
    return inForward(
        [&](auto *f) {
          void *results[inputs];
          if (int32_t code =
                  region.run(f, at(x) + i, liveOf(i), 1000 * i, results))
            return code;
          char *row = at(y) + i * rowBytes;
          for (int r = 0; r < inputs - 1; ++r) {
            EXPECT_OK(capstan_rt_copy(f, row, results[r],
                                      r < 4 ? liveOf(i) : int64_t(8)));
            row += region.resultBytes[r];
          }
          for (void *result : results)
            EXPECT_OK(capstan_rt_free(f, result));
          return int32_t(CAPSTAN_RT_OK);
        },
        on);
  }
  /// Work that takes long before what comes next.
  void occupy(capstan_rt_stream *on = nullptr) {
    int64_t floats = onGpu ? 16 << 20 : 1 << 12;
    busy = makeBuffer(on ? on : stream.get(), floats * 4);
    ASSERT_OK(inForward(
        [&](auto *f) {
          AddArguments add = {reinterpret_cast<float *>(at(busy)), 1};
          for (int i = 0; i < 300; ++i)
            EXPECT_OK(launch(f, addKernel, &add, sizeof(add), floats));
          return 0;
        },
        on));
  }
  void expectRows(const Region &region, int from, int to) {
    std::vector<uint8_t> got(forwards * rowBytes);
    ASSERT_OK(capstan_rt_buffer_read(y.get(), stream.get(), 0, got.data(),
                                     got.size()));
    for (int i = from; i < to; ++i) {
      const uint8_t *row = got.data() + i * rowBytes;
      for (int r = 0; r < inputs - 1; ++r) {
        for (int64_t b = 0; r < 4 && b < liveOf(i); ++b)
          ASSERT_EQ(row[b], 1 + (i + b) % 251) << "of forward " << i;
        int64_t number;
        memcpy(&number, row, 8);
        ASSERT_TRUE(r < 4 || number == 1000 * i + r) << "of forward " << i;
        row += region.resultBytes[r];
      }
    }
  }

  static constexpr int forwards = 1000;
  static constexpr int64_t rowBytes = 4 * size + (inputs - 5) * 8;
  BufferPtr x, y, busy;
};
CAPSTAN_RT_CONFORMANCE(GraphReplaysTest);
} // namespace

TEST_P(GraphReplaysTest, EachHasItsOwnInputsAndResults) {
  Region region;
  for (int i = 0; i < 2; ++i)
    ASSERT_OK(forward(region, i));
  ASSERT_NO_FATAL_FAILURE(occupy());
  for (int i = 2; i < forwards; ++i)
    ASSERT_OK(forward(region, i));
  expectRows(region, 0, forwards);
  EXPECT_EQ(region.bodies, 2);
  EXPECT_EQ(countersOf(module.get()).graph_replays, forwards - 1);
}

TEST_P(GraphReplaysTest, OfTwoGraphsOnTwoStreams) {
  Region regions[2];
  StreamPtr other = makeStream(device.get());
  ASSERT_OK(capstan_rt_stream_synchronize(stream.get())); // it has the inputs
  for (int i = 0; i < 4; ++i)
    ASSERT_OK(forward(regions[i % 2], i));
  ASSERT_NO_FATAL_FAILURE(occupy());
  // Each graph on both streams, in all orders.
  for (int i = 4; i < forwards; ++i)
    ASSERT_OK(
        forward(regions[i % 3 % 2], i, i % 7 % 2 ? other.get() : stream.get()));
  ASSERT_OK(capstan_rt_stream_synchronize(other.get()));
  expectRows(regions[0], 0, forwards);
  EXPECT_EQ(regions[0].bodies + regions[1].bodies, 4);
}

TEST_P(GraphReplaysTest, OfManyThreads) {
  Region region;
  for (int i = 0; i < 2; ++i)
    ASSERT_OK(forward(region, i));
  ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
  constexpr int count = 4;
  std::vector<std::thread> threads;
  for (int t = 0; t < count; ++t)
    threads.emplace_back([&, t] {
      StreamPtr own = makeStream(device.get());
      for (int i = 2 + t; i < forwards; i += count)
        EXPECT_OK(forward(region, i, own.get()));
      EXPECT_OK(capstan_rt_stream_synchronize(own.get()));
    });
  for (std::thread &thread : threads)
    thread.join();
  expectRows(region, 0, forwards);
  EXPECT_EQ(region.bodies, 2);
}

TEST_P(GraphReplaysTest, FailureIsThatOfItsForward) {
  Region region;
  region.checks = true;
  constexpr int bad = 500;
  std::vector<uint8_t> bytes(forwards + size, 1);
  bytes[bad] = 0;
  x = written(bytes);
  for (int i = 0; i < 2; ++i)
    ASSERT_OK(forward(region, i));
  ASSERT_NO_FATAL_FAILURE(occupy());
  // One forward reads what comes of it; none but the bad one fails.
  for (int i = 2; i < forwards; ++i) {
    if (liveOf(i) == 0)
      continue; // its first byte is another's
    if (i == bad || i % 100 == 1) {
      int32_t code = inForward([&](auto *f) {
        void *results[inputs];
        if (int32_t code =
                region.run(f, at(x) + i, liveOf(i), 1000 * i, results))
          return code;
        uint8_t first;
        capstan_rt_part part = {results[0], &first, 1};
        return capstan_rt_read(f, 1, &part);
      });
      EXPECT_EQ(code, i == bad ? CAPSTAN_RT_CHECK_FAILED : CAPSTAN_RT_OK) << i;
    } else {
      ASSERT_OK(forward(region, i));
    }
  }
  EXPECT_OK(capstan_rt_stream_synchronize(stream.get()));
  EXPECT_EQ(region.bodies, 2);
  // Nobody reads: the stream tells, once.
  ASSERT_OK(forward(region, bad));
  for (int i = 2; i < 300; ++i)
    if (liveOf(i)) {
      ASSERT_OK(forward(region, i));
    }
  EXPECT_FAILS(CAPSTAN_RT_CHECK_FAILED, "zero",
               capstan_rt_stream_synchronize(stream.get()));
  EXPECT_OK(capstan_rt_stream_synchronize(stream.get()));
}

TEST_P(GraphReplaysTest, GraphsMayEndUnderWay) {
  for (int round = 0; round < 3; ++round) {
    Region region;
    for (int i = 0; i < 2; ++i)
      ASSERT_OK(forward(region, i));
    ASSERT_NO_FATAL_FAILURE(occupy());
    for (int i = 2; i < 150; ++i)
      ASSERT_OK(forward(region, i));
    module = makeModule(); // the graph's goes with its last replay
    expectRows(region, 0, 150);
  }
}
