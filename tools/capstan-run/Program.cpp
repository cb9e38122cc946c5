//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "Compile.h"
#include "dlpack/dlpack.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MemoryBuffer.h"
#include <utility>

using namespace capstan::run;
using llvm::StringRef;

llvm::Error capstan::run::toError(int32_t status) {
  if (status == CAPSTAN_RT_OK)
    return llvm::Error::success();
  return error("%s: %s", capstan_rt_status_name(status),
               capstan_rt_last_message());
}

Program::Program() = default;
Program::Program(Program &&other)
    : jit(std::move(other.jit)), handle(std::exchange(other.handle, nullptr)) {}
Program &Program::operator=(Program &&other) {
  std::swap(jit, other.jit);
  std::swap(handle, other.handle);
  return *this;
}
// The module goes before its code.
Program::~Program() { capstan_rt_module_release(handle); }

llvm::Expected<Program> Program::load(capstan_rt_device *device, StringRef path,
                                      const LoadOptions &options) {
  Program program;
  if (path.ends_with(".so")) {
    if (llvm::Error e = toError(capstan_rt_module_open(
            device, path.str().c_str(), &program.handle)))
      return e;
    return program;
  }
  auto object = compile(path, options);
  if (!object)
    return object.takeError();
  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit)
    return jit.takeError();
  program.jit = std::move(*jit);
  // The runtime and the C library are part of this process.
  auto process = llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      program.jit->getDataLayout().getGlobalPrefix());
  if (!process)
    return process.takeError();
  program.jit->getMainJITDylib().addGenerator(std::move(*process));
  if (llvm::Error e = program.jit->addObjectFile(std::move(*object)))
    return e;
  auto info = program.jit->lookup("capstan_module");
  if (!info)
    return info.takeError();
  if (llvm::Error e = toError(capstan_rt_module_create(
          device, info->toPtr<const capstan_rt_module_info *>(),
          &program.handle)))
    return e;
  return program;
}

llvm::Expected<const capstan_rt_entry_info *>
Program::entry(StringRef name) const {
  const capstan_rt_module_info *info = capstan_rt_module_get_info(handle);
  llvm::ArrayRef<capstan_rt_entry_info> entries(info->entries,
                                                info->num_entries);
  if (name.empty() && entries.size() == 1)
    return &entries.front();
  std::string names;
  for (const capstan_rt_entry_info &entry : entries) {
    if (entry.name == (name.empty() ? StringRef("main") : name))
      return &entry;
    names += std::string(names.empty() ? "" : ", ") + entry.name;
  }
  return error("there is no entry '%s'; there is: %s",
               name.empty() ? "main" : name.str().c_str(), names.c_str());
}

/// `tensor`, which must outlive the result, for a call.
static DLManagedTensorVersioned toDLPack(const Tensor &tensor) {
  DLManagedTensorVersioned managed{};
  managed.version = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
  managed.dl_tensor.data = const_cast<char *>(tensor.data);
  managed.dl_tensor.device = {kDLCPU, 0};
  managed.dl_tensor.ndim = tensor.shape.size();
  managed.dl_tensor.dtype = {tensor.dtype.code, tensor.dtype.bits,
                             tensor.dtype.lanes};
  managed.dl_tensor.shape = const_cast<int64_t *>(tensor.shape.data());
  return managed;
}

static llvm::Expected<Tensor> toHost(const DLManagedTensorVersioned &managed,
                                     capstan_rt_stream *stream) {
  const DLTensor &from = managed.dl_tensor;
  auto tensor = allocate({from.dtype.code, from.dtype.bits, from.dtype.lanes},
                         llvm::ArrayRef<int64_t>(from.shape, from.ndim));
  if (!tensor)
    return tensor;
  if (llvm::Error e = toError(capstan_rt_tensor_read(
          &managed, stream, const_cast<char *>(tensor->data), tensor->bytes())))
    return e;
  return tensor;
}

llvm::Expected<std::vector<Tensor>>
Program::call(capstan_rt_stream *stream, const capstan_rt_entry_info &entry,
              llvm::ArrayRef<Tensor> arguments) {
  const capstan_rt_function *function = nullptr;
  if (llvm::Error e =
          toError(capstan_rt_module_lookup(handle, entry.name, &function)))
    return e;
  std::vector<DLManagedTensorVersioned> managed;
  std::vector<DLManagedTensorVersioned *> pointers;
  managed.reserve(arguments.size());
  for (const Tensor &argument : arguments) {
    managed.push_back(toDLPack(argument));
    pointers.push_back(&managed.back());
  }
  std::vector<DLManagedTensorVersioned *> out(entry.num_results);
  if (llvm::Error e =
          toError(capstan_rt_call(function, stream, pointers.size(),
                                  pointers.data(), out.size(), out.data())))
    return e;
  llvm::Error failed = toError(capstan_rt_stream_synchronize(stream));
  std::vector<Tensor> results;
  for (DLManagedTensorVersioned *result : out) {
    if (!failed) {
      auto tensor = toHost(*result, stream);
      if (tensor)
        results.push_back(std::move(*tensor));
      else
        failed = tensor.takeError();
    }
    result->deleter(result);
  }
  if (failed)
    return failed;
  return results;
}
