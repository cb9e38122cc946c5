//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "Compile.h"
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
    : jit(std::move(other.jit)), handle(std::exchange(other.handle, nullptr)),
      onGpu(other.onGpu) {}
Program &Program::operator=(Program &&other) {
  std::swap(jit, other.jit);
  std::swap(handle, other.handle);
  std::swap(onGpu, other.onGpu);
  return *this;
}
// The module goes before its code.
Program::~Program() { capstan_rt_module_release(handle); }

llvm::Expected<Program> Program::load(capstan_rt_device *device, StringRef path,
                                      const LoadOptions &options) {
  Program program;
  program.onGpu = options.target == "cuda";
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

llvm::Expected<std::vector<Argument>>
Program::run(capstan_rt_stream *stream, const capstan_rt_entry_info &entry,
             llvm::ArrayRef<Argument> arguments) {
  const capstan_rt_function *function = nullptr;
  if (llvm::Error e =
          toError(capstan_rt_module_lookup(handle, entry.name, &function)))
    return e;
  std::vector<DLManagedTensorVersioned *> given;
  for (const Argument &argument : arguments)
    given.push_back(argument.get());
  std::vector<DLManagedTensorVersioned *> out(entry.num_results);
  if (llvm::Error e =
          toError(capstan_rt_call(function, stream, given.size(), given.data(),
                                  out.size(), out.data())))
    return e;
  std::vector<Argument> results;
  for (DLManagedTensorVersioned *result : out)
    results.emplace_back(result);
  if (llvm::Error e = toError(capstan_rt_stream_synchronize(stream)))
    return e;
  return results;
}

llvm::Expected<std::vector<Argument>>
Program::collect(capstan_rt_stream *stream, const capstan_rt_entry_info &entry,
                 const Inputs &inputs, const Prepared &prepared) {
  std::vector<Argument> arguments;
  for (const capstan_rt_value_info &place :
       llvm::ArrayRef(entry.arguments, entry.num_arguments)) {
    if (auto it = prepared.find(place.name); it != prepared.end()) {
      arguments.push_back(it->second);
      continue;
    }
    auto tensor = inputs.get(place);
    if (!tensor)
      return tensor.takeError();
    auto argument = Argument::make(*tensor, place, stream, onGpu);
    if (!argument)
      return argument.takeError();
    arguments.push_back(std::move(*argument));
  }
  return arguments;
}

llvm::Expected<Program::Prepared>
Program::prepare(capstan_rt_stream *stream, const capstan_rt_entry_info &entry,
                 const Inputs &inputs) {
  Prepared prepared;
  auto first = this->entry(std::string(entry.name) + ".prepare");
  if (!first) {
    llvm::consumeError(first.takeError());
    return prepared;
  }
  auto arguments = collect(stream, **first, inputs, /*prepared=*/{});
  if (!arguments)
    return arguments.takeError();
  auto results = run(stream, **first, *arguments);
  if (!results)
    return results.takeError();
  for (size_t i = 0; i < results->size(); ++i)
    prepared.emplace((*first)->results[i].name, (*results)[i]);
  return prepared;
}

llvm::Expected<std::vector<Argument>>
Program::arguments(capstan_rt_stream *stream,
                   const capstan_rt_entry_info &entry, const Inputs &inputs) {
  auto prepared = prepare(stream, entry, inputs);
  if (!prepared)
    return prepared.takeError();
  return collect(stream, entry, inputs, *prepared);
}

llvm::Expected<std::vector<Tensor>>
Program::call(capstan_rt_stream *stream, const capstan_rt_entry_info &entry,
              llvm::ArrayRef<Argument> arguments) {
  auto made = run(stream, entry, arguments);
  if (!made)
    return made.takeError();
  std::vector<Tensor> results;
  for (const Argument &each : *made) {
    auto tensor = toHost(*each.get(), stream);
    if (!tensor)
      return tensor.takeError();
    results.push_back(std::move(*tensor));
  }
  return results;
}
