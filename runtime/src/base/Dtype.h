//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Element types: names, sizes, and the 16-bit floats.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_BASE_DTYPE_H
#define CAPSTAN_RT_BASE_DTYPE_H

#include "base/Api.h"
#include "capstan_rt/compiled.h"

#include <string>

namespace capstan::rt {

enum class Scalar { F32, F64, F16, BF16, F8E4M3FN, I32, I64, Other };

Scalar scalarOf(capstan_rt_dtype dtype);
/// Whether it is f32, f64, f16 or bf16.
bool isFloat(capstan_rt_dtype dtype);
/// As MLIR spells it: "f32", "i64", "ui8", "i1" for booleans.
std::string nameOf(capstan_rt_dtype dtype);
/// Bytes of one element; 0 if there is no such type in memory.
int64_t bytesOf(capstan_rt_dtype dtype);
bool operator==(capstan_rt_dtype a, capstan_rt_dtype b);
/// The type of a product's c.
capstan_rt_dtype resultOf(const capstan_rt_gemm_desc &desc);
/// Fails unless the types are those that products have, and those with a bias.
int32_t checkTypes(const char *op, const capstan_rt_gemm_desc &desc,
                   const char *device);

/// 16-bit floats, rounded to nearest even.
struct F16 {
  uint16_t bits;
  F16() = default;
  explicit F16(float value);
  explicit operator float() const;
};
struct BF16 {
  uint16_t bits;
  BF16() = default;
  explicit BF16(float value);
  explicit operator float() const;
};
/// 8 bits without infinities; nothing is rounded to it.
struct F8E4M3FN {
  uint8_t bits;
  explicit operator float() const;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_BASE_DTYPE_H
