//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Support.h"

using namespace capstan::rt::test;
using testing::Each;
using testing::ElementsAre;

namespace {
class GraphTest : public Conformance {
protected:
  void TearDown() override {
    // Whatever happened to a capture, the stream works.
    EXPECT_OK(inForward([](auto *) { return 0; }));
    EXPECT_OK(capstan_rt_stream_synchronize(stream.get()));
  }
  GraphPtr endCapture() {
    capstan_rt_graph *graph;
    EXPECT_OK(capstan_rt_capture_end(stream.get(), &graph));
    return GraphPtr(graph);
  }
  void expectDiscarded(const char *why) {
    capstan_rt_graph *graph;
    EXPECT_FAILS(CAPSTAN_RT_INVALID_CAPTURE, why,
                 capstan_rt_capture_end(stream.get(), &graph));
    EXPECT_EQ(graph, nullptr);
  }
  /// Captures one call of scaled's entry, into `y`.
  GraphPtr captureScale(const ModulePtr &scaled, Tensor &x, Tensor &factor,
                        Tensor &y) {
    DLManagedTensorVersioned *in[] = {x, factor}, *out[] = {y};
    EXPECT_OK(capstan_rt_capture_begin(stream.get()));
    EXPECT_OK(capstan_rt_call_into(lookup(scaled, "scale"), stream.get(), 2, in,
                                   1, out));
    return endCapture();
  }
};
CAPSTAN_RT_CONFORMANCE(GraphTest);
} // namespace

TEST_P(GraphTest, ReplaysWithFreshContents) {
  ModulePtr scaled = openModule(device.get(), "scaled");
  auto x = tensor<float>(stream.get(), {3}, {1, 2, 3});
  auto factor = tensor<float>(stream.get(), {}, {2});
  auto y = tensor<float>(stream.get(), {3}, {0, 0, 0});
  GraphPtr graph = captureScale(scaled, *x, *factor, *y);
  EXPECT_THAT(read<float>(*y, stream.get()), Each(0))
      << "capturing runs nothing";
  for (float value : {2.0f, 3.0f, 4.0f}) {
    ASSERT_OK(capstan_rt_buffer_write(factor->buffer.get(), stream.get(), 0,
                                      &value, 4));
    ASSERT_OK(capstan_rt_graph_launch(graph.get(), stream.get()));
    EXPECT_THAT(read<float>(*y, stream.get()),
                ElementsAre(value, 2 * value, 3 * value));
  }
  EXPECT_EQ(countersOf(scaled.get()).graph_replays, 3);
  EXPECT_EQ(countersOf(device.get()).graph_captures, 1);
}

TEST_P(GraphTest, KnowsItsSize) {
  ModulePtr scaled = openModule(device.get(), "scaled");
  auto x = tensor<float>(stream.get(), {3}, {1, 2, 3});
  auto factor = tensor<float>(stream.get(), {}, {2});
  auto y = tensor<float>(stream.get(), {3}, {0, 0, 0});
  GraphPtr graph = captureScale(scaled, *x, *factor, *y);
  capstan_rt_graph_info info = {};
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "unknown size",
               capstan_rt_graph_get_info(graph.get(), &info));
  info.size = sizeof(info);
  ASSERT_OK(capstan_rt_graph_get_info(graph.get(), &info));
  EXPECT_EQ(info.nodes, 3); // poison, kernel, copy
  EXPECT_EQ(info.bytes, 64);
}

TEST_P(GraphTest, KeepsModulesAndMemoryAlive) {
  auto x = tensor<float>(stream.get(), {3}, {1, 2, 3});
  auto factor = tensor<float>(stream.get(), {}, {2});
  auto y = tensor<float>(stream.get(), {3}, {0, 0, 0});
  GraphPtr graph =
      captureScale(openModule(device.get(), "scaled"), *x, *factor, *y);
  ASSERT_OK(capstan_rt_graph_launch(graph.get(), stream.get()));
  graph = nullptr; // the replay under way keeps it
  EXPECT_THAT(read<float>(*y, stream.get()), ElementsAre(2, 4, 6));
}

TEST_P(GraphTest, ReplaysNeverOverlap) {
  // Each replay adds 1 to its own memory after setting it to 0, slowly.
  reset(makeConfig(/*maxDelayUs=*/300));
  BufferPtr sum = makeBuffer(stream.get(), 4);
  float zero = 0, total = 0;
  ASSERT_OK(capstan_rt_buffer_write(sum.get(), stream.get(), 0, &zero, 4));
  ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
  ASSERT_OK(capstan_rt_capture_begin(stream.get()));
  ASSERT_OK(inForward([&](auto *f) {
    void *own;
    EXPECT_OK(capstan_rt_alloc(f, 4, 4, &own));
    EXPECT_OK(capstan_rt_copy(f, own, capstan_rt_buffer_data(sum.get()), 4));
    AddArguments add = {static_cast<float *>(own), 1};
    EXPECT_OK(launch(f, addKernel, &add, sizeof(add), 1));
    return capstan_rt_copy(f, capstan_rt_buffer_data(sum.get()), own, 4);
  }));
  GraphPtr graph = endCapture();
  StreamPtr other = makeStream(device.get());
  for (int i = 0; i < 20; ++i) {
    ASSERT_OK(capstan_rt_graph_launch(graph.get(), stream.get()));
    ASSERT_OK(capstan_rt_graph_launch(graph.get(), other.get()));
  }
  ASSERT_OK(capstan_rt_stream_synchronize(other.get()));
  ASSERT_OK(capstan_rt_buffer_read(sum.get(), stream.get(), 0, &total, 4));
  EXPECT_EQ(total, 40);
}

TEST_P(GraphTest, ArgumentsAreThoseOfTheCapture) {
  BufferPtr buffer = makeBuffer(stream.get(), 4);
  float value = 0;
  AddArguments add = {
      static_cast<float *>(capstan_rt_buffer_data(buffer.get())), 5};
  ASSERT_OK(capstan_rt_buffer_write(buffer.get(), stream.get(), 0, &value, 4));
  ASSERT_OK(capstan_rt_capture_begin(stream.get()));
  ASSERT_OK(inForward(
      [&](auto *f) { return launch(f, addKernel, &add, sizeof(add), 1); }));
  GraphPtr graph = endCapture();
  add.summand = 100;
  ASSERT_OK(capstan_rt_graph_launch(graph.get(), stream.get()));
  ASSERT_OK(capstan_rt_graph_launch(graph.get(), stream.get()));
  ASSERT_OK(capstan_rt_buffer_read(buffer.get(), stream.get(), 0, &value, 4));
  EXPECT_EQ(value, 10);
}

TEST_P(GraphTest, ErrorsOfReplaysAreReportedEachTime) {
  BufferPtr flag = makeBuffer(stream.get(), 1);
  auto *condition =
      static_cast<const uint8_t *>(capstan_rt_buffer_data(flag.get()));
  ASSERT_OK(capstan_rt_capture_begin(stream.get()));
  ASSERT_OK(inForward([&](auto *f) {
    return capstan_rt_device_check(f, condition, "no", "g.mlir:1:1");
  }));
  GraphPtr graph = endCapture();
  for (uint8_t good : {0, 1, 0, 1}) {
    ASSERT_OK(capstan_rt_buffer_write(flag.get(), stream.get(), 0, &good, 1));
    ASSERT_OK(capstan_rt_graph_launch(graph.get(), stream.get()));
    EXPECT_EQ(capstan_rt_stream_synchronize(stream.get()),
              good ? CAPSTAN_RT_OK : CAPSTAN_RT_CHECK_FAILED);
  }
}

TEST_P(GraphTest, SynchronizingDiscardsTheCapture) {
  ASSERT_OK(capstan_rt_capture_begin(stream.get()));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_CAPTURE,
               "a synchronization while the stream is captured",
               capstan_rt_stream_synchronize(stream.get()));
  // From here on everything says why.
  EXPECT_FAILS(CAPSTAN_RT_INVALID_CAPTURE, "stream_synchronize",
               inForward([](auto *f) {
                 void *m;
                 return capstan_rt_alloc(f, 8, 8, &m);
               }));
  expectDiscarded("stream_synchronize");
  EXPECT_EQ(countersOf(device.get()).fallbacks_capture, 1);
}

TEST_P(GraphTest, CallsThatReadDiscardTheCapture) {
  int32_t out = 3;
  const struct {
    const char *why;
    std::function<int32_t(capstan_rt_forward *)> body;
  } cases[] = {{"read on",
                [&](auto *f) {
                  capstan_rt_part part = {&out, &out, 4};
                  return capstan_rt_read(f, 1, &part);
                }},
               {"fetch_start",
                [&](auto *f) {
                  capstan_rt_part part = {&out, &out, 4};
                  capstan_rt_fetch *fetch;
                  return capstan_rt_fetch_start(f, 1, &part, &fetch);
                }},
               {"host_alloc", [&](auto *f) {
                  void *m;
                  return capstan_rt_host_alloc(f, 4, 4, &m);
                }}};
  for (const auto &each : cases) {
    ASSERT_OK(capstan_rt_capture_begin(stream.get()));
    EXPECT_FAILS(CAPSTAN_RT_INVALID_CAPTURE, each.why, inForward(each.body));
    expectDiscarded(each.why);
  }
  EXPECT_EQ(out, 3);
  EXPECT_EQ(countersOf(device.get()).fallbacks_capture, 3);
}

TEST_P(GraphTest, MemoryThatRunsOutDiscardsTheCapture) {
  auto allocate = [&](int64_t bytes) {
    return inForward([&](auto *f) {
      void *memory;
      return capstan_rt_alloc(f, bytes, 64, &memory);
    });
  };
  ASSERT_OK(capstan_rt_capture_begin(stream.get()));
  ASSERT_OK(allocate(64));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_CAPTURE,
               "alloc on " + GetParam() + ": no memory for",
               allocate(int64_t(1) << 60));
  expectDiscarded("no memory for");
  EXPECT_EQ(countersOf(device.get()).fallbacks_capture, 1);
  EXPECT_OK(allocate(64));
}

TEST_P(GraphTest, ResultsNeverBelongToGraphs) {
  ModulePtr scaled = openModule(device.get(), "scaled");
  auto x = tensor<float>(stream.get(), {3}, {1, 2, 3});
  auto factor = tensor<float>(stream.get(), {}, {2});
  ASSERT_OK(capstan_rt_capture_begin(stream.get()));
  EXPECT_FAILS(
      CAPSTAN_RT_INVALID_CAPTURE, "use call_into",
      call(lookup(scaled, "scale"), stream.get(), {*x, *factor}, 1).status);
  expectDiscarded("use call_into");
}

TEST_P(GraphTest, ResultsOfTheHostDiscardTheCapture) {
  ModulePtr packed = openModule(device.get(), "packed");
  auto x = tensor<float>(stream.get(), {1, 4}, {1, 2, 3, 4});
  auto lens = tensor<int32_t>(stream.get(), {1}, {1});
  auto y = tensor<float>(stream.get(), {1, 4}, {0, 0, 0, 0});
  auto total = scalar<int64_t>(0);
  DLManagedTensorVersioned *in[] = {*x, *lens}, *out[] = {*y, *total};
  ASSERT_OK(capstan_rt_capture_begin(stream.get()));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_CAPTURE, "result 1 'total' of the host",
               capstan_rt_call_into(lookup(packed, "forward"), stream.get(), 2,
                                    in, 2, out));
  expectDiscarded("'total'");
}

TEST_P(GraphTest, OtherThingsThatACaptureRefuses) {
  capstan_rt_event *rawEvent;
  ASSERT_OK(capstan_rt_event_create(device.get(), &rawEvent));
  EventPtr event(rawEvent);
  capstan_rt_buffer *buffer;
  int32_t done;
  ASSERT_OK(capstan_rt_capture_begin(stream.get()));
  GraphPtr empty = endCapture();
  const std::function<int32_t()> refused[] = {
      [&] { return capstan_rt_event_record(event.get(), stream.get()); },
      [&] { return capstan_rt_stream_wait_event(stream.get(), event.get()); },
      [&] { return capstan_rt_stream_query(stream.get(), &done); },
      [&] { return capstan_rt_buffer_create(stream.get(), 8, &buffer); },
      [&] { return capstan_rt_graph_launch(empty.get(), stream.get()); }};
  for (const auto &each : refused) {
    ASSERT_OK(capstan_rt_capture_begin(stream.get()));
    EXPECT_EQ(each(), CAPSTAN_RT_INVALID_CAPTURE);
    expectDiscarded("the capture is discarded");
  }
}

TEST_P(GraphTest, BeginAndEndInPairs) {
  capstan_rt_graph *graph;
  EXPECT_FAILS(CAPSTAN_RT_INVALID_CAPTURE, "not being captured",
               capstan_rt_capture_end(stream.get(), &graph));
  ASSERT_OK(capstan_rt_capture_begin(stream.get()));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_CAPTURE, "being captured already",
               capstan_rt_capture_begin(stream.get()));
  endCapture();
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_capture_begin(nullptr));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_graph_launch(nullptr, stream.get()));
}

TEST_P(GraphTest, OtherStreamsWorkDuringACapture) {
  capstan_rt_event *rawEvent;
  ASSERT_OK(capstan_rt_event_create(device.get(), &rawEvent));
  EventPtr event(rawEvent);
  BufferPtr sum = makeBuffer(stream.get(), 4);
  float value = 0;
  ASSERT_OK(capstan_rt_buffer_write(sum.get(), stream.get(), 0, &value, 4));
  ASSERT_OK(capstan_rt_capture_begin(stream.get()));
  {
    // Of the same thread: all that makes, waits for and ends things.
    StreamPtr other = makeStream(device.get());
    BufferPtr own = makeBuffer(other.get(), 5000);
    value = 3;
    ASSERT_OK(capstan_rt_buffer_write(own.get(), other.get(), 0, &value, 4));
    ASSERT_OK(capstan_rt_event_record(event.get(), other.get()));
    ASSERT_OK(capstan_rt_event_synchronize(event.get()));
    ModulePtr packed = openModule(device.get(), "packed");
    auto x = tensor<float>(other.get(), {1, 4}, {1, 2, 3, 4});
    auto lens = tensor<int32_t>(other.get(), {1}, {1});
    CallResult result =
        call(lookup(packed, "forward"), other.get(), {*x, *lens}, 2);
    ASSERT_OK(result.status);
    EXPECT_THAT(read<float>(result.results[0].get(), other.get()),
                ElementsAre(3, 5, 7, 9));
    ASSERT_OK(capstan_rt_buffer_read(own.get(), other.get(), 0, &value, 4));
    EXPECT_EQ(value, 3);
    int32_t done;
    ASSERT_OK(capstan_rt_stream_query(other.get(), &done));
    ASSERT_OK(capstan_rt_stream_synchronize(other.get()));
  }
  ASSERT_OK(inForward([&](auto *f) {
    AddArguments add = {static_cast<float *>(capstan_rt_buffer_data(sum.get())),
                        1};
    return launch(f, addKernel, &add, sizeof(add), 1);
  }));
  GraphPtr graph = endCapture();
  for (int i = 0; i < 2; ++i)
    ASSERT_OK(capstan_rt_graph_launch(graph.get(), stream.get()));
  ASSERT_OK(capstan_rt_buffer_read(sum.get(), stream.get(), 0, &value, 4));
  EXPECT_EQ(value, 2);
}

TEST_P(GraphTest, StreamsMayEndWhileCaptured) {
  StreamPtr brief = makeStream(device.get());
  ASSERT_OK(capstan_rt_capture_begin(brief.get()));
  EXPECT_OK(inForward(
      [](auto *f) {
        void *m;
        return capstan_rt_alloc(f, 8, 8, &m);
      },
      brief.get()));
}
