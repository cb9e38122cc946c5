//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Argument.h"
#include "Program.h"

using namespace capstan::run;

namespace {
/// A tensor's memory and shape, and what tells a runtime of them.
struct Managed {
  std::shared_ptr<void> memory;
  llvm::SmallVector<int64_t, 4> shape;
  DLManagedTensorVersioned managed{};
};
} // namespace

Argument::Argument(const Tensor &tensor, std::shared_ptr<void> memory,
                   void *data, DLDevice device) {
  auto made = std::make_shared<Managed>();
  made->memory = std::move(memory);
  made->shape = tensor.shape;
  made->managed.version = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
  DLTensor &t = made->managed.dl_tensor;
  t.data = data;
  t.device = device;
  t.ndim = made->shape.size();
  t.dtype = {tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes};
  t.shape = made->shape.data();
  managed = {made, &made->managed};
}

Argument::Argument(DLManagedTensorVersioned *result)
    : managed(result, [](DLManagedTensorVersioned *t) { t->deleter(t); }) {}

llvm::Expected<Argument> Argument::make(const Tensor &tensor,
                                        const capstan_rt_value_info &place,
                                        capstan_rt_stream *stream, bool onGpu) {
  if (!onGpu || place.kind == CAPSTAN_RT_SCALAR ||
      place.space == CAPSTAN_RT_HOST_SPACE)
    return Argument(tensor, tensor.owner, const_cast<char *>(tensor.data),
                    {kDLCPU, 0});
  capstan_rt_buffer *buffer = nullptr;
  if (llvm::Error e =
          toError(capstan_rt_buffer_create(stream, tensor.bytes(), &buffer)))
    return e;
  std::shared_ptr<void> memory(buffer, [](void *each) {
    capstan_rt_buffer_release(static_cast<capstan_rt_buffer *>(each));
  });
  if (llvm::Error e = toError(capstan_rt_buffer_write(
          buffer, stream, /*offset=*/0, tensor.data, tensor.bytes())))
    return e;
  return Argument(tensor, memory, capstan_rt_buffer_data(buffer), {kDLCUDA, 0});
}
