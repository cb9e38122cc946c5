/* call_module MODULE.so: calls its forward(x: f32[?, 4], lens: i32[?]). */
#include "capstan_rt/capstan_rt.h"
#include "dlpack/dlpack.h"
#include <stdio.h>
#include <stdlib.h>
typedef struct DLManagedTensorVersioned Tensor;
static void check(int32_t status) {
  if (status != CAPSTAN_RT_OK) {
    fprintf(stderr, "%s\n", capstan_rt_last_message());
    exit(1);
  }
}
int main(int argc, char **argv) {
  capstan_rt_device *device;
  capstan_rt_stream *stream;
  capstan_rt_module *module;
  const capstan_rt_function *forward;
  check(capstan_rt_device_create("host", NULL, &device));
  check(capstan_rt_stream_create(device, &stream));
  check(capstan_rt_module_open(device, argc > 1 ? argv[1] : "", &module));
  check(capstan_rt_module_lookup(module, "forward", &forward));
  float x[] = {1, 2, 3, 4, 5, 6, 7, 8}, y[8];
  int64_t sizes[] = {2, 4};
  int32_t lens[] = {1, 1};
  DLDevice cpu = {kDLCPU, 0};
  Tensor xt = {.version = {1, 0},
               .dl_tensor = {x, cpu, 2, {kDLFloat, 32, 1}, sizes}};
  Tensor lt = {.version = {1, 0},
               .dl_tensor = {lens, cpu, 1, {kDLInt, 32, 1}, sizes}};
  Tensor *arguments[] = {&xt, &lt}, *results[2];
  check(capstan_rt_call(forward, stream, 2, arguments, 2, results));
  check(capstan_rt_tensor_read(results[0], stream, y, sizeof(y)));
  for (int i = 0; i < 8; ++i)
    printf("%g%c", y[i], i == 7 ? '\n' : ' ');
  results[0]->deleter(results[0]);
  results[1]->deleter(results[1]);
  capstan_rt_module_release(module);
  capstan_rt_stream_release(stream);
  capstan_rt_device_release(device);
}
