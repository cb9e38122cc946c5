//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "base/Dtype.h"
#include "base/Error.h"

#include "dlpack/dlpack.h"
#include <cstring>

using namespace capstan::rt;

Scalar capstan::rt::scalarOf(capstan_rt_dtype dtype) {
  if (dtype.lanes != 1)
    return Scalar::Other;
  switch (dtype.code << 8 | dtype.bits) {
  case kDLFloat << 8 | 32:
    return Scalar::F32;
  case kDLFloat << 8 | 64:
    return Scalar::F64;
  case kDLFloat << 8 | 16:
    return Scalar::F16;
  case kDLBfloat << 8 | 16:
    return Scalar::BF16;
  case kDLInt << 8 | 32:
    return Scalar::I32;
  case kDLInt << 8 | 64:
    return Scalar::I64;
  default:
    return Scalar::Other;
  }
}

bool capstan::rt::isFloat(capstan_rt_dtype dtype) {
  switch (scalarOf(dtype)) {
  case Scalar::F32:
  case Scalar::F64:
  case Scalar::F16:
  case Scalar::BF16:
    return true;
  default:
    return false;
  }
}

std::string capstan::rt::nameOf(capstan_rt_dtype dtype) {
  static const char *const names[] = {"i",  "ui",      "f", "handle",
                                      "bf", "complex", "i"};
  std::string name;
  if (dtype.code == kDLBool)
    name = "i1";
  else if (dtype.code < std::size(names))
    name = names[dtype.code] + std::to_string(dtype.bits);
  else
    name = format("type %d of %d bits", dtype.code, dtype.bits);
  return dtype.lanes == 1 ? name : format("%sx%d", name.c_str(), dtype.lanes);
}

int64_t capstan::rt::bytesOf(capstan_rt_dtype dtype) {
  return dtype.bits % 8 ? 0 : int64_t(dtype.bits) / 8 * dtype.lanes;
}

bool capstan::rt::operator==(capstan_rt_dtype a, capstan_rt_dtype b) {
  return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
}

static uint32_t bitsOf(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  return bits;
}

static float floatOf(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

BF16::BF16(float value) {
  uint32_t b = bitsOf(value);
  // A NaN must not round to infinity.
  if ((b & 0x7fffffff) > 0x7f800000)
    bits = static_cast<uint16_t>(b >> 16 | 0x40);
  else
    bits = static_cast<uint16_t>((b + 0x7fff + (b >> 16 & 1)) >> 16);
}

BF16::operator float() const { return floatOf(uint32_t(bits) << 16); }

F16::F16(float value) {
  uint32_t b = bitsOf(value), magnitude = b & 0x7fffffff;
  uint16_t sign = static_cast<uint16_t>(b >> 16 & 0x8000);
  if (magnitude > 0x7f800000) {
    bits = sign | 0x7e00;
  } else if (magnitude >= 0x477ff000) { // rounds to 65536 or more
    bits = sign | 0x7c00;
  } else if (magnitude < 0x38800000) { // subnormal: let the adder round
    float rounded = floatOf(magnitude) + 0.5f;
    bits = sign | static_cast<uint16_t>(bitsOf(rounded) - bitsOf(0.5f));
  } else {
    uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
    bits = sign | static_cast<uint16_t>((rounded - 0x38000000) >> 13);
  }
}

F16::operator float() const {
  uint32_t sign = uint32_t(bits & 0x8000) << 16;
  uint32_t exponent = bits >> 10 & 0x1f, mantissa = bits & 0x3ff;
  if (exponent == 0x1f)
    return floatOf(sign | 0x7f800000 | mantissa << 13);
  if (exponent == 0) // mantissa * 2^-24
    return floatOf(sign | bitsOf(static_cast<float>(mantissa) * 0x1p-24f));
  return floatOf(sign | (exponent + 112) << 23 | mantissa << 13);
}

capstan_rt_dtype capstan::rt::resultOf(const capstan_rt_gemm_desc &desc) {
  return desc.dtype_c.bits ? desc.dtype_c : desc.dtype;
}

int32_t capstan::rt::checkTypes(const char *op,
                                const capstan_rt_gemm_desc &desc,
                                const char *device) {
  capstan_rt_dtype result = resultOf(desc);
  bool widens = scalarOf(result) == Scalar::F32 && desc.dtype.bits == 16;
  if (isFloat(desc.dtype) && (result == desc.dtype || widens))
    return CAPSTAN_RT_OK;
  std::string name = nameOf(desc.dtype);
  if (!(result == desc.dtype))
    name += " to " + nameOf(result);
  return fail(
      CAPSTAN_RT_UNSUPPORTED, {op, desc.location, device},
      format("products of %s are not supported, only those of f32, f64, "
             "f16 and bf16, and of the last two to f32",
             name.c_str()));
}
