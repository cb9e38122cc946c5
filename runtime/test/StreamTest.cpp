//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Support.h"

using namespace capstan::rt::test;

namespace {
class StreamTest : public Conformance {
protected:
  void SetUp() override { reset(makeConfig(/*maxDelayUs=*/500)); }

  int32_t add(capstan_rt_forward *forward, capstan_rt_buffer *buffer,
              float summand) {
    AddArguments arguments = {
        static_cast<float *>(capstan_rt_buffer_data(buffer)), summand};
    return launch(forward, addKernel, &arguments, sizeof(arguments), 1);
  }
};
CAPSTAN_RT_CONFORMANCE(StreamTest);
} // namespace

TEST_P(StreamTest, WorkRunsInOrder) {
  BufferPtr buffer = makeBuffer(stream.get(), 4);
  float value = 1;
  for (int i = 0; i < 50; ++i) {
    ASSERT_OK(
        capstan_rt_buffer_write(buffer.get(), stream.get(), 0, &value, 4));
    ASSERT_OK(inForward([&](auto *f) { return add(f, buffer.get(), 2); }));
    ASSERT_OK(capstan_rt_buffer_read(buffer.get(), stream.get(), 0, &value, 4));
    ASSERT_EQ(value, 3 + 2 * i);
  }
}

TEST_P(StreamTest, FullQueuesBlock) {
  reset(makeConfig());
  BufferPtr buffer = makeBuffer(stream.get(), 4);
  float value = 0;
  ASSERT_OK(capstan_rt_buffer_write(buffer.get(), stream.get(), 0, &value, 4));
  ASSERT_OK(inForward([&](auto *f) {
    for (int i = 0; i < 5000; ++i)
      if (int32_t status = add(f, buffer.get(), 1))
        return status;
    return int32_t(CAPSTAN_RT_OK);
  }));
  ASSERT_OK(capstan_rt_buffer_read(buffer.get(), stream.get(), 0, &value, 4));
  EXPECT_EQ(value, 5000);
}

TEST_P(StreamTest, SourcesAreReadWhenTheWorkRuns) {
  BufferPtr from = makeBuffer(stream.get(), 4),
            to = makeBuffer(stream.get(), 4);
  float value = 1, out = 0;
  ASSERT_OK(capstan_rt_buffer_write(from.get(), stream.get(), 0, &value, 4));
  ASSERT_OK(inForward([&](auto *f) {
    int32_t status = add(f, from.get(), 1);
    return status ? status
                  : capstan_rt_copy(f, capstan_rt_buffer_data(to.get()),
                                    capstan_rt_buffer_data(from.get()), 4);
  }));
  ASSERT_OK(capstan_rt_buffer_read(to.get(), stream.get(), 0, &out, 4));
  EXPECT_EQ(out, 2);
}

TEST_P(StreamTest, EventsOrderStreams) {
  StreamPtr other = makeStream(device.get());
  capstan_rt_event *raw;
  ASSERT_OK(capstan_rt_event_create(device.get(), &raw));
  EventPtr event(raw);
  BufferPtr buffer = makeBuffer(stream.get(), 4);
  for (float value = 0; value < 20; ++value) {
    float out = -1;
    ASSERT_OK(
        capstan_rt_buffer_write(buffer.get(), stream.get(), 0, &value, 4));
    ASSERT_OK(capstan_rt_event_record(event.get(), stream.get()));
    ASSERT_OK(capstan_rt_stream_wait_event(other.get(), event.get()));
    ASSERT_OK(capstan_rt_buffer_read(buffer.get(), other.get(), 0, &out, 4));
    ASSERT_EQ(out, value);
  }
}

TEST_P(StreamTest, EventsAreDoneUntilRecorded) {
  capstan_rt_event *raw;
  ASSERT_OK(capstan_rt_event_create(device.get(), &raw));
  EventPtr event(raw);
  int32_t done = 0;
  EXPECT_OK(capstan_rt_event_query(event.get(), &done));
  EXPECT_EQ(done, 1);
  EXPECT_OK(capstan_rt_event_synchronize(event.get()));
  EXPECT_OK(capstan_rt_stream_wait_event(stream.get(), event.get()));
  EXPECT_OK(capstan_rt_event_record(event.get(), stream.get()));
  EXPECT_OK(capstan_rt_event_synchronize(event.get()));
  EXPECT_OK(capstan_rt_event_query(event.get(), &done));
  EXPECT_EQ(done, 1);
}

TEST_P(StreamTest, QueriesDontWait) {
  reset(makeConfig(/*maxDelayUs=*/20000));
  BufferPtr buffer = makeBuffer(stream.get(), 4);
  float value = 0;
  for (int i = 0; i < 4; ++i)
    ASSERT_OK(
        capstan_rt_buffer_write(buffer.get(), stream.get(), 0, &value, 4));
  int32_t done = 1;
  ASSERT_OK(capstan_rt_stream_query(stream.get(), &done));
  ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
  ASSERT_OK(capstan_rt_stream_query(stream.get(), &done));
  EXPECT_EQ(done, 1);
}

TEST_P(StreamTest, NativeStreams) {
  capstan_rt_stream *wrapped;
  EXPECT_EQ(capstan_rt_stream_native(nullptr), nullptr);
  EXPECT_EQ(capstan_rt_stream_native(stream.get()) != nullptr, onGpu);
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_stream_wrap(nullptr, nullptr, &wrapped));
  if (onGpu)
    return;
  EXPECT_FAILS(CAPSTAN_RT_UNSUPPORTED, "the host has no streams but",
               capstan_rt_stream_wrap(device.get(), nullptr, &wrapped));
  EXPECT_EQ(wrapped, nullptr);
}

TEST_P(StreamTest, RejectsNullAndForeignHandles) {
  int32_t done;
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_stream_synchronize(nullptr));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_stream_query(stream.get(), nullptr));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_event_query(nullptr, &done));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_stream_create(nullptr, nullptr));
  DevicePtr other = makeDevice(GetParam(), makeConfig());
  capstan_rt_event *raw;
  ASSERT_OK(capstan_rt_event_create(other.get(), &raw));
  EventPtr event(raw);
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "different devices",
               capstan_rt_event_record(event.get(), stream.get()));
}
