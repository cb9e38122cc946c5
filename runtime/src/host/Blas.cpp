//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "host/Blas.h"
#include "base/Error.h"

#include <algorithm>
#include <dlfcn.h>

using namespace capstan::rt;

// CBLAS's enumerations.
enum { RowMajor = 101, NoTrans = 111, Trans = 112 };

int32_t Blas::load(const char *library) {
  if (handle)
    return CAPSTAN_RT_OK;
  void *loaded = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!loaded)
    return fail(CAPSTAN_RT_NOT_FOUND, {"gemm", nullptr, "host"},
                format("matrix products need OpenBLAS (Debian: "
                       "libopenblas0-pthread): %s",
                       dlerror()));
  sgemm = reinterpret_cast<Gemm<float>>(dlsym(loaded, "cblas_sgemm"));
  dgemm = reinterpret_cast<Gemm<double>>(dlsym(loaded, "cblas_dgemm"));
  if (!sgemm || !dgemm) {
    dlclose(loaded);
    return fail(CAPSTAN_RT_INCOMPATIBLE, {"gemm", nullptr, "host"},
                format("'%s' is not a CBLAS library", library));
  }
  // Products are spread over the device's own threads; the library's would
  // compete with them.
  using SetThreads = void (*)(int);
  if (auto set = reinterpret_cast<SetThreads>(
          dlsym(loaded, "openblas_set_num_threads")))
    set(1);
  using GetConfig = const char *(*)();
  auto config =
      reinterpret_cast<GetConfig>(dlsym(loaded, "openblas_get_config"));
  text = config ? config() : library;
  text.erase(text.find_last_not_of(' ') + 1);
  handle = loaded;
  return CAPSTAN_RT_OK;
}

template <typename T>
void Blas::gemm(bool transposeA, bool transposeB, int64_t m, int64_t n,
                int64_t k, T alpha, const T *a, int64_t lda, const T *b,
                int64_t ldb, T beta, T *c, int64_t ldc) const {
  Gemm<T> function;
  if constexpr (sizeof(T) == sizeof(float))
    function = sgemm;
  else
    function = dgemm;
  auto leading = [](int64_t ld) { return std::max(static_cast<int>(ld), 1); };
  function(RowMajor, transposeA ? Trans : NoTrans, transposeB ? Trans : NoTrans,
           static_cast<int>(m), static_cast<int>(n), static_cast<int>(k), alpha,
           a, leading(lda), b, leading(ldb), beta, c, leading(ldc));
}

template void Blas::gemm(bool, bool, int64_t, int64_t, int64_t, float,
                         const float *, int64_t, const float *, int64_t, float,
                         float *, int64_t) const;
template void Blas::gemm(bool, bool, int64_t, int64_t, int64_t, double,
                         const double *, int64_t, const double *, int64_t,
                         double, double *, int64_t) const;
