//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// OpenBLAS, loaded when it is first needed.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_HOST_BLAS_H
#define CAPSTAN_RT_HOST_BLAS_H

#include "base/Api.h"

#include <string>

namespace capstan::rt {

class Blas {
public:
  /// Does nothing if it is loaded already. The library stays loaded for good:
  /// it has threads of its own, which don't survive unloading.
  int32_t load(const char *library);
  const char *description() const { return text.c_str(); }

  /// c = alpha * a * b + beta * c, row-major, on the calling thread.
  template <typename T>
  void gemm(bool transposeA, bool transposeB, int64_t m, int64_t n, int64_t k,
            T alpha, const T *a, int64_t lda, const T *b, int64_t ldb, T beta,
            T *c, int64_t ldc) const;

private:
  template <typename T>
  using Gemm = void (*)(int, int, int, int, int, int, T, const T *, int,
                        const T *, int, T, T *, int);

  void *handle = nullptr;
  std::string text;
  Gemm<float> sgemm = nullptr;
  Gemm<double> dgemm = nullptr;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_HOST_BLAS_H
