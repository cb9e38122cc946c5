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
  case kDLFloat8_e4m3fn << 8 | 8:
    return Scalar::F8E4M3FN;
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
  else if (dtype.code == kDLFloat8_e4m3fn)
    name = "f8E4M3FN";
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

F8E4M3FN::operator float() const {
  uint32_t sign = uint32_t(bits & 0x80) << 24, magnitude = bits & 0x7f;
  if (magnitude == 0x7f)
    return floatOf(sign | 0x7fc00000);
  if (magnitude < 8) // magnitude * 2^-9
    return floatOf(sign | bitsOf(static_cast<float>(magnitude) * 0x1p-9f));
  return floatOf(sign | ((magnitude << 20) + (120u << 23)));
}

capstan_rt_dtype capstan::rt::resultOf(const capstan_rt_gemm_desc &desc) {
  return desc.dtype_c.bits ? desc.dtype_c : desc.dtype;
}

/// Whether there are products of these types.
static bool areMultiplied(capstan_rt_dtype factors, capstan_rt_dtype result) {
  if (scalarOf(factors) == Scalar::F8E4M3FN)
    return isFloat(result) && scalarOf(result) != Scalar::F64;
  bool widens = scalarOf(result) == Scalar::F32 && factors.bits == 16;
  return isFloat(factors) && (result == factors || widens);
}

int32_t capstan::rt::checkTypes(const char *op,
                                const capstan_rt_gemm_desc &desc,
                                const char *device) {
  capstan_rt_dtype result = resultOf(desc);
  std::string name = nameOf(desc.dtype);
  if (!(result == desc.dtype))
    name += " to " + nameOf(result);
  Scalar factors = scalarOf(desc.dtype);
  if (!areMultiplied(desc.dtype, result))
    return fail(CAPSTAN_RT_UNSUPPORTED, {op, desc.location, device},
                format("products of %s are not supported, only those of f32, "
                       "f64, f16 and bf16, of the last two to f32, and of "
                       "f8E4M3FN to f32, f16 and bf16",
                       name.c_str()));
  if (desc.bias &&
      (factors == Scalar::F64 || (factors == Scalar::F8E4M3FN &&
                                  scalarOf(result) == Scalar::F32)))
    return fail(CAPSTAN_RT_UNSUPPORTED, {op, desc.location, device},
                format("products of %s add no bias", name.c_str()));
  return CAPSTAN_RT_OK;
}
