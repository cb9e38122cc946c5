//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What kernels say that C++ doesn't.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_KERNELS_DEVICE_H
#define CAPSTAN_RT_CUDA_KERNELS_DEVICE_H

#define DEVICE __attribute__((device, always_inline)) inline
#define SHARED __attribute__((shared))
#define KERNEL(THREADS, BLOCKS)                                                \
  extern "C" __attribute__((global, launch_bounds(THREADS, BLOCKS)))
/// A parameter that stays where it is.
#define PARAMETER __attribute__((grid_constant)) const

using uint32_t = unsigned;
using uint64_t = unsigned long long;
using int64_t = long long;

DEVICE int threadIndex() { return __nvvm_read_ptx_sreg_tid_x(); }
DEVICE int blockIndex() { return __nvvm_read_ptx_sreg_ctaid_x(); }
DEVICE void barrier() { asm volatile("bar.sync 0;" ::: "memory"); }
/// A kernel that is launched before the one before it ends sees none of its
/// results earlier.
DEVICE void waitForKernelsBefore() {
  asm volatile("griddepcontrol.wait;" ::: "memory");
}
DEVICE uint32_t sharedAddress(const void *p) {
  return static_cast<uint32_t>(reinterpret_cast<uint64_t>(
      (const __attribute__((address_space(3))) char *)p));
}
DEVICE int min(int a, int b) { return a < b ? a : b; }
DEVICE int max(int a, int b) { return a > b ? a : b; }

#endif // CAPSTAN_RT_CUDA_KERNELS_DEVICE_H
