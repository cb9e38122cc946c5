//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Support.h"

#include <thread>

using namespace capstan::rt::test;
using testing::ElementsAre;

namespace {
class CallTest : public Conformance {
protected:
  void SetUp() override {
    Conformance::SetUp();
    packed = openModule(device.get(), "packed");
    function = lookup(packed, "forward");
    x = tensor<float>(stream.get(), {2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
    lens = tensor<int32_t>(stream.get(), {2}, {2, 0});
  }
  void TearDown() override {
    // Whatever happened, the next good call works and nothing is left.
    expectGoodCall();
    x = nullptr;
    lens = nullptr;
    EXPECT_OK(capstan_rt_stream_synchronize(stream.get()));
  }
  void expectGoodCall() {
    auto goodX = tensor<float>(stream.get(), {1, 4}, {1, 2, 3, 4});
    auto goodLens = tensor<int32_t>(stream.get(), {1}, {1});
    CallResult result = call(function, stream.get(), {*goodX, *goodLens}, 2);
    ASSERT_OK(result.status);
    EXPECT_THAT(read<float>(result.results[0].get(), stream.get()),
                ElementsAre(3, 5, 7, 9));
  }
  int32_t status(DLManagedTensorVersioned *a, DLManagedTensorVersioned *b) {
    CallResult result = call(function, stream.get(), {a, b}, 2);
    EXPECT_EQ(result.results[0], nullptr);
    EXPECT_EQ(result.results[1], nullptr);
    return result.status;
  }

  ModulePtr packed;
  const capstan_rt_function *function;
  std::unique_ptr<Tensor> x, lens;
};
CAPSTAN_RT_CONFORMANCE(CallTest);
constexpr int32_t invalid = CAPSTAN_RT_INVALID_ARGUMENT;
} // namespace

TEST_P(CallTest, GivesResults) {
  CallResult result = call(function, stream.get(), {*x, *lens}, 2);
  ASSERT_OK(result.status);
  const DLTensor &y = result.results[0]->dl_tensor;
  ASSERT_EQ(y.ndim, 2);
  EXPECT_EQ(y.shape[0], 2);
  EXPECT_EQ(y.strides[0], 4);
  EXPECT_EQ(y.device.device_type, GetParam() == "host" ? kDLCPU : kDLCUDA);
  EXPECT_THAT(read<float>(result.results[0].get(), stream.get()),
              ElementsAre(4, 6, 8, 10, 12, 14, 16, 18));
  EXPECT_EQ(result.results[1]->dl_tensor.ndim, 0);
  EXPECT_THAT(read<int64_t>(result.results[1].get(), stream.get()),
              ElementsAre(2));
}

TEST_P(CallTest, ArgumentsAreNotCopied) {
  reset(makeConfig());
  packed = openModule(device.get(), "packed");
  function = lookup(packed, "forward");
  auto big =
      tensor<float>(stream.get(), {1000, 4}, std::vector<float>(4000, 1.0f));
  auto length = tensor<int32_t>(stream.get(), {1}, {1000});
  CallResult result = call(function, stream.get(), {*big, *length}, 2);
  ASSERT_OK(result.status);
  // The sum and y.
  EXPECT_EQ(lastForwardOf(packed.get()).allocations, 2);
  EXPECT_EQ(lastForwardOf(packed.get()).allocated_bytes, 4 + 16000);
  x = tensor<float>(stream.get(), {1, 4}, {0, 0, 0, 0});
}

TEST_P(CallTest, CallsIntoTensorsOfTheCaller) {
  auto y = tensor<float>(stream.get(), {2, 4}, std::vector<float>(8));
  auto total = scalar<int64_t>(0);
  DLManagedTensorVersioned *in[] = {*x, *lens}, *out[] = {*y, *total};
  ASSERT_OK(capstan_rt_call_into(function, stream.get(), 2, in, 2, out));
  EXPECT_THAT(read<float>(*y, stream.get()),
              ElementsAre(4, 6, 8, 10, 12, 14, 16, 18));
  EXPECT_THAT(read<int64_t>(*total, stream.get()), ElementsAre(2));
  auto small = tensor<float>(stream.get(), {1, 4}, std::vector<float>(4));
  out[0] = *small;
  EXPECT_FAILS(invalid,
               "result 0 'y': has size 2 in dimension 0, the tensor "
               "given has 1",
               capstan_rt_call_into(function, stream.get(), 2, in, 2, out));
  EXPECT_FAILS(invalid, "the results are null",
               capstan_rt_call_into(function, stream.get(), 2, in, 2, nullptr));
}

TEST_P(CallTest, AcceptsRowMajorStridesAndOffsets) {
  // The strides of a dimension of size 1 mean nothing.
  auto one = tensor<float>(stream.get(), {1, 4}, {1, 2, 3, 4});
  // GPUs want 16 bytes.
  auto length = tensor<int32_t>(stream.get(), {5}, {7, 0, 0, 0, 1});
  one->strides = {77, 1};
  one->dlpack.dl_tensor.strides = one->strides.data();
  length->shape[0] = 1;
  length->dlpack.dl_tensor.byte_offset = 16;
  CallResult result = call(function, stream.get(), {*one, *length}, 2);
  ASSERT_OK(result.status);
  EXPECT_THAT(read<float>(result.results[0].get(), stream.get()),
              ElementsAre(3, 5, 7, 9));
}

TEST_P(CallTest, ZeroRows) {
  auto none = tensor<float>(stream.get(), {0, 4}, {});
  auto zero = tensor<int32_t>(stream.get(), {1}, {0});
  none->dlpack.dl_tensor.data = nullptr; // as DLPack asks for
  CallResult result = call(function, stream.get(), {*none, *zero}, 2);
  ASSERT_OK(result.status);
  EXPECT_EQ(result.results[0]->dl_tensor.shape[0], 0);
  EXPECT_EQ(result.results[0]->dl_tensor.data, nullptr);
}

TEST_P(CallTest, ZeroDocuments) {
  auto none = tensor<int32_t>(stream.get(), {0}, {});
  auto empty = tensor<float>(stream.get(), {0, 4}, {});
  CallResult result = call(function, stream.get(), {*empty, *none}, 2);
  ASSERT_OK(result.status);
  EXPECT_THAT(read<int64_t>(result.results[1].get(), stream.get()),
              ElementsAre(0));
}

TEST_P(CallTest, WrongType) {
  auto wide = tensor<int64_t>(stream.get(), {2}, {2, 0});
  EXPECT_FAILS(invalid, "argument 1 'lens': expected i32, got i64",
               status(*x, *wide));
  lens->dlpack.dl_tensor.dtype.lanes = 2;
  EXPECT_FAILS(invalid, "expected i32, got i32x2", status(*x, *lens));
  x->dlpack.dl_tensor.dtype = {kDLBfloat, 16, 1};
  EXPECT_FAILS(invalid, "argument 0 'x': expected f32, got bf16",
               status(*x, *lens));
  x->dlpack.dl_tensor.dtype = {99, 32, 1};
  EXPECT_FAILS(invalid, "got type 99 of 32 bits", status(*x, *lens));
}

TEST_P(CallTest, WrongRank) {
  EXPECT_FAILS(
      invalid, "argument 1 'lens': expected rank 1, got 2",
      status(*x, *makeTensor({kDLInt, 32, 1}, {1, 1}, "abcd", nullptr)));
  x->dlpack.dl_tensor.ndim = -1;
  EXPECT_FAILS(invalid, "expected rank 2, got -1", status(*x, *lens));
}

TEST_P(CallTest, WrongSizes) {
  x->shape[1] = 3;
  EXPECT_FAILS(invalid, "argument 0 'x': expected size 4 in dimension 1, got 3",
               status(*x, *lens));
  x->shape = {-2, 4};
  x->dlpack.dl_tensor.shape = x->shape.data();
  EXPECT_FAILS(invalid, "'x': size -2 in dimension 0", status(*x, *lens));
  x->shape = {INT64_MAX / 4, 4};
  x->dlpack.dl_tensor.shape = x->shape.data();
  EXPECT_FAILS(invalid, "more elements than memory has", status(*x, *lens));
  x->dlpack.dl_tensor.shape = nullptr;
  EXPECT_FAILS(invalid, "the shape is null", status(*x, *lens));
}

TEST_P(CallTest, NotContiguous) {
  x->strides = {1, 2};
  x->dlpack.dl_tensor.strides = x->strides.data();
  EXPECT_FAILS(invalid,
               "'x': not contiguous: expected stride 1 in dimension "
               "1, got 2",
               status(*x, *lens));
}

TEST_P(CallTest, WrongDevice) {
  x->dlpack.dl_tensor.device = {kDLMetal, 0};
  EXPECT_FAILS(invalid, "on device 8:0 of DLPack", status(*x, *lens));
}

TEST_P(CallTest, NullTensorsAndData) {
  EXPECT_FAILS(invalid, "argument 0 'x': the tensor is null",
               status(nullptr, *lens));
  lens->dlpack.dl_tensor.data = nullptr;
  EXPECT_FAILS(invalid, "argument 1 'lens': the data is null",
               status(*x, *lens));
}

TEST_P(CallTest, MisalignedData) {
  lens->shape[0] = 1;
  lens->dlpack.dl_tensor.byte_offset = 1;
  EXPECT_FAILS(invalid, "not aligned to its type", status(*x, *lens));
}

TEST_P(CallTest, OtherVersionOfDlpack) {
  x->dlpack.version.major = 2;
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "a tensor of DLPack 2, not 1",
               status(*x, *lens));
}

TEST_P(CallTest, WrongCounts) {
  EXPECT_FAILS(invalid, "expected 2 arguments, got 1",
               call(function, stream.get(), {*x}, 2).status);
  EXPECT_FAILS(invalid, "expected 2 results, got 1",
               call(function, stream.get(), {*x, *lens}, 1).status);
  EXPECT_FAILS(invalid, "null pointer",
               capstan_rt_call(function, stream.get(), 2, nullptr, 2, nullptr));
  EXPECT_FAILS(invalid, "the function or the stream is null",
               capstan_rt_call(nullptr, stream.get(), 0, nullptr, 0, nullptr));
  EXPECT_FAILS(invalid, "the function or the stream is null",
               capstan_rt_call(function, nullptr, 0, nullptr, 0, nullptr));
}

TEST_P(CallTest, StreamOfAnotherDevice) {
  DevicePtr other = makeDevice(GetParam(), makeConfig());
  StreamPtr foreign = makeStream(other.get());
  EXPECT_FAILS(invalid, "of another device",
               call(function, foreign.get(), {*x, *lens}, 2).status);
}

TEST_P(CallTest, LengthsThatDontSumUp) {
  auto wrong = tensor<int32_t>(stream.get(), {2}, {2, 1});
  EXPECT_FAILS(CAPSTAN_RT_CHECK_FAILED,
               "packed.mlir:4:3: assert on " + GetParam() +
                   ": lengths don't sum up",
               status(*x, *wrong));
  capstan_rt_error error = {};
  error.size = sizeof(error);
  ASSERT_OK(capstan_rt_last_error(&error));
  EXPECT_STREQ(error.location, "packed.mlir:4:3");
  EXPECT_EQ(error.device, GetParam());
}

TEST_P(CallTest, NegativeLengths) {
  auto wrong = tensor<int32_t>(stream.get(), {2}, {3, -1});
  EXPECT_FAILS(CAPSTAN_RT_CHECK_FAILED,
               "packed.mlir:3:8: " + kernelName("sum") + " on " + GetParam() +
                   ": negative length",
               status(*x, *wrong));
  // It was reported by the fetch; the stream has nothing more to say.
  EXPECT_OK(capstan_rt_stream_synchronize(stream.get()));
}

TEST_P(CallTest, FailedForwardsLeaveNoMemory) {
  auto wrong = tensor<int32_t>(stream.get(), {2}, {2, 1});
  EXPECT_NE(status(*x, *wrong), CAPSTAN_RT_OK);
  int64_t peak = countersOf(device.get()).peak_bytes;
  for (int i = 0; i < 100; ++i)
    EXPECT_NE(status(*x, *wrong), CAPSTAN_RT_OK);
  EXPECT_EQ(countersOf(device.get()).peak_bytes, peak);
}

TEST_P(CallTest, OutOfMemoryLeavesTheModuleUsable) {
  capstan_rt_device_config config = makeConfig();
  config.memory_limit = 1 << 20;
  x = nullptr;
  lens = nullptr;
  reset(config);
  packed = openModule(device.get(), "packed");
  function = lookup(packed, "forward");
  std::vector<float> values(4 << 16);
  DLDataType f32 = dtypeOf<float>();
  auto large = makeTensor(f32, {1 << 16, 4}, values.data(), nullptr);
  if (onGpu) // never read
    large->dlpack.dl_tensor.device = {kDLCUDA, 0};
  auto length = tensor<int32_t>(stream.get(), {1}, {1 << 16});
  EXPECT_FAILS(CAPSTAN_RT_OUT_OF_MEMORY, "no memory for 1048576 bytes",
               status(*large, *length));
}

TEST_P(CallTest, TwoModulesOnTwoThreads) {
  ModulePtr scaled = openModule(device.get(), "scaled");
  auto often = [&](auto &&call) {
    return std::thread([&, call] {
      StreamPtr mine = makeStream(device.get());
      for (int i = 1; i <= 40; ++i)
        call(mine.get(), i);
    });
  };
  std::thread one = often([&](capstan_rt_stream *mine, int i) {
    auto values = tensor<float>(mine, {2, 4}, std::vector<float>(8, float(i)));
    auto length = tensor<int32_t>(mine, {1}, {2});
    CallResult result = call(function, mine, {*values, *length}, 2);
    ASSERT_OK(result.status);
    ASSERT_THAT(read<float>(result.results[0].get(), mine),
                testing::Each(2.0f * float(i) + 2));
  });
  std::thread other = often([&](capstan_rt_stream *mine, int i) {
    auto values = tensor<float>(mine, {3}, {1, 2, 3});
    auto factor = tensor<float>(mine, {}, {float(i)});
    CallResult result =
        call(lookup(scaled, "scale"), mine, {*values, *factor}, 1);
    ASSERT_OK(result.status);
    ASSERT_THAT(read<float>(result.results[0].get(), mine),
                testing::ElementsAre(i, 2 * i, 3 * i));
  });
  one.join();
  other.join();
  EXPECT_EQ(countersOf(packed.get()).forwards, 40);
  EXPECT_EQ(countersOf(scaled.get()).forwards, 40);
}

TEST_P(CallTest, EightThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      StreamPtr mine = makeStream(device.get());
      for (int repeat = 0; repeat < 20; ++repeat) {
        int rows = 1 + (t + repeat) % 5;
        bool good = (t + repeat) % 3 != 0;
        auto values = tensor<float>(mine.get(), {rows, 4},
                                    std::vector<float>(4 * rows, float(t)));
        auto length =
            tensor<int32_t>(mine.get(), {1}, {good ? rows : rows + 1});
        CallResult result = call(function, mine.get(), {*values, *length}, 2);
        ASSERT_EQ(result.status,
                  good ? CAPSTAN_RT_OK : CAPSTAN_RT_CHECK_FAILED);
        if (!good)
          continue;
        ASSERT_THAT(read<float>(result.results[0].get(), mine.get()),
                    testing::Each(2.0f * float(t) + float(rows)));
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(countersOf(packed.get()).forwards, 160);
}
