//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What only `cuda` has: GPU code, streams and memory of a framework.
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "modules/gpu_kernels.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cuda.h>
#include <dlfcn.h>
#include <thread>

using namespace capstan::rt::test;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {
class CudaTest : public Conformance {
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

  /// Status of a module with this code and kernel.
  int32_t load(const char *code, int64_t bytes,
               const capstan_rt_gpu_kernel_info &kernel) {
    capstan_rt_gpu_module_info info = {sizeof(info),
                                       CAPSTAN_RT_ABI_VERSION,
                                       "cuda",
                                       "test",
                                       0,
                                       nullptr,
                                       code,
                                       bytes,
                                       1,
                                       &kernel};
    capstan_rt_module *created;
    int32_t status = capstan_rt_module_create(
        device.get(), reinterpret_cast<capstan_rt_module_info *>(&info),
        &created);
    capstan_rt_module_release(created);
    return status;
  }
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CudaTest);
auto onlyCuda() {
  std::vector<std::string> found = backends();
  found.erase(found.begin());
  return testing::ValuesIn(found);
}
INSTANTIATE_TEST_SUITE_P(Backends, CudaTest, onlyCuda(),
                         [](const auto &info) { return info.param; });

const capstan_rt_gpu_kernel_info good = {
    "test_add", "t.mlir:1:1", 0, nullptr, 128, 1, 1, 0, 4, 1, 0};
} // namespace

TEST_P(CudaTest, RejectsBadCode) {
  EXPECT_OK(load(gpu_code, sizeof(gpu_code), good));
  const char bad[] = ".version 7.0\n.target sm_70\n.address_size 64\nnonsense;";
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "nonsense",
               load(bad, sizeof(bad), good));
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "no 0 at its end",
               load(bad, sizeof(bad) - 1, good));
  EXPECT_FAILS(CAPSTAN_RT_INCOMPATIBLE, "can't load code", load("ab", 3, good));
}

TEST_P(CudaTest, RejectsBadKernels) {
  auto rejects = [&](int32_t status, const char *text, auto change) {
    capstan_rt_gpu_kernel_info kernel = good;
    change(kernel);
    EXPECT_FAILS(status, text, load(gpu_code, sizeof(gpu_code), kernel));
  };
  rejects(CAPSTAN_RT_NOT_FOUND, "kernel 'nowhere'",
          [](auto &k) { k.name = "nowhere"; });
  rejects(CAPSTAN_RT_UNSUPPORTED, "blocks of 4096 threads",
          [](auto &k) { k.block_y = 32; });
  rejects(CAPSTAN_RT_INTERNAL, "shared memory",
          [](auto &k) { k.shared_bytes = 1 << 30; });
  rejects(CAPSTAN_RT_INCOMPATIBLE, "kernel 0 has no block",
          [](auto &k) { k.block_z = 0; });
  rejects(CAPSTAN_RT_INCOMPATIBLE, "kernel 0 has no name",
          [](auto &k) { k.name = nullptr; });
  rejects(CAPSTAN_RT_INCOMPATIBLE, "a broken list of checks",
          [](auto &k) { k.num_checks = 1; });
  rejects(CAPSTAN_RT_INCOMPATIBLE, "no arguments for the failure record",
          [](auto &k) { k.num_arguments = 1; });
  rejects(CAPSTAN_RT_INCOMPATIBLE, "a negative number",
          [](auto &k) { k.shared_bytes = -1; });
}

TEST_P(CudaTest, NoGpuOfSuchAnIndex) {
  capstan_rt_device *missing;
  EXPECT_FAILS(CAPSTAN_RT_NOT_FOUND, "no GPU of index 4711",
               capstan_rt_device_create("cuda:4711", nullptr, &missing));
}

TEST_P(CudaTest, EachGpuByItsIndex) {
  for (int index = 0;; ++index) {
    std::string name = "cuda:" + std::to_string(index);
    capstan_rt_device *raw;
    if (capstan_rt_device_create(name.c_str(), nullptr, &raw)) {
      EXPECT_GT(index, 0) << capstan_rt_last_message();
      return;
    }
    DevicePtr each(raw);
    EXPECT_EQ(capstan_rt_device_name(raw), name);
    int32_t type, id;
    ASSERT_OK(capstan_rt_device_dlpack(raw, &type, &id));
    EXPECT_EQ(id, index);
    StreamPtr own = makeStream(raw);
    BufferPtr buffer = makeBuffer(own.get(), 4);
    int in = index + 5, out = 0;
    ASSERT_OK(capstan_rt_buffer_write(buffer.get(), own.get(), 0, &in, 4));
    ASSERT_OK(capstan_rt_buffer_read(buffer.get(), own.get(), 0, &out, 4));
    EXPECT_EQ(out, in);
  }
}

TEST_P(CudaTest, ThreadsWithoutAContext) {
  BufferPtr buffer = number(1);
  std::thread([&] {
    EXPECT_OK(addTo(buffer, 2));
    EXPECT_EQ(read(buffer), 3);
    int64_t before = countersOf(device.get()).set_device_calls;
    EXPECT_OK(addTo(buffer, 2));
    EXPECT_EQ(countersOf(device.get()).set_device_calls, before);
  }).join();
}

TEST_P(CudaTest, FetchesOfManyParts) {
  constexpr int64_t large = 100000, total = 40 * 100 + large;
  std::vector<uint8_t> in(total), out(total), all(large);
  for (int64_t i = 0; i < total; ++i)
    in[i] = uint8_t(i * 7 + i / 256);
  BufferPtr buffer = makeBuffer(stream.get(), total);
  ASSERT_OK(
      capstan_rt_buffer_write(buffer.get(), stream.get(), 0, in.data(), total));
  auto *from = reinterpret_cast<uint8_t *>(data(buffer));
  std::vector<capstan_rt_part> parts;
  for (int64_t i = 0; i < 40; ++i) // aligned to 4 bytes, and not
    parts.push_back({from + 100 * i, out.data() + 100 * i, 61 + i});
  parts.push_back({from + 4000, all.data(), large});
  parts.push_back({nullptr, nullptr, 0});
  ASSERT_OK(inForward([&](auto *f) {
    return capstan_rt_read(f, int64_t(parts.size()), parts.data());
  }));
  for (int64_t i = 0; i < 40; ++i)
    for (int64_t j = 0; j < 100; ++j)
      ASSERT_EQ(out[100 * i + j], j < 61 + i ? in[100 * i + j] : 0);
  EXPECT_TRUE(std::equal(all.begin(), all.end(), in.begin() + 4000));
}

TEST_P(CudaTest, LargeSourcesAreReadAtOnce) {
  std::vector<float> values(4 << 20, 3.0f), out(values.size());
  int64_t bytes = int64_t(values.size()) * 4;
  BufferPtr buffer = makeBuffer(stream.get(), bytes);
  ASSERT_OK(capstan_rt_buffer_write(buffer.get(), stream.get(), 0,
                                    values.data(), bytes));
  std::fill(values.begin(), values.end(), 0.0f);
  ASSERT_OK(
      capstan_rt_buffer_read(buffer.get(), stream.get(), 0, out.data(), bytes));
  EXPECT_THAT(out, testing::Each(3.0f));
}

TEST_P(CudaTest, ErrorsOfEachReplayOnTwoStreams) {
  BufferPtr flag = makeBuffer(stream.get(), 1);
  auto *condition = reinterpret_cast<const uint8_t *>(data(flag));
  ASSERT_OK(capstan_rt_capture_begin(stream.get()));
  ASSERT_OK(inForward([&](auto *f) {
    return capstan_rt_device_check(f, condition, "no", "g.mlir:1:1");
  }));
  capstan_rt_graph *raw;
  ASSERT_OK(capstan_rt_capture_end(stream.get(), &raw));
  GraphPtr graph(raw);
  StreamPtr other = makeStream(device.get());
  uint8_t bad = 0, fine = 1;
  // The replay that is well must not hide the one that failed before it.
  ASSERT_OK(capstan_rt_buffer_write(flag.get(), stream.get(), 0, &bad, 1));
  ASSERT_OK(capstan_rt_graph_launch(graph.get(), stream.get()));
  ASSERT_OK(capstan_rt_buffer_write(flag.get(), stream.get(), 0, &fine, 1));
  ASSERT_OK(capstan_rt_graph_launch(graph.get(), stream.get()));
  ASSERT_OK(capstan_rt_graph_launch(graph.get(), other.get()));
  EXPECT_FAILS(CAPSTAN_RT_CHECK_FAILED, "g.mlir:1:1: device_check",
               capstan_rt_stream_synchronize(stream.get()));
  EXPECT_OK(capstan_rt_stream_synchronize(stream.get()));
  EXPECT_OK(capstan_rt_stream_synchronize(other.get()));
}

//===----------------------------------------------------------------------===//
// Inputs of graphs at other addresses
//===----------------------------------------------------------------------===//

namespace {
/// A region of two inputs of 4 bytes: (a + uses, b), as compiled code runs it.
class MovingTest : public CudaTest {
protected:
  int32_t forward(const BufferPtr &a, const BufferPtr &b, float *first,
                  float *second) {
    return inForward([&](auto *f) {
      void *in[] = {data(a), data(b)}, *results[2];
      int32_t run;
      EXPECT_OK(capstan_rt_graph_enter(f, &region, in, results, &run));
      if (run) {
        ++bodies;
        void *made[2];
        EXPECT_OK(capstan_rt_alloc(f, 4, 64, &made[0]));
        EXPECT_OK(capstan_rt_alloc(f, 4, 64, &made[1]));
        for (int i = 0; i < uses; ++i) {
          float summand = float(i) + 1;
          void *arguments[] = {&in[0], &made[0], &summand};
          EXPECT_OK(capstan_rt_launch_gpu(f, GPU_PLUS, 1, 1, 1, arguments));
        }
        EXPECT_OK(capstan_rt_copy(f, made[1], in[1], 4));
        void *given[] = {made[0], giveInput ? in[1] : made[1]};
        EXPECT_OK(capstan_rt_graph_leave(f, &region, given, results));
        if (giveInput) {
          EXPECT_OK(capstan_rt_free(f, made[1]));
        }
      }
      capstan_rt_part parts[] = {{results[0], first, 4},
                                 {results[1], second, 4}};
      return capstan_rt_read(f, 2, parts);
    });
  }
  void expect(float a, float b) {
    inputs.push_back(number(a)); // kept, so that no address comes twice
    inputs.push_back(number(b));
    expectOf(inputs[inputs.size() - 2], inputs.back(), a, b);
  }
  void expectOf(const BufferPtr &a, const BufferPtr &b, float valueA,
                float valueB) {
    float first = 0, second = 0;
    ASSERT_OK(forward(a, b, &first, &second));
    EXPECT_EQ(first, valueA + float(uses));
    EXPECT_EQ(second, valueB);
  }
  capstan_rt_counters counters() { return countersOf(module.get()); }

  const int64_t bytes[2] = {4, 4};
  const capstan_rt_graph_region region = {sizeof(region), 2,     2,
                                          bytes,          bytes, "m.mlir:1:1"};
  int uses = 1, bodies = 0;
  bool giveInput = false;
  std::vector<BufferPtr> inputs;
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(MovingTest);
INSTANTIATE_TEST_SUITE_P(Backends, MovingTest, onlyCuda(),
                         [](const auto &info) { return info.param; });
} // namespace

TEST_P(MovingTest, GraphsTakeOverNewAddresses) {
  for (bool given : {false, true}) {
    reset(makeConfig());
    giveInput = given;
    bodies = 0;
    for (int i = 0; i < 6; ++i)
      expect(float(10 * i), float(i));
    EXPECT_EQ(bodies, 2);
    EXPECT_EQ(counters().graph_captures, 1);
    EXPECT_EQ(counters().graph_moves, 8);
    expectOf(inputs[0], inputs[1], 0, 0); // and back
    EXPECT_EQ(counters().graph_captures, 1);
  }
}

TEST_P(MovingTest, ManyUsesAreCopiedInstead) {
  uses = 5;
  for (int i = 0; i < 6; ++i)
    expect(float(10 * i), float(i));
  EXPECT_EQ(counters().graph_captures, 2) << "one for the move";
}

TEST_P(MovingTest, AnAddressOfTwoInputsIsCopiedInstead) {
  BufferPtr both = number(7);
  for (int i = 0; i < 3; ++i)
    expectOf(both, both, 7, 7);
  EXPECT_EQ(counters().graph_captures, 1);
  BufferPtr a = number(1), b = number(2);
  expectOf(a, b, 1, 2);
  expectOf(b, a, 2, 1);
  expectOf(both, both, 7, 7);
  EXPECT_EQ(counters().graph_captures, 2);
}

TEST_P(MovingTest, InputsThatChangePlacesStayRight) {
  BufferPtr a = number(1), b = number(2);
  for (int i = 0; i < 4; ++i) {
    expectOf(a, b, 1, 2);
    expectOf(b, a, 2, 1);
  }
}

//===----------------------------------------------------------------------===//
// Streams of a framework
//===----------------------------------------------------------------------===//

TEST_P(CudaTest, WrappedStreamsAreTheCallers) {
  capstan_rt_stream *raw;
  ASSERT_OK(capstan_rt_stream_wrap(
      device.get(), capstan_rt_stream_native(stream.get()), &raw));
  {
    StreamPtr wrapped(raw);
    EXPECT_EQ(capstan_rt_stream_native(raw),
              capstan_rt_stream_native(stream.get()));
    BufferPtr buffer = number(1);
    ASSERT_OK(addTo(buffer, 2, raw)); // in the order of both
    EXPECT_EQ(read(buffer), 3);
  }
  BufferPtr buffer = number(4); // still there
  EXPECT_EQ(read(buffer), 4);
  EXPECT_FAILS(CAPSTAN_RT_INVALID_ARGUMENT, "null pointer",
               capstan_rt_stream_wrap(nullptr, nullptr, &raw));
}

TEST_P(CudaTest, OwnersMayCaptureTheirStreams) {
  capstan_rt_stream *raw;
  ASSERT_OK(capstan_rt_stream_wrap(
      device.get(), capstan_rt_stream_native(stream.get()), &raw));
  StreamPtr wrapped(raw);
  auto native = static_cast<CUstream>(capstan_rt_stream_native(raw));
  BufferPtr buffer = number(1), freed = makeBuffer(raw, 64);
  ASSERT_OK(capstan_rt_stream_synchronize(raw));

  ASSERT_EQ(driver<CUresult(CUstream, CUstreamCaptureMode)>(
                "cuStreamBeginCapture_v2")(native,
                                           CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
            CUDA_SUCCESS);
  freed = nullptr; // no part of the graph
  ASSERT_OK(inForward(
      [&](auto *f) {
        void *memory;
        float five = 5;
        EXPECT_OK(capstan_rt_alloc(f, 4, 64, &memory));
        EXPECT_OK(capstan_rt_to_device(f, memory, &five, 4));
        five = 6;
        AddArguments add = {static_cast<float *>(memory), 2};
        EXPECT_OK(launch(f, addKernel, &add, sizeof(add), 1));
        EXPECT_OK(capstan_rt_copy(f, data(buffer), memory, 4));
        return capstan_rt_free(f, memory);
      },
      raw));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_CAPTURE, "while the stream is captured",
               capstan_rt_stream_synchronize(raw));
  EXPECT_FAILS(CAPSTAN_RT_INVALID_CAPTURE, "captured already",
               capstan_rt_capture_begin(raw));
  CUgraph graph;
  CUgraphExec exec;
  ASSERT_EQ(driver<CUresult(CUstream, CUgraph *)>("cuStreamEndCapture")(native,
                                                                        &graph),
            CUDA_SUCCESS);
  ASSERT_EQ((driver<CUresult(CUgraphExec *, CUgraph, unsigned long long)>(
                "cuGraphInstantiateWithFlags")(&exec, graph, 0)),
            CUDA_SUCCESS);
  EXPECT_EQ(read(buffer), 1) << "nothing has run";
  module = nullptr; // the graph keeps it
  for (int i = 0; i < 3; ++i) {
    float zero = 0;
    ASSERT_OK(capstan_rt_buffer_write(buffer.get(), stream.get(), 0, &zero, 4));
    ASSERT_EQ((driver<CUresult(CUgraphExec, CUstream)>("cuGraphLaunch")(
                  exec, native)),
              CUDA_SUCCESS);
    EXPECT_EQ(read(buffer), 7);
  }
  driver<CUresult(CUgraphExec)>("cuGraphExecDestroy")(exec);
  driver<CUresult(CUgraph)>("cuGraphDestroy")(graph);
  ASSERT_OK(capstan_rt_stream_synchronize(raw));
}

//===----------------------------------------------------------------------===//
// Memory of a framework
//===----------------------------------------------------------------------===//

namespace {
/// A framework whose cache is full until it is emptied.
struct Framework {
  std::atomic<int> allocated{0}, released{0}, emptied{0};
  std::atomic<int64_t> bytes{0};
  bool full = false;
  CUresult (*allocate)(CUdeviceptr *, size_t, CUstream) = nullptr;
  CUresult (*release)(CUdeviceptr, CUstream) = nullptr;
};
} // namespace

TEST_P(CudaTest, FrameworksMayOwnTheMemory) {
  Framework framework;
  framework.allocate =
      driver<CUresult(CUdeviceptr *, size_t, CUstream)>("cuMemAllocAsync");
  framework.release = driver<CUresult(CUdeviceptr, CUstream)>("cuMemFreeAsync");
  capstan_rt_allocator allocator = {
      sizeof(allocator), &framework,
      [](void *context, int64_t bytes, void *stream) -> void * {
        auto *f = static_cast<Framework *>(context);
        CUdeviceptr memory = 0;
        if (f->full && !f->emptied)
          return nullptr;
        f->allocate(&memory, bytes, static_cast<CUstream>(stream));
        ++f->allocated, f->bytes += bytes;
        return reinterpret_cast<void *>(memory);
      },
      [](void *context, void *memory, int64_t bytes, void *stream) {
        auto *f = static_cast<Framework *>(context);
        f->release(reinterpret_cast<CUdeviceptr>(memory),
                   static_cast<CUstream>(stream));
        ++f->released, f->bytes -= bytes;
      },
      [](void *context) { ++static_cast<Framework *>(context)->emptied; }};
  capstan_rt_device_config config = makeConfig();
  config.allocator = &allocator;
  reset(config);
  allocator = {}; // it was copied
  {
    BufferPtr buffer = number(1);
    EXPECT_GT(framework.allocated, 0);
    ASSERT_OK(addTo(buffer, 2));
    EXPECT_EQ(read(buffer), 3);
    EXPECT_EQ(framework.emptied, 0);
    framework.full = true;
    BufferPtr another = number(5); // tried again
    EXPECT_EQ(framework.emptied, 1);
    EXPECT_EQ(read(another), 5);
  }
  module = nullptr, stream = nullptr, device = nullptr;
  EXPECT_EQ(framework.allocated, framework.released);
  EXPECT_EQ(framework.bytes, 0);
}

TEST_P(CudaTest, CachesAreEmptiedForTheRuntimesPoolToo) {
  Framework framework;
  capstan_rt_allocator allocator = {
      sizeof(allocator), &framework, nullptr, nullptr,
      [](void *context) { ++static_cast<Framework *>(context)->emptied; }};
  capstan_rt_device_config config = makeConfig();
  config.allocator = &allocator;
  config.memory_limit = 1 << 20;
  reset(config);
  BufferPtr most = makeBuffer(stream.get(), 900 << 10);
  capstan_rt_buffer *none;
  EXPECT_FAILS(CAPSTAN_RT_OUT_OF_MEMORY, "no memory for 921600 bytes",
               capstan_rt_buffer_create(stream.get(), 900 << 10, &none));
  EXPECT_EQ(framework.emptied, 1);
}

TEST_P(CudaTest, HostResultsArePinned) {
  static const int64_t two[] = {2};
  static const capstan_rt_value_info result = {
      "h", CAPSTAN_RT_TENSOR, CAPSTAN_RT_HOST_SPACE, {kDLFloat, 32, 1}, 1, two};
  static const capstan_rt_entry_info entry = {
      "run",
      [](auto *f, auto *, auto *results) {
        void *memory;
        EXPECT_OK(capstan_rt_host_alloc(f, 8, 8, &memory));
        static_cast<float *>(memory)[0] = 1;
        static_cast<float *>(memory)[1] = 2;
        results[0] = {memory, memory, {2}, {1}};
        return 0;
      },
      0,
      1,
      nullptr,
      &result};
  const capstan_rt_module_info info = {
      sizeof(info), CAPSTAN_RT_ABI_VERSION, "cuda", "test", 1, &entry};
  capstan_rt_module *raw;
  ASSERT_OK(capstan_rt_module_create(device.get(), &info, &raw));
  ModulePtr owned(raw);
  CallResult called = call(lookup(owned, "run"), stream.get(), {}, 1);
  ASSERT_OK(called.status);
  const DLTensor &tensor = called.results[0]->dl_tensor;
  EXPECT_EQ(tensor.device.device_type, kDLCUDAHost);
  EXPECT_THAT(std::vector<float>(static_cast<float *>(tensor.data),
                                 static_cast<float *>(tensor.data) + 2),
              ElementsAre(1, 2));
  EXPECT_THAT(
      capstan::rt::test::read<float>(called.results[0].get(), stream.get()),
      ElementsAre(1, 2));
}

//===----------------------------------------------------------------------===//
// What the host's part costs
//===----------------------------------------------------------------------===//

TEST_P(CudaTest, LaunchesCostLittleMoreThanTheDrivers) {
  using Clock = std::chrono::steady_clock;
  constexpr int launches = 200, rounds = 20;
  auto native = static_cast<CUstream>(capstan_rt_stream_native(stream.get()));
  CUmodule code;
  CUfunction plus;
  ASSERT_EQ((driver<CUresult(CUmodule *, const void *)>("cuModuleLoadData")(
                &code, gpu_code)),
            CUDA_SUCCESS);
  ASSERT_EQ((driver<CUresult(CUfunction *, CUmodule, const char *)>(
                "cuModuleGetFunction")(&plus, code, "test_plus")),
            CUDA_SUCCESS);
  auto bare = driver<CUresult(CUfunction, unsigned, unsigned, unsigned,
                              unsigned, unsigned, unsigned, unsigned, CUstream,
                              void **, void **)>("cuLaunchKernel");
  BufferPtr from = number(1), to = number(2);
  void *addresses[] = {data(from), data(to)};
  float summand = 1;
  void *arguments[] = {&addresses[0], &addresses[1], &summand};
  std::vector<double> ours, theirs;
  auto time = [&](std::vector<double> &times, const auto &launch) {
    ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
    Clock::time_point begin = Clock::now();
    for (int i = 0; i < launches; ++i)
      launch();
    std::chrono::duration<double, std::micro> took = Clock::now() - begin;
    times.push_back(took.count() / launches);
  };
  for (int round = 0; round < rounds; ++round) {
    time(theirs,
         [&] { bare(plus, 1, 1, 1, 1, 1, 1, 0, native, arguments, nullptr); });
    ASSERT_OK(inForward([&](auto *f) {
      time(ours,
           [&] { capstan_rt_launch_gpu(f, GPU_PLUS, 1, 1, 1, arguments); });
      return 0;
    }));
  }
  driver<CUresult(CUmodule)>("cuModuleUnload")(code);
  std::sort(ours.begin(), ours.end());
  std::sort(theirs.begin(), theirs.end());
  double mine = ours[rounds / 2], bareTime = theirs[rounds / 2];
  std::printf("a launch: %.2f us; by the driver alone: %.2f us\n", mine,
              bareTime);
  // Far from the 1.3 that is measured: other programs run here, too.
  EXPECT_LT(mine, 3 * bareTime);
}

TEST_P(MovingTest, ReplaysCostLittle) {
  using Clock = std::chrono::steady_clock;
  BufferPtr a = number(1), b = number(2);
  for (int i = 0; i < 3; ++i)
    expectOf(a, b, 1, 2);
  std::vector<double> times;
  for (int i = 0; i < 300; ++i) {
    ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
    Clock::time_point begin = Clock::now();
    ASSERT_OK(inForward([&](auto *f) {
      void *in[] = {data(a), data(b)}, *results[2];
      int32_t run;
      if (int32_t code = capstan_rt_graph_enter(f, &region, in, results, &run))
        return code;
      if (int32_t code = capstan_rt_free(f, results[0]))
        return code;
      return capstan_rt_free(f, results[1]);
    }));
    std::chrono::duration<double, std::micro> took = Clock::now() - begin;
    times.push_back(took.count());
  }
  std::sort(times.begin(), times.end());
  std::printf("a forward of one replay: %.2f us\n", times[times.size() / 2]);
}
