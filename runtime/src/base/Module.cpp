//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/GraphRegion.h"

#include <cstring>
#include <dlfcn.h>

using namespace capstan::rt;

capstan_rt_module::capstan_rt_module(capstan_rt_device *device,
                                     const capstan_rt_module_info &info,
                                     Ref<GpuCode> code, void *library)
    : device(Ref<Device>::share(device)), info(info), code(std::move(code)),
      graphs(std::make_unique<GraphPool>(*device, counters)), library(library) {
  for (int64_t i = 0; i < info.num_entries; ++i)
    functions.push_back({this, &info.entries[i]});
}

capstan_rt_module::~capstan_rt_module() {
  regions.clear(); // their graphs have the library's code
  graphs = nullptr;
  if (library)
    dlclose(library);
}

void capstan_rt_module::forwardEnded(const Counters &its) {
  std::lock_guard<std::mutex> lock(mutex);
  lastForward.assign(its);
}

GraphRegion &capstan_rt_module::region(const capstan_rt_graph_region *info) {
  std::lock_guard<std::mutex> lock(mutex);
  std::unique_ptr<GraphRegion> &region = regions[info];
  if (!region)
    region = std::make_unique<GraphRegion>(*info, *graphs);
  return *region;
}

int32_t capstan_rt_module::readLastForward(capstan_rt_counters *read) const {
  std::lock_guard<std::mutex> lock(mutex);
  return lastForward.read(read);
}

int32_t capstan_rt_module_open(capstan_rt_device *device, const char *path,
                               capstan_rt_module **module) {
  const char *op = "module_open";
  if (module)
    *module = nullptr;
  if (!device || !path || !module)
    return nullPointer(op);
  CAPSTAN_RT_TRY(checkSharedLibrary(path));
  // Without a slash the loader would search its own path.
  std::string file = strchr(path, '/') ? path : std::string("./") + path;
  void *library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return fail(CAPSTAN_RT_INCOMPATIBLE, {op},
                format("can't load '%s': %s", path, dlerror()));
  auto *info = static_cast<const capstan_rt_module_info *>(
      dlsym(library, "capstan_module"));
  int32_t code =
      info ? checkModuleInfo(info, *device, path)
           : fail(CAPSTAN_RT_NOT_FOUND, {op},
                  format("'%s' exports no capstan_module: not made by "
                         "capstan-compile",
                         path));
  Ref<GpuCode> gpuCode;
  if (!code)
    code = device->loadCode(*info, gpuCode);
  if (code) {
    dlclose(library);
    return code;
  }
  *module = new Module(device, *info, std::move(gpuCode), library);
  return CAPSTAN_RT_OK;
}

int32_t capstan_rt_module_create(capstan_rt_device *device,
                                 const capstan_rt_module_info *info,
                                 capstan_rt_module **module) {
  if (module)
    *module = nullptr;
  if (!device || !info || !module)
    return nullPointer("module_create");
  CAPSTAN_RT_TRY(checkModuleInfo(info, *device, "the module"));
  Ref<GpuCode> code;
  CAPSTAN_RT_TRY(device->loadCode(*info, code));
  *module = new Module(device, *info, std::move(code), nullptr);
  return CAPSTAN_RT_OK;
}

void capstan_rt_module_retain(capstan_rt_module *module) {
  retainHandle(module);
}

void capstan_rt_module_release(capstan_rt_module *module) {
  releaseHandle(module);
}

const capstan_rt_module_info *
capstan_rt_module_get_info(const capstan_rt_module *module) {
  return module ? &module->info : nullptr;
}

int32_t capstan_rt_module_lookup(capstan_rt_module *module, const char *name,
                                 const capstan_rt_function **function) {
  if (function)
    *function = nullptr;
  if (!module || !name || !function)
    return nullPointer("module_lookup");
  std::string names;
  for (const Function &candidate : module->functions) {
    if (!strcmp(candidate.info->name, name)) {
      *function = &candidate;
      return CAPSTAN_RT_OK;
    }
    names +=
        (names.empty() ? "'" : ", '") + std::string(candidate.info->name) + "'";
  }
  return fail(CAPSTAN_RT_NOT_FOUND, {"module_lookup"},
              format("no entry '%s'; there is %s", name,
                     names.empty() ? "none" : names.c_str()));
}
