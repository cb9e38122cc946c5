//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/Dtype.h"
#include "base/Forward.h"
#include "base/Tensor.h"

#include <cstring>
#include <vector>

using namespace capstan::rt;

namespace {
/// One call, between the caller's tensors and the entry's memrefs.
class Call {
public:
  Call(const Function &function, Stream &stream)
      : entry(*function.info), module(*function.module), stream(stream),
        device(*stream.device) {}

  int32_t run(int32_t numArguments, DLManagedTensorVersioned *const *arguments,
              int32_t numResults, DLManagedTensorVersioned **created,
              DLManagedTensorVersioned *const *given);

private:
  /// Where compiled code may put a scalar result.
  struct alignas(16) ScalarBytes {
    char bytes[16];
  };

  int32_t bad(std::string message) {
    return fail(CAPSTAN_RT_INVALID_ARGUMENT,
                {entry.name, nullptr, device.name()}, std::move(message));
  }
  Place resultPlace(int32_t i) {
    return {entry.name, "result", i, entry.results[i]};
  }
  int32_t importArguments(DLManagedTensorVersioned *const *arguments);
  int32_t importGiven(DLManagedTensorVersioned *const *given);
  int32_t runEntry(Forward &forward);
  int32_t runForward(Forward &forward, DLManagedTensorVersioned **created,
                     bool into);
  int32_t create(Forward &forward, int32_t i, DLManagedTensorVersioned *&out);
  int32_t copyInto(Forward &forward, int32_t i);

  const capstan_rt_entry_info &entry;
  Module &module;
  Stream &stream;
  Device &device;
  std::vector<capstan_rt_memref> arguments, results, given;
  std::vector<ScalarBytes> scalars;
};
} // namespace

int32_t Call::importArguments(DLManagedTensorVersioned *const *tensors) {
  arguments.resize(entry.num_arguments);
  for (int32_t i = 0; i < entry.num_arguments; ++i)
    CAPSTAN_RT_TRY(importTensor({entry.name, "argument", i, entry.arguments[i]},
                                tensors[i], device, arguments[i]));
  return CAPSTAN_RT_OK;
}

int32_t Call::importGiven(DLManagedTensorVersioned *const *tensors) {
  given.resize(entry.num_results);
  for (int32_t i = 0; i < entry.num_results; ++i) {
    CAPSTAN_RT_TRY(importTensor(resultPlace(i), tensors[i], device, given[i]));
    const capstan_rt_value_info &info = entry.results[i];
    if (info.kind == CAPSTAN_RT_SCALAR || info.space == CAPSTAN_RT_HOST_SPACE)
      CAPSTAN_RT_TRY(stream.refuseInCapture(
          entry.name,
          format("result %d '%s' of the host", i, info.name).c_str()));
  }
  return CAPSTAN_RT_OK;
}

int32_t Call::runEntry(Forward &forward) {
  results.resize(entry.num_results);
  scalars.resize(entry.num_results);
  for (int32_t i = 0; i < entry.num_results; ++i)
    results[i] = {nullptr, scalars[i].bytes, {}, {}};
  TraceScope span(device.trace, "call", entry.name);
  int32_t code = entry.entry(&forward, arguments.data(), results.data());
  if (code == CAPSTAN_RT_OK)
    return code;
  if (forward.explained && lastCode() == code)
    return code;
  return fail(code, {entry.name, nullptr, device.name()},
              "compiled code failed without a message");
}

/// A tensor of result `i` for the caller: its memory if the forward owns that,
/// a copy otherwise.
int32_t Call::create(Forward &forward, int32_t i,
                     DLManagedTensorVersioned *&out) {
  const capstan_rt_value_info &info = entry.results[i];
  capstan_rt_memref &memref = results[i];
  int64_t bytes;
  CAPSTAN_RT_TRY(checkResult(resultPlace(i), memref, device, bytes));
  if (info.kind == CAPSTAN_RT_SCALAR) {
    out = exportScalar(info, memref);
    return CAPSTAN_RT_OK;
  }
  bool wantHost = info.space == CAPSTAN_RT_HOST_SPACE, isHost = wantHost;
  void *data = bytes ? memref.data : nullptr;
  Block block = forward.take(memref.base, &isHost);
  if (isHost != wantHost)
    return resultPlace(i).fail(
        CAPSTAN_RT_INTERNAL, device,
        "compiled code returned memory of another space");
  if (!block.get() && bytes) {
    void *copy;
    CAPSTAN_RT_TRY(forward.allocate(bytes, 64, wantHost, &copy));
    block = forward.take(copy, &isHost);
    if (wantHost)
      memcpy(copy, data, bytes);
    else
      CAPSTAN_RT_TRY(stream.copy(forward.failure, copy, data, bytes));
    data = copy;
  }
  out = exportTensor(info, memref, device, std::move(block), data);
  return CAPSTAN_RT_OK;
}

int32_t Call::copyInto(Forward &forward, int32_t i) {
  const capstan_rt_value_info &info = entry.results[i];
  const capstan_rt_memref &from = results[i];
  int64_t bytes;
  CAPSTAN_RT_TRY(checkResult(resultPlace(i), from, device, bytes));
  if (info.kind == CAPSTAN_RT_TENSOR)
    for (int32_t d = 0; d < info.rank; ++d)
      if (from.sizes[d] != given[i].sizes[d])
        return resultPlace(i).fail(
            CAPSTAN_RT_INVALID_ARGUMENT, device,
            format("has size %lld in dimension %d, the tensor given has %lld",
                   static_cast<long long>(from.sizes[d]), d,
                   static_cast<long long>(given[i].sizes[d])));
  if (!bytes)
    return CAPSTAN_RT_OK;
  if (info.kind == CAPSTAN_RT_TENSOR && info.space == CAPSTAN_RT_DEVICE_SPACE)
    return stream.copy(forward.failure, given[i].data, from.data, bytes);
  memcpy(given[i].data, from.data, bytes);
  return CAPSTAN_RT_OK;
}

int32_t Call::runForward(Forward &forward, DLManagedTensorVersioned **created,
                         bool into) {
  CAPSTAN_RT_TRY(runEntry(forward));
  for (int32_t i = 0; i < entry.num_results; ++i)
    CAPSTAN_RT_TRY(into ? copyInto(forward, i)
                        : create(forward, i, created[i]));
  return CAPSTAN_RT_OK;
}

int32_t Call::run(int32_t numArguments,
                  DLManagedTensorVersioned *const *tensors, int32_t numResults,
                  DLManagedTensorVersioned **created,
                  DLManagedTensorVersioned *const *into) {
  if (stream.device.get() != module.device.get())
    return bad("the stream is of another device than the module");
  if (numArguments != entry.num_arguments)
    return bad(format("expected %d arguments, got %d", entry.num_arguments,
                      numArguments));
  if (numResults != entry.num_results)
    return bad(
        format("expected %d results, got %d", entry.num_results, numResults));
  if ((numArguments && !tensors) || (numResults && !created && !into))
    return bad("null pointer");
  CAPSTAN_RT_TRY(importArguments(tensors));
  if (into)
    CAPSTAN_RT_TRY(importGiven(into));
  else if (numResults)
    CAPSTAN_RT_TRY(stream.refuseInCapture(
        entry.name, "results in memory of the graph (use call_into)"));
  stream.captureCall(module);
  Forward forward(stream, module);
  int32_t code = runForward(forward, created, into);
  if (code)
    forward.restoreDevice();
  return code;
}

int32_t capstan_rt_call(const capstan_rt_function *function,
                        capstan_rt_stream *stream, int32_t num_arguments,
                        struct DLManagedTensorVersioned *const *arguments,
                        int32_t num_results,
                        struct DLManagedTensorVersioned **results) {
  if (!function || !stream)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {"call"},
                "the function or the stream is null");
  for (int32_t i = 0; results && i < num_results; ++i)
    results[i] = nullptr;
  int32_t code = Call(*function, *stream)
                     .run(num_arguments, arguments, num_results, results,
                          /*into=*/nullptr);
  for (int32_t i = 0; code && results && i < num_results; ++i)
    if (DLManagedTensorVersioned *tensor = std::exchange(results[i], nullptr))
      tensor->deleter(tensor);
  return code;
}

int32_t capstan_rt_call_into(const capstan_rt_function *function,
                             capstan_rt_stream *stream, int32_t num_arguments,
                             struct DLManagedTensorVersioned *const *arguments,
                             int32_t num_results,
                             struct DLManagedTensorVersioned *const *results) {
  if (!function || !stream)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {"call"},
                "the function or the stream is null");
  if (num_results && !results)
    return fail(CAPSTAN_RT_INVALID_ARGUMENT, {"call"}, "the results are null");
  return Call(*function, *stream)
      .run(num_arguments, arguments, num_results, /*created=*/nullptr, results);
}
