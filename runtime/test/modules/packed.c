/*===----------------------------------------------------------------------===*\
|* Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.       *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

/*
 * As the compiler would write it:
 *
 *   forward(x: f32[?, 4], lens: i32[?]) -> (y: f32[?, 4], total: i64)
 *
 * y = 2 * x + total, where total, the sum of lens, comes to the host by a fetch
 * that runs while 2 * x is computed. Fails unless total is the number of rows.
 */

#include "gpu_kernels.h"

struct sum_arguments {
  const int32_t *lens;
  int64_t count;
  int32_t *total;
};

#ifndef FOR_CUDA
static int32_t sum_kernel(const void *pointer, int64_t begin, int64_t end) {
  const struct sum_arguments *arguments = pointer;
  if (begin == end)
    return 0;
  *arguments->total = 0;
  for (int64_t i = 0; i < arguments->count; ++i) {
    if (arguments->lens[i] < 0)
      return 1;
    *arguments->total += arguments->lens[i];
  }
  return 0;
}
#endif

struct affine_arguments {
  const float *x;
  float *y;
  float factor, summand;
};

#ifndef FOR_CUDA
static int32_t affine_kernel(const void *pointer, int64_t begin, int64_t end) {
  const struct affine_arguments *arguments = pointer;
  for (int64_t i = 4 * begin; i < 4 * end; ++i)
    arguments->y[i] = arguments->factor * arguments->x[i] + arguments->summand;
  return 0;
}
#endif

static const capstan_rt_check_info sum_checks[] = {
    {"negative length", "packed.mlir:3:8"}};

#ifdef FOR_CUDA
static const capstan_rt_gpu_kernel_info kernels[] = {
    [GPU_ADD] = {"test_add", 0, 0, 0, GPU_THREADS, 1, 1, 0, 4, 1, 0},
    [GPU_FAILING] = {"test_failing", 0, 0, 0, GPU_THREADS, 1, 1, 0, 4, 1, 0},
    [GPU_GATHER] = {"test_gather", 0, 0, 0, GPU_THREADS, 1, 1, 0, 4, 1, 0},
    [GPU_SUM] = {"test_sum", "packed.mlir:3:3", 1, sum_checks, GPU_THREADS, 1,
                 1, 0, 4, 1, 0},
    [GPU_AFFINE] = {"test_affine", "packed.mlir:5:3", 0, 0, GPU_THREADS, 1, 1,
                    0, 4, 1, 0}};
#define LAUNCH(forward, kernel, arguments, extent)                             \
  launch_on_gpu(forward, kernel, &arguments, extent)
#else
static const capstan_rt_kernel_info kernels[] = {
    [GPU_SUM] = {"sum", "packed.mlir:3:3", 1, sum_checks},
    [GPU_AFFINE] = {"affine", "packed.mlir:5:3", 0, 0}};
static const capstan_rt_kernel functions[] = {[GPU_SUM] = sum_kernel,
                                              [GPU_AFFINE] = affine_kernel};
#define LAUNCH(forward, kernel, arguments, extent)                             \
  capstan_rt_launch(forward, &kernels[kernel], functions[kernel], &arguments,  \
                    sizeof(arguments), extent)
#endif

#define TRY(CALL)                                                              \
  do {                                                                         \
    int32_t status = CALL;                                                     \
    if (status)                                                                \
      return status;                                                           \
  } while (0)

static int32_t forward(capstan_rt_forward *forward,
                       const capstan_rt_memref *arguments,
                       capstan_rt_memref *results) {
  int64_t rows = arguments[0].sizes[0];
  void *device_total, *host_total, *y;
  TRY(capstan_rt_alloc(forward, sizeof(int32_t), 64, &device_total));
  struct sum_arguments sum = {arguments[1].data, arguments[1].sizes[0],
                              device_total};
  TRY(LAUNCH(forward, GPU_SUM, sum, 1));
  TRY(capstan_rt_host_alloc(forward, sizeof(int32_t), 64, &host_total));
  capstan_rt_part part = {device_total, host_total, sizeof(int32_t)};
  capstan_rt_fetch *fetch;
  TRY(capstan_rt_fetch_start(forward, 1, &part, &fetch));

  TRY(capstan_rt_alloc(forward, rows * 4 * (int64_t)sizeof(float), 64, &y));
  struct affine_arguments twice = {arguments[0].data, y, 2, 0};
  TRY(LAUNCH(forward, GPU_AFFINE, twice, rows));

#ifndef MUTANT_WITHOUT_WAIT
  TRY(capstan_rt_fetch_wait(forward, fetch));
  if (*(int32_t *)host_total != rows)
    return capstan_rt_fail(forward, CAPSTAN_RT_CHECK_FAILED,
                           "lengths don't sum up to the rows",
                           "packed.mlir:4:3");
#endif
  int32_t total = *(int32_t *)host_total;
  struct affine_arguments add = {y, y, 1, (float)total};
  TRY(LAUNCH(forward, GPU_AFFINE, add, rows));
  TRY(capstan_rt_free(forward, device_total));
#ifndef MUTANT_WITHOUT_WAIT
  TRY(capstan_rt_host_free(forward, host_total));
#endif

  results[0].base = results[0].data = y;
  results[0].sizes[0] = rows;
  results[0].sizes[1] = results[0].strides[0] = 4;
  results[0].strides[1] = 1;
  *(int64_t *)results[1].data = total;
  return CAPSTAN_RT_OK;
}

static const int64_t x_dims[] = {-1, 4}, lens_dims[] = {-1};
static const capstan_rt_value_info argument_infos[] = {
    {"x", CAPSTAN_RT_TENSOR, CAPSTAN_RT_DEVICE_SPACE, {2, 32, 1}, 2, x_dims},
    {"lens",
     CAPSTAN_RT_TENSOR,
     CAPSTAN_RT_DEVICE_SPACE,
     {0, 32, 1},
     1,
     lens_dims}};
static const capstan_rt_value_info result_infos[] = {
    {"y", CAPSTAN_RT_TENSOR, CAPSTAN_RT_DEVICE_SPACE, {2, 32, 1}, 2, x_dims},
    {"total", CAPSTAN_RT_SCALAR, CAPSTAN_RT_HOST_SPACE, {0, 64, 1}, 0, 0}};
static const capstan_rt_entry_info entries[] = {
    {"forward", forward, 2, 2, argument_infos, result_infos}};

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
