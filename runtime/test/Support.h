//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What the conformance tests share: objects that release themselves, tensors,
// and modules made on the spot. A backend passes if all tests do.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_TEST_SUPPORT_H
#define CAPSTAN_RT_TEST_SUPPORT_H

#include "capstan_rt/capstan_rt.h"

#include "dlpack/dlpack.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#define EXPECT_OK(CALL)                                                        \
  EXPECT_EQ(CALL, CAPSTAN_RT_OK) << capstan_rt_last_message()
#define ASSERT_OK(CALL)                                                        \
  ASSERT_EQ(CALL, CAPSTAN_RT_OK) << capstan_rt_last_message()
/// The call fails with this status, and the message holds the text.
#define EXPECT_FAILS(STATUS, TEXT, CALL)                                       \
  do {                                                                         \
    EXPECT_EQ(CALL, STATUS);                                                   \
    EXPECT_THAT(capstan_rt_last_message(), testing::HasSubstr(TEXT));          \
  } while (false)

/// In a test of Conformance: a forward `f` that returns the expression fails.
#define EXPECT_FORWARD_FAILS(STATUS, TEXT, ...)                                \
  EXPECT_FAILS(STATUS, TEXT, inForward([&](auto *f) { return __VA_ARGS__; }))

namespace capstan::rt::test {

template <typename T, void (*release)(T *)> struct Releaser {
  void operator()(T *object) const { release(object); }
};
template <typename T, void (*release)(T *)>
using Owned = std::unique_ptr<T, Releaser<T, release>>;
using DevicePtr = Owned<capstan_rt_device, capstan_rt_device_release>;
using StreamPtr = Owned<capstan_rt_stream, capstan_rt_stream_release>;
using EventPtr = Owned<capstan_rt_event, capstan_rt_event_release>;
using BufferPtr = Owned<capstan_rt_buffer, capstan_rt_buffer_release>;
using ModulePtr = Owned<capstan_rt_module, capstan_rt_module_release>;
using GraphPtr = Owned<capstan_rt_graph, capstan_rt_graph_release>;
using CommPtr = Owned<capstan_rt_comm, capstan_rt_comm_release>;
inline void deleteTensor(DLManagedTensorVersioned *tensor) {
  tensor->deleter(tensor);
}
using ResultPtr = Owned<DLManagedTensorVersioned, deleteTensor>;

capstan_rt_device_config makeConfig(int64_t maxDelayUs = 0, uint64_t seed = 1);
DevicePtr makeDevice(const std::string &backend,
                     const capstan_rt_device_config &config);
StreamPtr makeStream(capstan_rt_device *device);
BufferPtr makeBuffer(capstan_rt_stream *stream, int64_t bytes);

/// Between -limit and limit.
template <typename T>
std::vector<T> randomValues(size_t count, int seed, double limit = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(-limit, limit);
  std::vector<T> values(count);
  for (T &value : values)
    value = static_cast<T>(uniform(random));
  return values;
}

template <typename T> constexpr DLDataType dtypeOf() {
  uint8_t code = std::is_floating_point_v<T> ? kDLFloat
                 : std::is_signed_v<T>       ? kDLInt
                                             : kDLUInt;
  return {code, sizeof(T) * 8, 1};
}
template <typename T> constexpr capstan_rt_dtype rtDtypeOf() {
  return {dtypeOf<T>().code, dtypeOf<T>().bits, 1};
}

/// A tensor of a caller: on the device if it has a buffer.
struct Tensor {
  std::vector<int64_t> shape, strides;
  BufferPtr buffer;
  std::vector<char> host;
  DLManagedTensorVersioned dlpack = {};

  operator DLManagedTensorVersioned *() { return &dlpack; }
};

std::unique_ptr<Tensor> makeTensor(DLDataType dtype, std::vector<int64_t> shape,
                                   const void *values,
                                   capstan_rt_stream *stream);
/// A tensor on the device of `stream`, or on the host if that is null.
template <typename T>
std::unique_ptr<Tensor> tensor(capstan_rt_stream *stream,
                               std::vector<int64_t> shape,
                               const std::vector<T> &values) {
  return makeTensor(dtypeOf<T>(), std::move(shape), values.data(), stream);
}
template <typename T> std::unique_ptr<Tensor> scalar(T value) {
  return makeTensor(dtypeOf<T>(), {}, &value, nullptr);
}

int64_t elements(const DLManagedTensorVersioned &tensor);
/// Waits, then reads a tensor; empty after an error.
template <typename T>
std::vector<T> read(const DLManagedTensorVersioned *tensor,
                    capstan_rt_stream *stream) {
  std::vector<T> values(elements(*tensor));
  if (capstan_rt_tensor_read(tensor, stream, values.data(),
                             values.size() * sizeof(T)))
    return {};
  return values;
}

/// The file of a module that CMakeLists.txt makes, for the backend under test.
std::string modulePath(const std::string &name);
ModulePtr openModule(capstan_rt_device *device, const std::string &name);
const capstan_rt_function *lookup(const ModulePtr &module, const char *name);

/// Calls that own their results.
struct CallResult {
  int32_t status;
  std::vector<ResultPtr> results;
};
CallResult call(const capstan_rt_function *function, capstan_rt_stream *stream,
                std::vector<DLManagedTensorVersioned *> arguments,
                int32_t numResults);

capstan_rt_counters countersOf(capstan_rt_device *device);
capstan_rt_counters countersOf(capstan_rt_module *module);
capstan_rt_counters lastForwardOf(capstan_rt_module *module);

/// Whether the test that runs is one of a GPU.
extern bool onGpu;

/// Every test gets a device, with poison in new memory, and a stream.
class Conformance : public testing::TestWithParam<std::string> {
protected:
  void SetUp() override { reset(makeConfig()); }
  void reset(const capstan_rt_device_config &config);
  /// A module for inForward.
  ModulePtr makeModule();

  using Body = std::function<int32_t(capstan_rt_forward *)>;
  /// Runs `body` as the host code of a module without arguments or results.
  int32_t inForward(const Body &body, capstan_rt_stream *on = nullptr);

  DevicePtr device;
  StreamPtr stream;
  ModulePtr module; // of inForward
};

/// A kernel for tests: code of the host, and the number of the same in the GPU
/// code of the module of inForward.
struct TestKernel {
  capstan_rt_kernel_info info;
  capstan_rt_kernel host;
  int64_t gpu;
};
int32_t launch(capstan_rt_forward *forward, const TestKernel &kernel,
               const void *arguments, int64_t bytes, int64_t extent);

/// A kernel's name in messages.
inline std::string kernelName(const char *host) {
  return onGpu ? std::string("test_") + host : host;
}

/// data[i] += summand
struct AddArguments {
  float *data;
  float summand;
};
extern const TestKernel addKernel;
/// Fails at 70.
extern const TestKernel failingKernel;
/// to[i] = from[offsets[i]]
struct GatherArguments {
  const int32_t *offsets;
  const float *from;
  float *to;
};
extern const TestKernel gatherKernel;

/// The backends that this machine can test: "host", and "cuda" if it has a GPU.
std::vector<std::string> backends();

#define CAPSTAN_RT_CONFORMANCE_OF(NAME, BACKENDS)                              \
  INSTANTIATE_TEST_SUITE_P(Backends, NAME, BACKENDS, [](const auto &info) {    \
    return std::string(info.param);                                            \
  })
#define CAPSTAN_RT_CONFORMANCE(NAME)                                           \
  CAPSTAN_RT_CONFORMANCE_OF(NAME, testing::ValuesIn(backends()))
/// For what other backends don't have.
#define CAPSTAN_RT_CONFORMANCE_OF_HOST(NAME)                                   \
  CAPSTAN_RT_CONFORMANCE_OF(NAME, testing::Values("host"))

} // namespace capstan::rt::test

#endif // CAPSTAN_RT_TEST_SUPPORT_H
