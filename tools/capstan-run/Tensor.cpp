//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Tensor.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cstdlib>
#include <cstring>

using namespace capstan::run;
using llvm::APFloat;
using llvm::ArrayRef;

int64_t Tensor::elements() const {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

std::string capstan::run::nameOf(capstan_rt_dtype dtype) {
  switch (dtype.code) {
  case kInt:
    return "i" + std::to_string(dtype.bits);
  case kUInt:
    return "u" + std::to_string(dtype.bits);
  case kFloat:
    return "f" + std::to_string(dtype.bits);
  case kBFloat:
    return "bf16";
  case kBool:
    return "bool";
  case kFloat8:
    return "f8E4M3FN";
  default:
    return "dtype(" + std::to_string(dtype.code) + "," +
           std::to_string(dtype.bits) + ")";
  }
}

std::string capstan::run::describe(capstan_rt_dtype dtype,
                                   ArrayRef<int64_t> shape) {
  return nameOf(dtype) + "[" +
         llvm::join(llvm::map_range(shape,
                                    [](int64_t size) {
                                      return size < 0 ? std::string("?")
                                                      : std::to_string(size);
                                    }),
                    ",") +
         "]";
}

llvm::Expected<Tensor> capstan::run::allocate(capstan_rt_dtype dtype,
                                              ArrayRef<int64_t> shape) {
  Tensor tensor;
  tensor.dtype = dtype;
  tensor.shape.assign(shape.begin(), shape.end());
  int64_t bytes = dtype.bits / 8;
  for (int64_t size : shape)
    if (size < 0 || llvm::MulOverflow(bytes, size, bytes))
      return error("a tensor can't have the size %s",
                   describe(dtype, shape).c_str());
  // Cache lines, and whole ones, as aligned_alloc wants.
  char *memory = static_cast<char *>(
      std::aligned_alloc(64, llvm::alignTo(std::max<int64_t>(bytes, 1), 64)));
  if (!memory)
    return error("no memory for %s", describe(dtype, shape).c_str());
  tensor.data = memory;
  tensor.owner = std::shared_ptr<void>(memory, std::free);
  return tensor;
}

template <typename T> static T load(const char *at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

static const llvm::fltSemantics &semanticsOf(capstan_rt_dtype dtype) {
  return dtype.code == kBFloat   ? APFloat::BFloat()
         : dtype.code == kFloat8 ? APFloat::Float8E4M3FN()
                                 : APFloat::IEEEhalf();
}

double capstan::run::elementOf(const Tensor &tensor, int64_t i) {
  capstan_rt_dtype type = tensor.dtype;
  const char *at = tensor.data + i * (type.bits / 8);
  bool isSigned = type.code == kInt;
  switch (type.bits) {
  case 8:
    if (isFloat(type))
      return APFloat(semanticsOf(type), llvm::APInt(8, load<uint8_t>(at)))
          .convertToDouble();
    return isSigned ? load<int8_t>(at) : load<uint8_t>(at);
  case 16: {
    if (isFloat(type))
      return APFloat(semanticsOf(type), llvm::APInt(16, load<uint16_t>(at)))
          .convertToDouble();
    return isSigned ? load<int16_t>(at) : load<uint16_t>(at);
  }
  case 32:
    if (type.code == kFloat)
      return load<float>(at);
    return isSigned ? load<int32_t>(at) : load<uint32_t>(at);
  default:
    if (type.code == kFloat)
      return load<double>(at);
    return isSigned ? double(load<int64_t>(at)) : double(load<uint64_t>(at));
  }
}

template <typename T> static void store(char *at, T value) {
  std::memcpy(at, &value, sizeof(T));
}

void capstan::run::setElement(Tensor &tensor, int64_t i, double value) {
  capstan_rt_dtype type = tensor.dtype;
  char *at = const_cast<char *>(tensor.data) + i * (type.bits / 8);
  if (type.code == kFloat && type.bits == 64)
    return store(at, value);
  if (type.code == kFloat && type.bits == 32)
    return store(at, float(value));
  // Little-endian: the low bytes are the narrower number.
  if (isFloat(type)) {
    APFloat rounded(value);
    bool losesInfo;
    rounded.convert(semanticsOf(type), APFloat::rmNearestTiesToEven,
                    &losesInfo);
    uint64_t bits = rounded.bitcastToAPInt().getZExtValue();
    std::memcpy(at, &bits, type.bits / 8);
    return;
  }
  int64_t whole = static_cast<int64_t>(value);
  std::memcpy(at, &whole, type.bits / 8);
}
