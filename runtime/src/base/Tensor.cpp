//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/Tensor.h"
#include "base/Dtype.h"

#include <algorithm>
#include <cstring>

using namespace capstan::rt;

using LL = long long;

int32_t Place::fail(int32_t code, const Device &device,
                    std::string message) const {
  return capstan::rt::fail(
      code, {entry, nullptr, device.name()},
      format("%s %d '%s': %s", what, index, info.name, message.c_str()));
}

static int32_t rankOf(const capstan_rt_value_info &info) {
  return info.kind == CAPSTAN_RT_SCALAR ? 0 : info.rank;
}

/// The bytes of a tensor of these sizes; "" or what is wrong with them.
static std::string checkSizes(const capstan_rt_value_info &info,
                              const int64_t *sizes, const int64_t *strides,
                              int64_t &bytes) {
  bytes = bytesOf(info.dtype);
  for (int32_t i = 0; i < rankOf(info); ++i) {
    if (sizes[i] < 0)
      return format("size %lld in dimension %d", LL(sizes[i]), i);
    if (info.dims[i] >= 0 && info.dims[i] != sizes[i])
      return format("expected size %lld in dimension %d, got %lld",
                    LL(info.dims[i]), i, LL(sizes[i]));
    if (__builtin_mul_overflow(bytes, sizes[i], &bytes))
      return "more elements than memory has";
  }
  if (!strides || bytes == 0)
    return "";
  // Strides of dimensions of size 1 mean nothing.
  int64_t expected = 1;
  for (int32_t i = rankOf(info) - 1; i >= 0; --i) {
    if (sizes[i] != 1 && strides[i] != expected)
      return format("not contiguous: expected stride %lld in dimension %d, got "
                    "%lld",
                    LL(expected), i, LL(strides[i]));
    expected *= sizes[i];
  }
  return "";
}

/// Whether memory of a DLPack device may be used for the place.
static bool fits(DLDevice have, const capstan_rt_value_info &info,
                 const Device &device) {
  if (info.kind == CAPSTAN_RT_SCALAR || info.space == CAPSTAN_RT_HOST_SPACE)
    return have.device_type == kDLCPU || have.device_type == kDLCUDAHost;
  int32_t type, id;
  device.dlpack(type, id);
  return have.device_type == type && have.device_id == id;
}

static void setSizes(const capstan_rt_value_info &info, const int64_t *sizes,
                     capstan_rt_memref &memref) {
  int64_t stride = 1;
  for (int32_t i = rankOf(info) - 1; i >= 0; --i) {
    memref.sizes[i] = sizes[i];
    memref.strides[i] = stride;
    stride *= std::max<int64_t>(sizes[i], 1);
  }
}

int32_t capstan::rt::importTensor(const Place &place,
                                  const DLManagedTensorVersioned *tensor,
                                  const Device &device,
                                  capstan_rt_memref &memref) {
  auto bad = [&](std::string message) {
    return place.fail(CAPSTAN_RT_INVALID_ARGUMENT, device, std::move(message));
  };
  if (!tensor)
    return bad("the tensor is null");
  if (tensor->version.major != DLPACK_MAJOR_VERSION)
    return place.fail(CAPSTAN_RT_INCOMPATIBLE, device,
                      format("a tensor of DLPack %u, not %d",
                             tensor->version.major, DLPACK_MAJOR_VERSION));
  const DLTensor &t = tensor->dl_tensor;
  capstan_rt_dtype dtype = {t.dtype.code, t.dtype.bits, t.dtype.lanes};
  if (!(dtype == place.info.dtype))
    return bad(format("expected %s, got %s", nameOf(place.info.dtype).c_str(),
                      nameOf(dtype).c_str()));
  if (t.ndim != rankOf(place.info))
    return bad(format("expected rank %d, got %d", rankOf(place.info), t.ndim));
  if (t.ndim && !t.shape)
    return bad("the shape is null");
  if (!fits(t.device, place.info, device))
    return bad(format("on device %d:%d of DLPack, expected %s",
                      t.device.device_type, t.device.device_id,
                      place.info.space == CAPSTAN_RT_HOST_SPACE
                          ? "the host's"
                          : device.name()));
  int64_t bytes;
  if (std::string problem = checkSizes(place.info, t.shape, t.strides, bytes);
      !problem.empty())
    return bad(problem);
  if (bytes && !t.data)
    return bad("the data is null");
  memref.base = t.data;
  memref.data = t.data ? static_cast<char *>(t.data) + t.byte_offset : nullptr;
  int64_t alignment = std::min<int64_t>(bytesOf(dtype), 8);
  if (bytes && reinterpret_cast<uintptr_t>(memref.data) % alignment)
    return bad("the data is not aligned to its type");
  if (bytes && place.info.space == CAPSTAN_RT_DEVICE_SPACE &&
      !strcmp(device.target(), "cuda") &&
      reinterpret_cast<uintptr_t>(memref.data) % 16)
    return bad("the data is not aligned to 16 bytes, which kernels read at "
               "once");
  setSizes(place.info, t.shape, memref);
  return CAPSTAN_RT_OK;
}

int32_t capstan::rt::checkResult(const Place &place,
                                 const capstan_rt_memref &memref,
                                 const Device &device, int64_t &bytes) {
  std::string problem =
      checkSizes(place.info, memref.sizes, memref.strides, bytes);
  if (problem.empty() && bytes && !memref.data)
    problem = "the data is null";
  if (problem.empty())
    return CAPSTAN_RT_OK;
  return place.fail(CAPSTAN_RT_INTERNAL, device,
                    "compiled code returned a wrong tensor: " + problem);
}

namespace {
/// What the caller gets: the tensor and everything that it points at.
struct Exported {
  DLManagedTensorVersioned tensor = {};
  int64_t sizes[CAPSTAN_RT_MAX_RANK], strides[CAPSTAN_RT_MAX_RANK];
  alignas(16) char scalar[16];
  Block block;
};
} // namespace

static Exported *makeTensor(const capstan_rt_value_info &info,
                            const capstan_rt_memref &memref) {
  auto *exported = new Exported;
  DLManagedTensorVersioned &tensor = exported->tensor;
  tensor.version = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
  tensor.manager_ctx = exported;
  tensor.deleter = [](DLManagedTensorVersioned *self) {
    delete static_cast<Exported *>(self->manager_ctx);
  };
  tensor.dl_tensor.device = {kDLCPU, 0};
  tensor.dl_tensor.ndim = rankOf(info);
  tensor.dl_tensor.dtype = {info.dtype.code, info.dtype.bits, info.dtype.lanes};
  tensor.dl_tensor.shape = exported->sizes;
  tensor.dl_tensor.strides = exported->strides;
  capstan_rt_memref rowMajor;
  setSizes(info, memref.sizes, rowMajor);
  std::copy_n(rowMajor.sizes, rankOf(info), exported->sizes);
  std::copy_n(rowMajor.strides, rankOf(info), exported->strides);
  return exported;
}

DLManagedTensorVersioned *
capstan::rt::exportTensor(const capstan_rt_value_info &info,
                          const capstan_rt_memref &memref, const Device &device,
                          Block block, void *data) {
  Exported *exported = makeTensor(info, memref);
  exported->block = std::move(block);
  exported->tensor.dl_tensor.data = data;
  exported->tensor.dl_tensor.device.device_type =
      static_cast<DLDeviceType>(device.hostDlpackType());
  if (info.space == CAPSTAN_RT_DEVICE_SPACE) {
    int32_t type, id;
    device.dlpack(type, id);
    exported->tensor.dl_tensor.device = {static_cast<DLDeviceType>(type), id};
  }
  return &exported->tensor;
}

DLManagedTensorVersioned *
capstan::rt::exportScalar(const capstan_rt_value_info &info,
                          const capstan_rt_memref &memref) {
  Exported *exported = makeTensor(info, memref);
  memcpy(exported->scalar, memref.data, bytesOf(info.dtype));
  exported->tensor.dl_tensor.data = exported->scalar;
  return &exported->tensor;
}
