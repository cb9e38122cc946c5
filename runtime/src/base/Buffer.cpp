//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/Backend.h"
#include "base/Dtype.h"

#include "dlpack/dlpack.h"
#include <cstring>

using namespace capstan::rt;

struct capstan_rt_buffer : RefCounted {
  Ref<Device> device; // before the block: its pool counts with the device
  Block block;
  int64_t bytes;
};

static int32_t bad(const char *op, const char *what) {
  return fail(CAPSTAN_RT_INVALID_ARGUMENT, {op}, what);
}

int32_t capstan_rt_buffer_create(capstan_rt_stream *stream, int64_t bytes,
                                 capstan_rt_buffer **buffer) {
  const char *op = "buffer_create";
  if (buffer)
    *buffer = nullptr;
  if (!stream || !buffer || bytes < 0)
    return bad(op, "null pointer, or a negative size");
  CAPSTAN_RT_TRY(stream->refuseInCapture(op, "memory of the caller"));
  auto result = Ref<Buffer>::adopt(new Buffer);
  result->device = stream->device;
  result->bytes = bytes;
  CAPSTAN_RT_TRY(stream->allocate(bytes, /*alignment=*/64, &result->block));
  stream->device->counters.add(Counter::allocations);
  stream->device->counters.add(Counter::allocated_bytes, bytes);
  *buffer = result.take();
  return CAPSTAN_RT_OK;
}

void capstan_rt_buffer_retain(capstan_rt_buffer *buffer) {
  retainHandle(buffer);
}

void capstan_rt_buffer_release(capstan_rt_buffer *buffer) {
  releaseHandle(buffer);
}

void *capstan_rt_buffer_data(const capstan_rt_buffer *buffer) {
  return buffer ? buffer->block.get() : nullptr;
}

int64_t capstan_rt_buffer_bytes(const capstan_rt_buffer *buffer) {
  return buffer ? buffer->bytes : 0;
}

static int32_t checkRange(const char *op, Buffer *buffer, Stream *stream,
                          int64_t offset, const void *host, int64_t bytes) {
  if (!buffer || !stream || (bytes && !host))
    return bad(op, "null pointer");
  if (buffer->device.get() != stream->device.get())
    return bad(op, "buffer and stream are of different devices");
  if (offset < 0 || bytes < 0 || offset > buffer->bytes ||
      bytes > buffer->bytes - offset)
    return bad(op, "the range is not in the buffer");
  return CAPSTAN_RT_OK;
}

/// Waits for the stream, then reads.
static int32_t readBack(Stream &stream, const void *source, void *destination,
                        int64_t bytes) {
  CAPSTAN_RT_TRY(stream.synchronize());
  capstan_rt_part part = {source, destination, bytes};
  Fetch *fetch;
  CAPSTAN_RT_TRY(stream.fetch(FailureRef::adopt(new Failure), 1, &part,
                              /*poison=*/false, &fetch));
  stream.device->counters.add(Counter::blocking_syncs);
  stream.device->counters.add(Counter::bytes_read_back, bytes);
  return Ref<Fetch>::adopt(fetch)->wait();
}

int32_t capstan_rt_buffer_write(capstan_rt_buffer *buffer,
                                capstan_rt_stream *stream, int64_t offset,
                                const void *source, int64_t bytes) {
  CAPSTAN_RT_TRY(
      checkRange("buffer_write", buffer, stream, offset, source, bytes));
  return stream->toDevice(FailureRef::adopt(new Failure),
                          static_cast<char *>(buffer->block.get()) + offset,
                          source, bytes);
}

int32_t capstan_rt_buffer_read(capstan_rt_buffer *buffer,
                               capstan_rt_stream *stream, int64_t offset,
                               void *destination, int64_t bytes) {
  const char *op = "buffer_read";
  CAPSTAN_RT_TRY(checkRange(op, buffer, stream, offset, destination, bytes));
  CAPSTAN_RT_TRY(stream->refuseInCapture(op, "a read of the host"));
  return readBack(*stream, static_cast<char *>(buffer->block.get()) + offset,
                  destination, bytes);
}

int32_t capstan_rt_tensor_read(const struct DLManagedTensorVersioned *tensor,
                               capstan_rt_stream *stream, void *destination,
                               int64_t bytes) {
  const char *op = "tensor_read";
  if (!tensor || !stream || (bytes && !destination))
    return bad(op, "null pointer");
  if (tensor->version.major != DLPACK_MAJOR_VERSION)
    return bad(op, "a tensor of another version of DLPack");
  const DLTensor &t = tensor->dl_tensor;
  int64_t size = bytesOf({t.dtype.code, t.dtype.bits, t.dtype.lanes});
  for (int32_t i = t.ndim - 1; i >= 0; --i)
    size *= t.shape[i];
  if (size != bytes)
    return bad(op, "the tensor is of another size");
  CAPSTAN_RT_TRY(stream->refuseInCapture(op, "a read of the host"));
  const char *source = static_cast<char *>(t.data) + t.byte_offset;
  int32_t type, id;
  stream->device->dlpack(type, id);
  if (t.device.device_type == type && t.device.device_id == id)
    return readBack(*stream, source, destination, bytes);
  if (t.device.device_type != kDLCPU && t.device.device_type != kDLCUDAHost)
    return bad(op, "the tensor is neither on the stream's device nor the host");
  CAPSTAN_RT_TRY(stream->synchronize());
  if (bytes)
    memcpy(destination, source, bytes);
  return CAPSTAN_RT_OK;
}
