/*===----------------------------------------------------------------------===*\
|* Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.       *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

/*
 * As the compiler would write it, for a graph:
 *
 *   scale(x: f32[?], factor: f32[] on the device) -> y: f32[?]
 *
 * The factor is read on the device, so that a replay sees the present one. The
 * mutant takes it as a scalar of the host, which a capture bakes in.
 */

#include "gpu_kernels.h"

struct arguments {
  const float *x, *factor;
  float *y, baked;
};

#ifdef FOR_CUDA
static const capstan_rt_gpu_kernel_info kernels[] = {
    {"test_scale", "scaled.mlir:2:3", 0, 0, GPU_THREADS, 1, 1, 0, 2, 0, 0}};
#else
static int32_t scale_kernel(const void *pointer, int64_t begin, int64_t end) {
  const struct arguments *arguments = pointer;
  float factor = arguments->factor ? *arguments->factor : arguments->baked;
  for (int64_t i = begin; i < end; ++i)
    arguments->y[i] = factor * arguments->x[i];
  return 0;
}

static const capstan_rt_kernel_info scale_info = {"scale", "scaled.mlir:2:3", 0,
                                                  0};
#endif

static int32_t scale(capstan_rt_forward *forward,
                     const capstan_rt_memref *arguments,
                     capstan_rt_memref *results) {
  int64_t size = arguments[0].sizes[0];
  void *y;
  int32_t status =
      capstan_rt_alloc(forward, size * (int64_t)sizeof(float), 64, &y);
  if (status)
    return status;
#ifdef MUTANT_BAKED_SCALAR
  struct arguments packed = {arguments[0].data, 0, y,
                             *(float *)arguments[1].data};
#else
  struct arguments packed = {arguments[0].data, arguments[1].data, y, 0};
#endif
#ifdef FOR_CUDA
  void *given[] = {&size, &packed};
  status = capstan_rt_launch_gpu(
      forward, 0, (size + GPU_THREADS - 1) / GPU_THREADS, 1, 1, given);
#else
  status = capstan_rt_launch(forward, &scale_info, scale_kernel, &packed,
                             sizeof(packed), size);
#endif
  if (status)
    return status;
  results[0].base = results[0].data = y;
  results[0].sizes[0] = size;
  results[0].strides[0] = 1;
  return CAPSTAN_RT_OK;
}

static const int64_t dims[] = {-1};
static const capstan_rt_value_info argument_infos[] = {
    {"x", CAPSTAN_RT_TENSOR, CAPSTAN_RT_DEVICE_SPACE, {2, 32, 1}, 1, dims},
#ifdef MUTANT_BAKED_SCALAR
    {"factor", CAPSTAN_RT_SCALAR, CAPSTAN_RT_HOST_SPACE, {2, 32, 1}, 0, 0}};
#else
    {"factor", CAPSTAN_RT_TENSOR, CAPSTAN_RT_DEVICE_SPACE, {2, 32, 1}, 0, 0}};
#endif
static const capstan_rt_value_info result_infos[] = {
    {"y", CAPSTAN_RT_TENSOR, CAPSTAN_RT_DEVICE_SPACE, {2, 32, 1}, 1, dims}};
static const capstan_rt_entry_info entries[] = {
    {"scale", scale, 2, 1, argument_infos, result_infos}};

#ifdef FOR_CUDA
const capstan_rt_gpu_module_info capstan_module = {sizeof(capstan_module),
                                                   CAPSTAN_RT_ABI_VERSION,
                                                   "cuda",
                                                   "by hand",
                                                   1,
                                                   entries,
                                                   gpu_code,
                                                   sizeof(gpu_code),
                                                   sizeof(kernels) /
                                                       sizeof(*kernels),
                                                   kernels,
                                                   0,
                                                   0,
                                                   0};
#else
const capstan_rt_module_info capstan_module = {sizeof(capstan_module),
                                               CAPSTAN_RT_ABI_VERSION,
                                               "host",
                                               "by hand",
                                               1,
                                               entries};
#endif
