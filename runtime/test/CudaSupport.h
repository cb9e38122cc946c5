//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What the tests share that only `cuda` passes: GPU code, streams and memory of
// a framework.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_TEST_CUDASUPPORT_H
#define CAPSTAN_RT_TEST_CUDASUPPORT_H

#include "Support.h"
#include "modules/gpu_kernels.h"

#include <cuda.h>
#include <dlfcn.h>

namespace capstan::rt::test {

/// A test of what only `cuda` has.
class CudaConformance : public Conformance {
protected:
  /// A function of the driver, whose device has been opened.
  template <typename Function> static Function *driver(const char *name) {
    static void *library = dlopen("libcuda.so.1", RTLD_NOW);
    return reinterpret_cast<Function *>(dlsym(library, name));
  }
  BufferPtr number(float value) {
    BufferPtr buffer = makeBuffer(stream.get(), 4);
    EXPECT_OK(
        capstan_rt_buffer_write(buffer.get(), stream.get(), 0, &value, 4));
    return buffer;
  }
  float read(const BufferPtr &buffer) {
    float value = -1;
    EXPECT_OK(capstan_rt_buffer_read(buffer.get(), stream.get(), 0, &value, 4));
    return value;
  }
  static float *data(const BufferPtr &buffer) {
    return static_cast<float *>(capstan_rt_buffer_data(buffer.get()));
  }
  int32_t addTo(const BufferPtr &buffer, float summand,
                capstan_rt_stream *on = nullptr) {
    return inForward(
        [&](auto *f) {
          AddArguments add = {data(buffer), summand};
          return launch(f, addKernel, &add, sizeof(add), 1);
        },
        on);
  }
};

/// No backend, or "cuda" if this machine has a GPU.
inline std::vector<std::string> onlyCuda() {
  std::vector<std::string> found = backends();
  found.erase(found.begin());
  return found;
}

#define CAPSTAN_RT_CONFORMANCE_OF_CUDA(NAME)                                   \
  GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(NAME);                         \
  CAPSTAN_RT_CONFORMANCE_OF(NAME, testing::ValuesIn(onlyCuda()))

} // namespace capstan::rt::test

#endif // CAPSTAN_RT_TEST_CUDASUPPORT_H
