//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Support.h"

#include "modules/gpu_kernels.h"

using namespace capstan::rt::test;

bool capstan::rt::test::onGpu = false;

std::vector<std::string> capstan::rt::test::backends() {
  // Only where there is no GPU at all is it all right to have no tests of it.
  static const bool hasGpu = [] {
    capstan_rt_device *device;
    int32_t status = capstan_rt_device_create("cuda", nullptr, &device);
    capstan_rt_device_release(device);
    return status != CAPSTAN_RT_NOT_FOUND;
  }();
  return hasGpu ? std::vector<std::string>{"host", "cuda"}
                : std::vector<std::string>{"host"};
}

capstan_rt_device_config capstan::rt::test::makeConfig(int64_t maxDelayUs,
                                                       uint64_t seed) {
  capstan_rt_device_config config;
  capstan_rt_device_config_init(&config);
  config.threads = 3;
  config.poison_memory = 1;
  config.delay_seed = seed;
  config.max_delay_us = maxDelayUs;
  return config;
}

DevicePtr
capstan::rt::test::makeDevice(const std::string &backend,
                              const capstan_rt_device_config &config) {
  capstan_rt_device *device;
  EXPECT_OK(capstan_rt_device_create(backend.c_str(), &config, &device));
  return DevicePtr(device);
}

StreamPtr capstan::rt::test::makeStream(capstan_rt_device *device) {
  capstan_rt_stream *stream;
  EXPECT_OK(capstan_rt_stream_create(device, &stream));
  return StreamPtr(stream);
}

BufferPtr capstan::rt::test::makeBuffer(capstan_rt_stream *stream,
                                        int64_t bytes) {
  capstan_rt_buffer *buffer;
  EXPECT_OK(capstan_rt_buffer_create(stream, bytes, &buffer));
  return BufferPtr(buffer);
}

int64_t capstan::rt::test::elements(const DLManagedTensorVersioned &tensor) {
  int64_t count = 1;
  for (int32_t i = 0; i < tensor.dl_tensor.ndim; ++i)
    count *= tensor.dl_tensor.shape[i];
  return count;
}

std::unique_ptr<Tensor>
capstan::rt::test::makeTensor(DLDataType dtype, std::vector<int64_t> shape,
                              const void *values, capstan_rt_stream *stream) {
  auto result = std::make_unique<Tensor>();
  result->shape = std::move(shape);
  DLTensor &t = result->dlpack.dl_tensor;
  result->dlpack.version = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
  t.device = {kDLCPU, 0};
  if (stream && onGpu)
    t.device = {kDLCUDA, 0};
  t.ndim = static_cast<int32_t>(result->shape.size());
  t.dtype = dtype;
  t.shape = result->shape.data();
  int64_t bytes = elements(result->dlpack) * dtype.bits / 8;
  if (stream) {
    result->buffer = makeBuffer(stream, bytes);
    EXPECT_OK(capstan_rt_buffer_write(result->buffer.get(), stream, 0, values,
                                      bytes));
    t.data = capstan_rt_buffer_data(result->buffer.get());
  } else {
    result->host.resize(bytes);
    if (bytes)
      memcpy(result->host.data(), values, bytes);
    t.data = result->host.data();
  }
  return result;
}

std::string capstan::rt::test::modulePath(const std::string &name) {
  return CAPSTAN_RT_TEST_MODULES + name + (onGpu ? "_cuda.so" : ".so");
}

ModulePtr capstan::rt::test::openModule(capstan_rt_device *device,
                                        const std::string &name) {
  capstan_rt_module *module;
  EXPECT_OK(capstan_rt_module_open(device, modulePath(name).c_str(), &module));
  return ModulePtr(module);
}

const capstan_rt_function *capstan::rt::test::lookup(const ModulePtr &module,
                                                     const char *name) {
  const capstan_rt_function *function;
  EXPECT_OK(capstan_rt_module_lookup(module.get(), name, &function));
  return function;
}

CallResult capstan::rt::test::call(
    const capstan_rt_function *function, capstan_rt_stream *stream,
    std::vector<DLManagedTensorVersioned *> arguments, int32_t numResults) {
  std::vector<DLManagedTensorVersioned *> raw(numResults);
  CallResult result;
  result.status =
      capstan_rt_call(function, stream, static_cast<int32_t>(arguments.size()),
                      arguments.data(), numResults, raw.data());
  for (DLManagedTensorVersioned *tensor : raw)
    result.results.emplace_back(tensor);
  return result;
}

capstan_rt_counters capstan::rt::test::countersOf(capstan_rt_device *device) {
  capstan_rt_counters counters = {};
  counters.size = sizeof(counters);
  EXPECT_OK(capstan_rt_device_counters(device, &counters));
  return counters;
}

capstan_rt_counters capstan::rt::test::countersOf(capstan_rt_module *module) {
  capstan_rt_counters counters = {};
  counters.size = sizeof(counters);
  EXPECT_OK(capstan_rt_module_counters(module, &counters));
  return counters;
}

capstan_rt_counters
capstan::rt::test::lastForwardOf(capstan_rt_module *module) {
  capstan_rt_counters counters = {};
  counters.size = sizeof(counters);
  EXPECT_OK(capstan_rt_module_last_forward(module, &counters));
  return counters;
}

int32_t capstan::rt::test::launch(capstan_rt_forward *forward,
                                  const TestKernel &kernel,
                                  const void *arguments, int64_t bytes,
                                  int64_t extent) {
  if (!onGpu)
    return capstan_rt_launch(forward, &kernel.info, kernel.host, arguments,
                             bytes, extent);
  int64_t none = 0;
  return launch_on_gpu(forward, kernel.gpu, bytes ? arguments : &none, extent);
}

static int32_t add(const void *pointer, int64_t begin, int64_t end) {
  auto *arguments = static_cast<const AddArguments *>(pointer);
  for (int64_t i = begin; i < end; ++i)
    arguments->data[i] += arguments->summand;
  return 0;
}

static int32_t failAt70(const void *, int64_t begin, int64_t end) {
  return begin <= 70 && 70 < end ? 2 : 0;
}

static int32_t gather(const void *pointer, int64_t begin, int64_t end) {
  auto *arguments = static_cast<const GatherArguments *>(pointer);
  for (int64_t i = begin; i < end; ++i)
    arguments->to[i] = arguments->from[arguments->offsets[i]];
  return 0;
}

static const capstan_rt_check_info failingChecks[] = {
    {"never", "test.mlir:2:1"}, {"index out of bounds", "test.mlir:3:1"}};

const TestKernel capstan::rt::test::addKernel = {
    {"add", "test.mlir:1:1", 0, nullptr}, add, GPU_ADD};
const TestKernel capstan::rt::test::failingKernel = {
    {"failing", "test.mlir:1:1", 2, failingChecks}, failAt70, GPU_FAILING};
const TestKernel capstan::rt::test::gatherKernel = {
    {"gather", "test.mlir:1:1", 0, nullptr}, gather, GPU_GATHER};

// The host code of a module has no context but the thread it runs on.
static thread_local const std::function<int32_t(capstan_rt_forward *)> *body;

static int32_t runBody(capstan_rt_forward *forward, const capstan_rt_memref *,
                       capstan_rt_memref *) {
  return (*body)(forward);
}

static const capstan_rt_entry_info bodyEntry = {"body", runBody, 0,
                                                0,      nullptr, nullptr};
static const capstan_rt_module_info bodyModule = {
    sizeof(bodyModule), CAPSTAN_RT_ABI_VERSION, "host", "test", 1, &bodyEntry};

/// A kernel with a failure record and a struct of arguments.
static constexpr capstan_rt_gpu_kernel_info
gpuKernel(const char *name, int64_t checks = 0,
          const capstan_rt_check_info *infos = nullptr) {
  return {name, "test.mlir:1:1", checks, infos, GPU_THREADS, 1, 1, 0, 4, 1, 0};
}

static const capstan_rt_gpu_kernel_info gpuKernels[] = {
    gpuKernel("test_add"),
    gpuKernel("test_failing", 2, failingChecks),
    gpuKernel("test_gather"),
    gpuKernel("test_sum"),
    gpuKernel("test_affine"),
    {"test_scale", "test.mlir:1:1", 0, nullptr, GPU_THREADS, 1, 1, 0, 2, 0, 0},
    {"test_plus", "test.mlir:1:1", 0, nullptr, 1, 1, 1, 0, 3, 0, 0b011}};
static const float gpuConstants[] = {1, 2, 3, 4};
static const capstan_rt_gpu_constant_info constantInfos[] = {
    {gpuConstants, 12}, {nullptr, 0}, {gpuConstants + 3, 4}};
static const capstan_rt_gpu_module_info gpuBodyModule = {
    sizeof(gpuBodyModule),
    CAPSTAN_RT_ABI_VERSION,
    "cuda",
    "test",
    1,
    &bodyEntry,
    gpu_code,
    sizeof(gpu_code),
    std::size(gpuKernels),
    gpuKernels,
    std::size(constantInfos),
    constantInfos,
    nullptr};

void Conformance::reset(const capstan_rt_device_config &config) {
  module = nullptr;
  stream = nullptr;
  onGpu = GetParam() != "host";
  device = makeDevice(GetParam(), config);
  stream = makeStream(device.get());
  module = makeModule();
}

ModulePtr Conformance::makeModule() {
  capstan_rt_module *created;
  auto *info =
      onGpu ? reinterpret_cast<const capstan_rt_module_info *>(&gpuBodyModule)
            : &bodyModule;
  EXPECT_OK(capstan_rt_module_create(device.get(), info, &created));
  return ModulePtr(created);
}

int32_t Conformance::inForward(const Body &run, capstan_rt_stream *on) {
  body = &run;
  return capstan_rt_call(lookup(module, "body"), on ? on : stream.get(), 0,
                         nullptr, 0, nullptr);
}
