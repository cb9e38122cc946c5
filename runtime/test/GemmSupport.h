//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What tests of matrix products share.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_TEST_GEMMSUPPORT_H
#define CAPSTAN_RT_TEST_GEMMSUPPORT_H

#include "Support.h"

namespace capstan::rt::test {

template <typename T>
capstan_rt_gemm_desc makeDesc(int64_t m, int64_t n, int64_t k) {
  capstan_rt_gemm_desc d = {};
  d.size = sizeof(d);
  d.dtype = rtDtypeOf<T>();
  d.batch = 1;
  d.m = m, d.n = n, d.k = k;
  d.lda = k, d.ldb = n, d.ldc = n;
  d.location = "gemm.mlir:1:1";
  return d;
}

/// The upper halves of f32: exact bf16.
inline std::vector<uint16_t> toBf16(const std::vector<float> &values) {
  std::vector<uint16_t> result;
  for (float value : values) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    result.push_back(static_cast<uint16_t>(bits >> 16));
  }
  return result;
}
inline float fromBf16(uint16_t value) {
  uint32_t bits = uint32_t(value) << 16;
  float result;
  memcpy(&result, &bits, 4);
  return result;
}

} // namespace capstan::rt::test

#endif // CAPSTAN_RT_TEST_GEMMSUPPORT_H
