//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Libraries that stand before others and time calls of them, for
// cpu_overhead.py, which builds one for each:
//
//   -DDRIVER           the CUDA driver, all functions that the runtime uses
//   -DCUBLASLT="..."   cuBLASLt's product; the file's name
//   -DCUDNN="..."      cuDNN's execution of a plan
//
// The latter two need the library that they stand before, where all other
// functions are found.
//
//===----------------------------------------------------------------------===//

#include <chrono>
#include <cstdint>
#include <cstring>
#include <dlfcn.h>

namespace {
struct Times {
  const char *name;
  int64_t calls, ns;
};

/// Times a scope. Reading the clock costs about 20 ns, most of which is not
/// counted.
class Timed {
public:
  explicit Timed(Times &times) : times(times), begin(Clock::now()) {}
  ~Timed() {
    ++times.calls;
    times.ns += std::chrono::nanoseconds(Clock::now() - begin).count();
  }

private:
  using Clock = std::chrono::steady_clock;
  Times &times;
  const Clock::time_point begin;
};

template <typename Function>
Function *real(const char *file, const char *name) {
  static void *library = dlopen(file, RTLD_NOW);
  return reinterpret_cast<Function *>(dlsym(library, name));
}
} // namespace

#ifdef DRIVER
#include <cuda.h>
#include <cudaTypedefs.h>

static Times allTimes[] = {
#define CAPSTAN_CUDA_FUNCTION(NAME, VERSION) {#NAME, 0, 0},
#include "cuda/driver_functions.def"
};

namespace {
enum Index {
#define CAPSTAN_CUDA_FUNCTION(NAME, VERSION) index_##NAME,
#include "cuda/driver_functions.def"
};

template <int index, typename Function> struct Wrapper;
template <int index, typename... Arguments>
struct Wrapper<index, CUresult(CUDAAPI *)(Arguments...)> {
  static inline CUresult(CUDAAPI *function)(Arguments...) = nullptr;
  static CUresult CUDAAPI call(Arguments... arguments) {
    Timed timed(allTimes[index]);
    return function(arguments...);
  }
};
} // namespace

extern "C" CUresult
cuGetProcAddress_v2(const char *symbol, void **function, int version,
                    cuuint64_t flags, CUdriverProcAddressQueryResult *status) {
  CUresult result = real<decltype(cuGetProcAddress_v2)>(
      "libcuda.so.1", "cuGetProcAddress_v2")(symbol, function, version, flags,
                                             status);
  if (result || !*function)
    return result;
#define CAPSTAN_CUDA_FUNCTION(NAME, VERSION)                                   \
  if (!strcmp(symbol, #NAME)) {                                                \
    using Wrapped = Wrapper<index_##NAME, PFN_##NAME##_v##VERSION>;            \
    Wrapped::function = reinterpret_cast<PFN_##NAME##_v##VERSION>(*function);  \
    *function = reinterpret_cast<void *>(&Wrapped::call);                      \
  }
#include "cuda/driver_functions.def"
  return result;
}
#endif

#ifdef CUBLASLT
static Times allTimes[] = {{"cublasLtMatmul", 0, 0}};

extern "C" int cublasLtMatmul(void *handle, void *desc, const void *alpha,
                              const void *a, void *layoutA, const void *b,
                              void *layoutB, const void *beta, const void *c,
                              void *layoutC, void *d, void *layoutD,
                              const void *algo, void *workspace, size_t bytes,
                              void *stream) {
  static auto *function =
      real<decltype(cublasLtMatmul)>(CUBLASLT, "cublasLtMatmul");
  Timed timed(allTimes[0]);
  return function(handle, desc, alpha, a, layoutA, b, layoutB, beta, c, layoutC,
                  d, layoutD, algo, workspace, bytes, stream);
}
#endif

#ifdef CUDNN
static Times allTimes[] = {{"cudnnBackendExecute", 0, 0}};

extern "C" int cudnnBackendExecute(void *handle, void *plan, void *tensors) {
  static auto *function =
      real<decltype(cudnnBackendExecute)>(CUDNN, "cudnnBackendExecute");
  Timed timed(allTimes[0]);
  return function(handle, plan, tensors);
}
#endif

/// Function number `index`, or null; and what its calls took so far.
extern "C" const char *library_times(int index, int64_t *calls, int64_t *ns) {
  if (index >= int(sizeof(allTimes) / sizeof(*allTimes)))
    return nullptr;
  *calls = allTimes[index].calls;
  *ns = allTimes[index].ns;
  return allTimes[index].name;
}
