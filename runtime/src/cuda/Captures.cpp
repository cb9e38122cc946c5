//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/Captures.h"
#include "cuda/CudaDevice.h"

using namespace capstan::rt;

thread_local int Captures::onThread = 0;

namespace {
struct Waiting {
  Ref<CudaDevice> device;
  LoadedCode code;

  void unload() const {
    Current current(*device);
    Relaxed relaxed(*device);
    if (code.module)
      device->driver().cuModuleUnload(code.module);
    if (code.constants)
      device->driver().cuMemFree(code.constants);
  }
};

/// Of the process: devices share the contexts of their GPUs.
struct State {
  std::mutex mutex; // held while a module is unloaded: no capture begins then
  int underWay = 0;
  std::vector<Waiting> waiting;
};
} // namespace

static State &state() {
  static State state;
  return state;
}

void Captures::begin() {
  State &all = state();
  std::lock_guard<std::mutex> lock(all.mutex);
  ++all.underWay;
  ++onThread;
}

void Captures::end() {
  State &all = state();
  std::vector<Waiting> unloaded; // devices end outside the lock
  std::lock_guard<std::mutex> lock(all.mutex);
  --onThread;
  if (--all.underWay)
    return;
  unloaded.swap(all.waiting);
  for (const Waiting &each : unloaded)
    each.unload();
}

void Captures::unload(Ref<CudaDevice> device, LoadedCode code) {
  State &all = state();
  Waiting waiting = {std::move(device), code};
  std::lock_guard<std::mutex> lock(all.mutex);
  if (all.underWay)
    all.waiting.push_back(std::move(waiting));
  else
    waiting.unload();
}

void Captures::unloadLast(const Driver &driver, CUmodule module) {
  State &all = state();
  std::lock_guard<std::mutex> lock(all.mutex);
  if (!all.underWay)
    driver.cuModuleUnload(module);
}
