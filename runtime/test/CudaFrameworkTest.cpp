//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Streams and memory of a framework.
//
//===----------------------------------------------------------------------===//

#include "CudaSupport.h"

#include <atomic>

using namespace capstan::rt::test;
using testing::ElementsAre;

namespace {
class CudaFrameworkTest : public CudaConformance {};
CAPSTAN_RT_CONFORMANCE_OF_CUDA(CudaFrameworkTest);
} // namespace

//===----------------------------------------------------------------------===//
// Streams of a framework
//===----------------------------------------------------------------------===//

TEST_P(CudaFrameworkTest, WrappedStreamsAreTheCallers) {
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

TEST_P(CudaFrameworkTest, OwnersMayCaptureTheirStreams) {
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
        capstan_rt_gemm_desc square = {};
        square.size = sizeof(square);
        square.dtype = rtDtypeOf<float>();
        square.batch = square.m = square.n = square.k = 1;
        square.lda = square.ldb = square.ldc = 1;
        EXPECT_OK(capstan_rt_gemm(f, &square, memory, memory, data(buffer)));
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
    EXPECT_EQ(read(buffer), 49);
  }
  driver<CUresult(CUgraphExec)>("cuGraphExecDestroy")(exec);
  driver<CUresult(CUgraph)>("cuGraphDestroy")(graph);
  ASSERT_OK(capstan_rt_stream_synchronize(raw));
}

//===----------------------------------------------------------------------===//
// Memory of a framework
//===----------------------------------------------------------------------===//

namespace {
/// A framework whose memory may be full.
struct Framework {
  std::atomic<int> allocated{0}, released{0}, emptied{0};
  std::atomic<int64_t> bytes{0};
  bool full = false;
  bool caches = true; // emptying the cache ends that
  CUresult (*allocate)(CUdeviceptr *, size_t, CUstream) = nullptr;
  CUresult (*release)(CUdeviceptr, CUstream) = nullptr;

  capstan_rt_allocator hooks() {
    return {
        sizeof(capstan_rt_allocator), this,
        [](void *context, int64_t bytes, void *stream) -> void * {
          auto *f = static_cast<Framework *>(context);
          CUdeviceptr memory = 0;
          if (f->full && !(f->caches && f->emptied))
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
  }
};
} // namespace

TEST_P(CudaFrameworkTest, FrameworksMayOwnTheMemory) {
  Framework framework;
  framework.allocate =
      driver<CUresult(CUdeviceptr *, size_t, CUstream)>("cuMemAllocAsync");
  framework.release = driver<CUresult(CUdeviceptr, CUstream)>("cuMemFreeAsync");
  capstan_rt_allocator allocator = framework.hooks();
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

TEST_P(CudaFrameworkTest, FrameworksMayHaveNoMemoryForAWhile) {
  Framework framework;
  framework.allocate =
      driver<CUresult(CUdeviceptr *, size_t, CUstream)>("cuMemAllocAsync");
  framework.release = driver<CUresult(CUdeviceptr, CUstream)>("cuMemFreeAsync");
  framework.caches = false;
  capstan_rt_allocator allocator = framework.hooks();
  capstan_rt_device_config config = makeConfig();
  config.allocator = &allocator;
  reset(config);
  auto add = [&](auto *f) {
    void *memory;
    if (int32_t code = capstan_rt_alloc(f, 4 << 20, 64, &memory))
      return code;
    AddArguments arguments = {static_cast<float *>(memory), 1};
    return launch(f, addKernel, &arguments, sizeof(arguments), 1);
  };
  ASSERT_OK(inForward(add));
  ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
  framework.full = true;
  EXPECT_FAILS(CAPSTAN_RT_OUT_OF_MEMORY, "no memory for 4194304 bytes",
               inForward(add));
  EXPECT_EQ(framework.emptied, 1);
  // A capture can't empty caches: it ends, and the stream is usable.
  framework.full = false;
  ASSERT_OK(capstan_rt_capture_begin(stream.get()));
  framework.full = true;
  inForward(add);
  capstan_rt_graph *raw = nullptr;
  if (!capstan_rt_capture_end(stream.get(), &raw)) // in memory of its own
    capstan_rt_graph_release(raw);
  framework.full = false;
  ASSERT_OK(inForward(add));
  ASSERT_OK(capstan_rt_stream_synchronize(stream.get()));
  module = nullptr, stream = nullptr, device = nullptr; // before `framework`
}

TEST_P(CudaFrameworkTest, CachesAreEmptiedForTheRuntimesPoolToo) {
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
  most = nullptr;
  module = nullptr, stream = nullptr, device = nullptr; // before `framework`
}

TEST_P(CudaFrameworkTest, HostResultsArePinned) {
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
