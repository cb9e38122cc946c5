//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Support.h"

using namespace capstan::rt::test;

namespace {
class DeviceTest : public Conformance {};
CAPSTAN_RT_CONFORMANCE(DeviceTest);

#ifdef CAPSTAN_RT_HAS_CUDA
constexpr bool cudaIsBuiltIn = true;
#else
constexpr bool cudaIsBuiltIn = false;
#endif
} // namespace

TEST_P(DeviceTest, KnowsItsNames) {
  EXPECT_EQ(capstan_rt_device_name(device.get()), GetParam());
  int32_t type, id;
  ASSERT_OK(capstan_rt_device_dlpack(device.get(), &type, &id));
  EXPECT_EQ(type, GetParam() == "host" ? kDLCPU : kDLCUDA);
  EXPECT_EQ(capstan_rt_device_name(nullptr), nullptr);
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_device_dlpack(nullptr, &type, &id));
}

TEST_P(DeviceTest, TakesNoConfigAsDefaults) {
  capstan_rt_device *plain;
  ASSERT_OK(capstan_rt_device_create(GetParam().c_str(), nullptr, &plain));
  DevicePtr owned(plain);
  capstan_rt_device_retain(plain);
  capstan_rt_device_release(plain);
}

TEST_P(DeviceTest, RejectsBadConfigs) {
  capstan_rt_device *bad;
  auto create = [&](capstan_rt_device_config config) {
    return capstan_rt_device_create(GetParam().c_str(), &config, &bad);
  };
  capstan_rt_device_config config = makeConfig();
  config.version = 7;
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "version 7", create(config));
  config = makeConfig();
  config.size -= 8;
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "bytes", create(config));
  config = makeConfig();
  config.threads = -1;
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "negative", create(config));
  config = makeConfig();
  config.max_graphs = -1;
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "negative", create(config));
  config = makeConfig();
  config.max_graph_bytes = -1;
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "negative", create(config));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_device_create(nullptr, nullptr, &bad));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_device_create("host", nullptr, nullptr));
}

TEST(Device, UnknownNames) {
  capstan_rt_device *device;
  for (const char *name : {"", "gpu", "cuda:", "cuda:-1", "cuda:1x", "cuda1"})
    EXPECT_FAILS(CAPSTAN_RT_NOT_FOUND, "no backend",
                 capstan_rt_device_create(name, nullptr, &device));
}

TEST(Device, CudaSaysWhatIsMissing) {
  auto create = [](const char *driver) {
    capstan_rt_device *device;
    capstan_rt_device_config config = makeConfig();
    config.cuda_driver = driver;
    return capstan_rt_device_create("cuda", &config, &device);
  };
  const struct {
    const char *driver, *text;
  } cases[] = {
      {"/nowhere/libcuda.so", "looked for '/nowhere/libcuda.so'"},
      {CAPSTAN_RT_TEST_MODULES "packed.so", "no driver of CUDA 12.0"},
      {CAPSTAN_RT_TEST_MODULES "driver_without_functions.so", "has no cuInit"},
      {CAPSTAN_RT_TEST_MODULES "driver_without_gpu.so", "doesn't start"}};
  for (const auto &each : cases)
    EXPECT_FAILS(CAPSTAN_RT_NOT_FOUND, cudaIsBuiltIn ? each.text : "not built",
                 create(each.driver));
}

TEST(Device, HalfAnAllocator) {
  capstan_rt_device *device;
  capstan_rt_device_config config = makeConfig();
  capstan_rt_allocator allocator = {};
  config.allocator = &allocator;
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "an allocator of unknown size",
               capstan_rt_device_create("host", &config, &device));
  allocator.size = sizeof(allocator);
  allocator.release = [](void *, void *, int64_t, void *) {};
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "one function of two",
               capstan_rt_device_create("host", &config, &device));
}

TEST_P(DeviceTest, MemoryLimitHolds) {
  capstan_rt_device_config config = makeConfig();
  config.memory_limit = 1 << 20;
  reset(config);
  capstan_rt_buffer *buffer;
  EXPECT_FAILS(CAPSTAN_RT_OUT_OF_MEMORY, "no memory for 2097152 bytes",
               capstan_rt_buffer_create(stream.get(), 2 << 20, &buffer));
  EXPECT_EQ(buffer, nullptr);
  // What nobody uses any more counts only until it is needed.
  for (int64_t kib = 600; kib < 1000; kib += 100)
    makeBuffer(stream.get(), kib << 10);
}

TEST_P(DeviceTest, HugeAllocationsFail) {
  capstan_rt_buffer *buffer;
  for (int64_t bytes : {INT64_MAX, INT64_MAX / 2, int64_t(1) << 60})
    EXPECT_FAILS(CAPSTAN_RT_OUT_OF_MEMORY, "no memory for",
                 capstan_rt_buffer_create(stream.get(), bytes, &buffer));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "negative size",
               capstan_rt_buffer_create(stream.get(), -1, &buffer));
}

TEST_P(DeviceTest, BuffersKeepTheirBytes) {
  BufferPtr buffer = makeBuffer(stream.get(), 100);
  EXPECT_EQ(capstan_rt_buffer_bytes(buffer.get()), 100);
  char out[4] = {}, in[] = {1, 2, 3, 4};
  ASSERT_OK(capstan_rt_buffer_write(buffer.get(), stream.get(), 96, in, 4));
  memset(in, 0, 4); // the source was read already
  ASSERT_OK(capstan_rt_buffer_read(buffer.get(), stream.get(), 96, out, 4));
  EXPECT_THAT(out, testing::ElementsAre(1, 2, 3, 4));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "not in the buffer",
               capstan_rt_buffer_read(buffer.get(), stream.get(), 97, out, 4));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "not in the buffer",
               capstan_rt_buffer_write(buffer.get(), stream.get(), -1, in, 4));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_buffer_write(buffer.get(), nullptr, 0, in, 4));
}

TEST_P(DeviceTest, NewMemoryIsPoisoned) {
  BufferPtr buffer = makeBuffer(stream.get(), 64);
  std::vector<uint8_t> bytes(64);
  ASSERT_OK(
      capstan_rt_buffer_read(buffer.get(), stream.get(), 0, bytes.data(), 64));
  EXPECT_THAT(bytes, testing::Each(CAPSTAN_RT_POISON));
}

TEST_P(DeviceTest, FreedMemoryIsReusedInStreamOrder) {
  void *first = capstan_rt_buffer_data(makeBuffer(stream.get(), 5000).get());
  BufferPtr again = makeBuffer(stream.get(), 5000);
  EXPECT_EQ(capstan_rt_buffer_data(again.get()), first);
  // Another stream may be ahead: it gets other memory.
  // (A GPU's may give it on if the first stream is idle.)
  if (onGpu)
    return;
  StreamPtr other = makeStream(device.get());
  again = nullptr;
  BufferPtr elsewhere = makeBuffer(other.get(), 5000);
  EXPECT_NE(capstan_rt_buffer_data(elsewhere.get()), first);
}

TEST_P(DeviceTest, BuffersOutliveTheirStream) {
  StreamPtr brief = makeStream(device.get());
  BufferPtr buffer = makeBuffer(brief.get(), 64);
  brief = nullptr;
  int value = 5, out = 0;
  ASSERT_OK(capstan_rt_buffer_write(buffer.get(), stream.get(), 0, &value, 4));
  ASSERT_OK(capstan_rt_buffer_read(buffer.get(), stream.get(), 0, &out, 4));
  EXPECT_EQ(out, 5);
}
