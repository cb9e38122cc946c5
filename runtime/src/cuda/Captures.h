//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Captures of our streams that are under way. Unloading a module waits for the
// whole GPU, which the driver answers by ending all captures on it.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_CAPTURES_H
#define CAPSTAN_RT_CUDA_CAPTURES_H

#include "base/RefCounted.h"
#include "cuda/Driver.h"

namespace capstan::rt {
class CudaDevice;

/// What a device has of a module; 0 what isn't there.
struct LoadedCode {
  CUmodule module = nullptr;
  CUdeviceptr constants = 0;
};

class Captures {
public:
  /// A capture begins on this thread, or has ended.
  static void begin();
  static void end();
  /// How many this thread has.
  static int ofThread() { return onThread; }

  /// Unloads a module, now or after the last capture of the process.
  static void unload(Ref<CudaDevice> device, LoadedCode code);
  /// The same for a device that ends: now or never.
  static void unloadLast(const Driver &driver, CUmodule module);

private:
  static thread_local int onThread;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_CAPTURES_H
