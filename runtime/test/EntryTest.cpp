//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Support.h"

#include <atomic>

using namespace capstan::rt::test;
using testing::HasSubstr;

namespace {
class EntryTest : public Conformance {
protected:
  void TearDown() override {
    EXPECT_OK(inForward([](auto *) { return 0; })); // still usable
    EXPECT_OK(capstan_rt_stream_synchronize(stream.get()));
  }
};
CAPSTAN_RT_CONFORMANCE(EntryTest);
constexpr int32_t invalid = CAPSTAN_RT_INVALID_ARGUMENT;
} // namespace

TEST_P(EntryTest, AllocatesAligned) {
  ASSERT_OK(inForward([](auto *f) {
    for (int64_t alignment : {1, 8, 64, 256, 4096})
      for (int64_t bytes : {0, 1, 1000, 100000}) {
        void *memory, *host;
        EXPECT_OK(capstan_rt_alloc(f, bytes, alignment, &memory));
        EXPECT_OK(capstan_rt_host_alloc(f, bytes, alignment, &host));
        EXPECT_NE(memory, nullptr);
        EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % alignment, 0u);
        EXPECT_EQ(reinterpret_cast<uintptr_t>(host) % alignment, 0u);
        EXPECT_OK(capstan_rt_free(f, memory));
        EXPECT_OK(capstan_rt_host_free(f, host));
      }
    EXPECT_OK(capstan_rt_free(f, nullptr));
    return capstan_rt_host_free(f, nullptr);
  }));
}

TEST_P(EntryTest, AllocRejects) {
  void *m;
  EXPECT_FORWARD_FAILS(invalid, "-1 bytes", capstan_rt_alloc(f, -1, 8, &m));
  EXPECT_FORWARD_FAILS(invalid, "not a power of two",
                       capstan_rt_alloc(f, 8, 24, &m));
  EXPECT_FORWARD_FAILS(invalid, "not a power of two",
                       capstan_rt_host_alloc(f, 8, 0, &m));
  EXPECT_FORWARD_FAILS(invalid, "memory is null",
                       capstan_rt_alloc(f, 8, 8, nullptr));
  EXPECT_FORWARD_FAILS(CAPSTAN_RT_OUT_OF_MEMORY, "no memory for",
                       capstan_rt_alloc(f, int64_t(1) << 60, 8, &m));
  EXPECT_FORWARD_FAILS(CAPSTAN_RT_OUT_OF_MEMORY, "host_alloc",
                       capstan_rt_host_alloc(f, int64_t(1) << 60, 8, &m));
}

TEST_P(EntryTest, FreeRejectsWhatIsNotTheForwards) {
  int local;
  EXPECT_FORWARD_FAILS(invalid, "not memory that this forward",
                       capstan_rt_free(f, &local));
  EXPECT_FAILS(invalid, "not memory that this forward", inForward([](auto *f) {
                 void *m;
                 EXPECT_OK(capstan_rt_alloc(f, 8, 8, &m));
                 EXPECT_OK(capstan_rt_free(f, m));
                 return capstan_rt_free(f, m); // twice
               }));
  EXPECT_FAILS(invalid, "not memory that this forward", inForward([](auto *f) {
                 void *m;
                 EXPECT_OK(capstan_rt_alloc(f, 8, 8, &m));
                 return capstan_rt_host_free(f, m); // the other kind
               }));
}

TEST_P(EntryTest, CopiesReject) {
  char bytes[8];
  EXPECT_FORWARD_FAILS(invalid, "copy", capstan_rt_copy(f, nullptr, bytes, 8));
  EXPECT_FORWARD_FAILS(invalid, "copy", capstan_rt_copy(f, bytes, bytes, -8));
  EXPECT_FORWARD_FAILS(invalid, "to_device",
                       capstan_rt_to_device(f, bytes, nullptr, 8));
  EXPECT_OK(inForward([](auto *f) {
    EXPECT_OK(capstan_rt_copy(f, nullptr, nullptr, 0));
    return capstan_rt_to_device(f, nullptr, nullptr, 0);
  }));
}

TEST_P(EntryTest, ToDeviceReadsItsSourceAtOnce) {
  reset(makeConfig(/*maxDelayUs=*/2000));
  ASSERT_OK(inForward([](auto *f) {
    void *m;
    int32_t value = 7, out = 0;
    EXPECT_OK(capstan_rt_alloc(f, 4, 4, &m));
    EXPECT_OK(capstan_rt_to_device(f, m, &value, 4));
    value = 8;
    capstan_rt_part part = {m, &out, 4};
    int32_t status = capstan_rt_read(f, 1, &part);
    EXPECT_EQ(out, 7);
    return status;
  }));
}

TEST_P(EntryTest, KernelsCoverTheirExtent) {
  for (int64_t extent : {0, 1, 2, 3, 17, 1000, 100000}) {
    BufferPtr buffer = makeBuffer(stream.get(), extent * 4);
    std::vector<float> values(extent, 1.0f);
    ASSERT_OK(capstan_rt_buffer_write(buffer.get(), stream.get(), 0,
                                      values.data(), extent * 4));
    AddArguments arguments = {
        static_cast<float *>(capstan_rt_buffer_data(buffer.get())), 2};
    ASSERT_OK(inForward([&](auto *f) {
      int32_t status =
          launch(f, addKernel, &arguments, sizeof(arguments), extent);
      arguments = {}; // they were copied
      return status;
    }));
    ASSERT_OK(capstan_rt_buffer_read(buffer.get(), stream.get(), 0,
                                     values.data(), extent * 4));
    EXPECT_THAT(values, testing::Each(3.0f));
  }
}

TEST_P(EntryTest, SlowKernelsRunOnSeveralThreads) {
  if (onGpu)
    GTEST_SKIP() << "kernels of the host";
  struct Arguments {
    std::atomic<int> *inside, *most;
  };
  std::atomic<int> inside{0}, most{0};
  Arguments arguments = {&inside, &most};
  auto kernel = [](const void *pointer, int64_t begin, int64_t end) -> int32_t {
    auto *a = static_cast<const Arguments *>(pointer);
    int now = ++*a->inside;
    for (int seen = *a->most; seen < now;)
      a->most->compare_exchange_weak(seen, now);
    struct timespec time = {0, 200000 * (end - begin)};
    nanosleep(&time, nullptr);
    --*a->inside;
    return 0;
  };
  ASSERT_OK(inForward([&](auto *f) {
    return capstan_rt_launch(f, &addKernel.info, kernel, &arguments,
                             sizeof(arguments), 100);
  }));
  ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
  EXPECT_GT(most, 1);
  EXPECT_LE(most, 3);
}

TEST_P(EntryTest, LaunchRejects) {
  const capstan_rt_kernel_info *add = &addKernel.info;
  EXPECT_FORWARD_FAILS(invalid, "no kernel",
                       capstan_rt_launch(f, add, nullptr, nullptr, 0, 1));
  EXPECT_FORWARD_FAILS(
      invalid, "no kernel",
      capstan_rt_launch(f, nullptr, addKernel.host, nullptr, 0, 1));
  EXPECT_FORWARD_FAILS(
      invalid, "no arguments",
      capstan_rt_launch(f, add, addKernel.host, nullptr, 8, 1));
  EXPECT_FORWARD_FAILS(
      invalid, "test.mlir:1:1: add on " + GetParam() + ": an extent of -5",
      capstan_rt_launch(f, add, addKernel.host, nullptr, 0, -5));
}

TEST_P(EntryTest, LaunchGpuRejects) {
  void *none[4] = {};
  auto gpu = [&](auto *f, int64_t kernel, int64_t x, void **arguments) {
    return capstan_rt_launch_gpu(f, kernel, x, 1, 1, arguments);
  };
  EXPECT_FORWARD_FAILS(invalid, "no kernel -1 for GPUs", gpu(f, -1, 1, none));
  EXPECT_FORWARD_FAILS(invalid, "no kernel 99 for GPUs", gpu(f, 99, 1, none));
  if (!onGpu) {
    EXPECT_FORWARD_FAILS(invalid, "no kernel 0 for GPUs", gpu(f, 0, 1, none));
    return;
  }
  EXPECT_FORWARD_FAILS(invalid, "a grid of -5 x 1 x 1", gpu(f, 0, -5, none));
  EXPECT_FORWARD_FAILS(invalid, "a grid of 4294967296 x 1 x 1",
                       gpu(f, 0, int64_t(1) << 32, none));
  EXPECT_FORWARD_FAILS(invalid, "no arguments", gpu(f, 0, 1, nullptr));
  EXPECT_OK(inForward([&](auto *f) { return gpu(f, 0, 0, none); }));
  EXPECT_FORWARD_FAILS(
      CAPSTAN_RT_UNSUPPORTED, "no kernels of the host",
      capstan_rt_launch(f, &addKernel.info, addKernel.host, nullptr, 0, 1));
}

TEST_P(EntryTest, ConstantsAreOnTheDevice) {
  const void *data = nullptr;
  auto constant = [&](auto *f, int64_t n) {
    return capstan_rt_constant(f, n, &data);
  };
  EXPECT_FORWARD_FAILS(invalid, "no constant 3 for GPUs", constant(f, 3));
  EXPECT_FORWARD_FAILS(invalid, "no constant -1 for GPUs", constant(f, -1));
  if (!onGpu) {
    EXPECT_FORWARD_FAILS(invalid, "no constant 0 for GPUs", constant(f, 0));
    return;
  }
  EXPECT_FORWARD_FAILS(invalid, "no constant 0",
                       capstan_rt_constant(f, 0, nullptr));
  float values[4] = {};
  ASSERT_OK(inForward([&](auto *f) {
    EXPECT_OK(constant(f, 0));
    capstan_rt_part first = {data, values, 12};
    EXPECT_OK(constant(f, 1)); // empty
    EXPECT_OK(constant(f, 2));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(data) % 256, 0u);
    capstan_rt_part parts[] = {first, {data, values + 3, 4}};
    return capstan_rt_read(f, 2, parts);
  }));
  EXPECT_THAT(values, testing::ElementsAre(1, 2, 3, 4));
}

TEST_P(EntryTest, FailedKernelsSkipTheRestOfTheForward) {
  BufferPtr buffer = makeBuffer(stream.get(), 4);
  float value = 1;
  ASSERT_OK(capstan_rt_buffer_write(buffer.get(), stream.get(), 0, &value, 4));
  AddArguments add = {
      static_cast<float *>(capstan_rt_buffer_data(buffer.get())), 2};
  auto launchAdd = [&](auto *f) {
    return launch(f, addKernel, &add, sizeof(add), 1);
  };
  // The host code doesn't wait: the call itself succeeds.
  ASSERT_OK(inForward([&](auto *f) {
    EXPECT_OK(launch(f, failingKernel, nullptr, 0, 99));
    return launchAdd(f);
  }));
  // The next forward on the stream is not affected.
  ASSERT_OK(inForward(launchAdd));
  EXPECT_FAILS(CAPSTAN_RT_CHECK_FAILED,
               "test.mlir:3:1: " + kernelName("failing") + " on " + GetParam() +
                   ": index out of bounds",
               capstan_rt_stream_synchronize(stream.get()));
  // Reported once.
  ASSERT_OK(capstan_rt_buffer_read(buffer.get(), stream.get(), 0, &value, 4));
  EXPECT_EQ(value, 3);
}

TEST_P(EntryTest, ReadsReportFailedKernels) {
  int32_t out = 5;
  EXPECT_FAILS(CAPSTAN_RT_CHECK_FAILED, "index out of bounds",
               inForward([&](auto *f) {
                 void *m;
                 EXPECT_OK(capstan_rt_alloc(f, 4, 4, &m));
                 EXPECT_OK(launch(f, failingKernel, nullptr, 0, 99));
                 capstan_rt_part part = {m, &out, 4};
                 return capstan_rt_read(f, 1, &part);
               }));
  EXPECT_EQ(out, 5);
}

TEST_P(EntryTest, DeviceChecks) {
  for (uint8_t condition : {1, 0}) {
    BufferPtr buffer = makeBuffer(stream.get(), 1);
    ASSERT_OK(
        capstan_rt_buffer_write(buffer.get(), stream.get(), 0, &condition, 1));
    auto *flag =
        static_cast<const uint8_t *>(capstan_rt_buffer_data(buffer.get()));
    ASSERT_OK(inForward([&](auto *f) {
      return capstan_rt_device_check(f, flag, "too long", "test.mlir:9:9");
    }));
    if (condition)
      EXPECT_OK(capstan_rt_stream_synchronize(stream.get()));
    else
      EXPECT_FAILS(CAPSTAN_RT_CHECK_FAILED,
                   "test.mlir:9:9: device_check on " + GetParam() +
                       ": too long",
                   capstan_rt_stream_synchronize(stream.get()));
  }
  EXPECT_FORWARD_FAILS(invalid, "the condition is null",
                       capstan_rt_device_check(f, nullptr, "m", "l"));
}

TEST_P(EntryTest, EventsReportErrorsToo) {
  capstan_rt_event *raw;
  ASSERT_OK(capstan_rt_event_create(device.get(), &raw));
  EventPtr event(raw);
  ASSERT_OK(inForward(
      [&](auto *f) { return launch(f, failingKernel, nullptr, 0, 99); }));
  ASSERT_OK(capstan_rt_event_record(event.get(), stream.get()));
  EXPECT_FAILS(CAPSTAN_RT_CHECK_FAILED, "index out of bounds",
               capstan_rt_event_synchronize(event.get()));
}

TEST_P(EntryTest, FailGivesMessageAndLocation) {
  EXPECT_FORWARD_FAILS(
      CAPSTAN_RT_CHECK_FAILED, "m.mlir:1:2: assert on " + GetParam() + ": no",
      capstan_rt_fail(f, CAPSTAN_RT_CHECK_FAILED, "no", "m.mlir:1:2"));
  EXPECT_FORWARD_FAILS(CAPSTAN_RT_INTERNAL, "no",
                       capstan_rt_fail(f, CAPSTAN_RT_OK, "no", nullptr));
  EXPECT_FORWARD_FAILS(5, "without a message", (void(f), 5));
}
