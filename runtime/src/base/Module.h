//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Modules: a validated signature, and the code it belongs to.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_BASE_MODULE_H
#define CAPSTAN_RT_BASE_MODULE_H

#include "base/Backend.h"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace capstan::rt {
class GraphPool;
class GraphRegion;

/// What a module has for GPUs; null for another module.
inline const capstan_rt_gpu_module_info *
gpuInfoOf(const capstan_rt_module_info &info) {
  return info.size == sizeof(capstan_rt_gpu_module_info) ||
                 info.size == offsetof(capstan_rt_gpu_module_info, kernel_bytes)
             ? reinterpret_cast<const capstan_rt_gpu_module_info *>(&info)
             : nullptr;
}
/// Of a kernel; zeros in modules that don't say it.
inline capstan_rt_kernel_bytes
kernelBytesOf(const capstan_rt_gpu_module_info &info, int64_t kernel) {
  return info.size == sizeof(info) && info.kernel_bytes
             ? info.kernel_bytes[kernel]
             : capstan_rt_kernel_bytes{};
}
} // namespace capstan::rt

struct capstan_rt_function {
  capstan_rt_module *module;
  const capstan_rt_entry_info *info;
};

struct capstan_rt_module : capstan::rt::RefCounted {
  const capstan::rt::Ref<capstan_rt_device> device;
  const capstan_rt_module_info &info;
  /// Its GPU code on the device; null if it has none.
  const capstan::rt::Ref<capstan::rt::GpuCode> code;
  capstan::rt::Counters counters;
  std::vector<capstan_rt_function> functions;

  /// Closes `library` at the end, unless it is null.
  capstan_rt_module(capstan_rt_device *device,
                    const capstan_rt_module_info &info,
                    capstan::rt::Ref<capstan::rt::GpuCode> code, void *library);
  ~capstan_rt_module() override;

  /// Only if there is GPU code.
  const capstan_rt_gpu_module_info *gpuInfo() const {
    return capstan::rt::gpuInfoOf(info);
  }
  void forwardEnded(const capstan::rt::Counters &its);
  int32_t readLastForward(capstan_rt_counters *read) const;
  /// What the module keeps for a region of its code, from the first look on.
  capstan::rt::GraphRegion &region(const capstan_rt_graph_region *info);

private:
  mutable std::mutex mutex; // several forwards may run at once
  capstan::rt::Counters lastForward;
  std::unique_ptr<capstan::rt::GraphPool> graphs;
  std::map<const capstan_rt_graph_region *,
           std::unique_ptr<capstan::rt::GraphRegion>>
      regions;
  void *library;
};

namespace capstan::rt {

/// Whether the runtime can use what a module exports. `from` names it.
int32_t checkModuleInfo(const capstan_rt_module_info *info, Device &device,
                        const char *from);

/// Whether a file is a whole shared library of this machine. The loader maps
/// what the headers promise, and a truncated file would then end the process.
int32_t checkSharedLibrary(const char *path);

} // namespace capstan::rt

#endif // CAPSTAN_RT_BASE_MODULE_H
