//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Graph regions whose inputs are copied: prefixes and numbers of the host; and
// of whose results only the first bytes are wanted.
//
//===----------------------------------------------------------------------===//

#include "Support.h"

#include <numeric>

using namespace capstan::rt::test;

namespace {
constexpr int64_t size = 70000; // more than one block of threads copies
constexpr int64_t inputBytes[] = {size, 8, 4, 2};
constexpr int64_t resultBytes[] = {size, 8, 4};
constexpr uint8_t kinds[] = {CAPSTAN_RT_INPUT_PREFIX, CAPSTAN_RT_INPUT_NUMBER,
                             CAPSTAN_RT_INPUT_WHOLE, CAPSTAN_RT_INPUT_NUMBER};
constexpr capstan_rt_graph_region region = {
    sizeof(region), 4, 3, inputBytes, resultBytes, kinds, "i.mlir:1:2"};

class GraphInputsTest : public Conformance {
protected:
  void SetUp() override {
    Conformance::SetUp();
    auto make = [&](int64_t bytes) { return makeBuffer(stream.get(), bytes); };
    x = make(size + 16), w = make(4), y = make(size), n = make(8), s = make(4);
  }
  struct Batch {
    int64_t offset, live; // of the buffer's bytes
    int64_t number;
    uint16_t small;
  };

  void fill(const Batch &batch) {
    std::vector<uint8_t> bytes(size + 16);
    std::iota(bytes.begin(), bytes.end(), batch.number);
    ASSERT_OK(capstan_rt_buffer_write(x.get(), stream.get(), 0, bytes.data(),
                                      bytes.size()));
  }
  /// A forward whose body copies its inputs to its results.
  int32_t forward(const Batch &batch) {
    return inForward([&](auto *f) { return copies(f, batch); });
  }
  /// What the last forward, or a graph of one, has written is right.
  void expect(const Batch &batch) {
    std::vector<uint8_t> bytes(batch.live), got(batch.live);
    std::iota(bytes.begin(), bytes.end(), batch.number + batch.offset);
    ASSERT_OK(capstan_rt_buffer_read(y.get(), stream.get(), 0, got.data(),
                                     batch.live));
    EXPECT_EQ(got, bytes);
    int64_t number;
    ASSERT_OK(capstan_rt_buffer_read(n.get(), stream.get(), 0, &number, 8));
    EXPECT_EQ(number, batch.number);
    struct {
      uint16_t small, behind;
    } both;
    ASSERT_OK(capstan_rt_buffer_read(s.get(), stream.get(), 0, &both, 4));
    EXPECT_EQ(both.small, batch.small);
  }

  int bodies = 0;

private:
  int32_t copies(capstan_rt_forward *f, const Batch &batch) {
    auto at = [](const BufferPtr &buffer) {
      return static_cast<char *>(capstan_rt_buffer_data(buffer.get()));
    };
    int64_t number = batch.number,
            live[] = {batch.live, -1, -1, -1, batch.live, 8, 4};
    uint16_t small = batch.small;
    void *in[] = {at(x) + batch.offset, &number, at(w), &small}, *results[3];
    int32_t run;
    if (int32_t code =
            capstan_rt_graph_begin(f, &region, live, in, results, &run))
      return code;
    number = small = 0; // they were read at once
    if (run) {
      ++bodies;
      void *made[3];
      for (int i = 0; i < 3; ++i)
        EXPECT_OK(capstan_rt_alloc(f, resultBytes[i], 64, &made[i]));
      EXPECT_OK(capstan_rt_copy(f, made[0], in[0], size));
      EXPECT_OK(capstan_rt_copy(f, made[1], in[1], 8));
      EXPECT_OK(capstan_rt_copy(f, made[2], in[2], 4));
      EXPECT_OK(capstan_rt_copy(f, made[2], in[3], 2));
      if (int32_t code = capstan_rt_graph_end(f, &region, live, made, results))
        return code;
    }
    EXPECT_OK(capstan_rt_copy(f, at(y), results[0], batch.live));
    EXPECT_OK(capstan_rt_copy(f, at(n), results[1], 8));
    return capstan_rt_copy(f, at(s), results[2], 4);
  }

  BufferPtr x, w, s, y, n;
};
CAPSTAN_RT_CONFORMANCE(GraphInputsTest);
} // namespace

TEST_P(GraphInputsTest, AreCopiedInEachRun) {
  int runs = 0;
  for (int64_t live : {size, int64_t(0), size - 1, int64_t(1), int64_t(15),
                       int64_t(4097), int64_t(36), size})
    for (int64_t offset : {0, 4, 1, 2, 16}) {
      Batch batch = {offset, std::min(live, size), 1000 * runs - 3,
                     static_cast<uint16_t>(77 + runs)};
      ASSERT_NO_FATAL_FAILURE(fill(batch));
      ASSERT_OK(forward(batch));
      ASSERT_NO_FATAL_FAILURE(expect(batch));
      ++runs;
    }
  EXPECT_EQ(bodies, 2) << "an ordinary run and a capture";
  EXPECT_EQ(countersOf(module.get()).graph_replays, runs - 1);
  EXPECT_EQ(countersOf(module.get()).graph_captures, 1);
}

TEST_P(GraphInputsTest, AReplayAllocatesWhatIsWanted) {
  for (int i = 0; i < 3; ++i)
    ASSERT_OK(forward({0, 128, 5, 6}));
  int64_t before = countersOf(module.get()).allocated_bytes;
  ASSERT_OK(forward({0, 128, 5, 6}));
  EXPECT_EQ(countersOf(module.get()).allocated_bytes - before, 128 + 8 + 4);
}

TEST_P(GraphInputsTest, AreInTheCallersCapture) {
  Batch batch = {4, 100, 12345678901, 9};
  for (int i = 0; i < 3; ++i)
    ASSERT_OK(forward(batch));
  ASSERT_OK(capstan_rt_capture_begin(stream.get()));
  ASSERT_OK(forward(batch));
  capstan_rt_graph *raw;
  ASSERT_OK(capstan_rt_capture_end(stream.get(), &raw));
  GraphPtr graph(raw);
  EXPECT_EQ(bodies, 3);
  ASSERT_OK(forward({0, 7, 1, 2})); // writes the results, too
  ASSERT_NO_FATAL_FAILURE(fill(batch));
  ASSERT_OK(capstan_rt_graph_launch(graph.get(), stream.get()));
  expect(batch);
}

TEST_P(GraphInputsTest, Rejects) {
  auto begin = [](const capstan_rt_graph_region &what, const int64_t *live) {
    return [=, &what](capstan_rt_forward *f) {
      void *in[4] = {}, *results[3];
      int32_t run;
      return capstan_rt_graph_begin(f, &what, live, in, results, &run);
    };
  };
  const int32_t invalid = CAPSTAN_RT_INVALID_ARGUMENT;
  EXPECT_FAILS(invalid, "more live bytes", inForward(begin(region, nullptr)));
  const int64_t negative[] = {-1, 0, 0, 0, 0, 0, 0};
  EXPECT_FAILS(invalid, "more live bytes", inForward(begin(region, negative)));
  const int64_t result[] = {0, 0, 0, 0, size + 1, 0, 0};
  EXPECT_FAILS(invalid, "more live bytes", inForward(begin(region, result)));
  const uint8_t unknown[] = {0, 0, 3, 0}, wide[] = {2, 0, 0, 0};
  capstan_rt_graph_region bad = region;
  bad.input_kinds = unknown;
  EXPECT_FAILS(invalid,
               "i.mlir:1:2: graph_begin on " + GetParam() +
                   ": input 2 is of no known kind",
               inForward(begin(bad, nullptr)));
  bad.input_kinds = wide;
  EXPECT_FAILS(invalid, "input 0 is of no known kind",
               inForward(begin(bad, nullptr)));
}
