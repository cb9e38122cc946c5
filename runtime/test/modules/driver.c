/*===----------------------------------------------------------------------===*\
|* Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.       *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

/*
 * Drivers of CUDA that are no good: without any function, or, if NO_GPU is
 * defined, with all of them on a machine where none works.
 */

int cuGetProcAddress_v2(const char *symbol, void **function, int version,
                        unsigned long long flags, void *status);

#ifdef NO_GPU
static int no_gpu(void) { return 100; }
#endif

int cuGetProcAddress_v2(const char *symbol, void **function, int version,
                        unsigned long long flags, void *status) {
  (void)symbol, (void)version, (void)flags, (void)status;
#ifdef NO_GPU
  *function = (void *)no_gpu;
  return 0;
#else
  (void)function;
  return 500; /* not found */
#endif
}
