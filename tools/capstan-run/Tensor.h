//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Tensors on the host: what files hold, and what goes in and out of a module.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TOOLS_RUN_TENSOR_H
#define CAPSTAN_TOOLS_RUN_TENSOR_H

#include "capstan_rt/compiled.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <map>
#include <memory>
#include <string>

namespace capstan::run {

/// Row-major, contiguous; `owner` keeps the bytes alive, which may be a file's.
struct Tensor {
  capstan_rt_dtype dtype{};
  llvm::SmallVector<int64_t, 4> shape;
  const char *data = nullptr;
  std::shared_ptr<void> owner;

  int64_t elements() const;
  int64_t bytes() const { return elements() * (dtype.bits / 8); }
};

using Tensors = std::map<std::string, Tensor>;

/// DLPack's codes.
enum : uint8_t {
  kInt = 0,
  kUInt = 1,
  kFloat = 2,
  kBFloat = 4,
  kBool = 6,
  kFloat8 = 10, // e4m3fn
};

inline bool isFloat(capstan_rt_dtype dtype) {
  return dtype.code == kFloat || dtype.code == kBFloat || dtype.code == kFloat8;
}

inline bool operator==(capstan_rt_dtype a, capstan_rt_dtype b) {
  return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
}

/// Such as "f32", "i64", "bf16", "bool".
std::string nameOf(capstan_rt_dtype dtype);
/// Such as "i64[1,64]"; -1 is "?".
std::string describe(capstan_rt_dtype dtype, llvm::ArrayRef<int64_t> shape);

/// Memory for a tensor, uninitialized; an error if it can't be had.
llvm::Expected<Tensor> allocate(capstan_rt_dtype dtype,
                                llvm::ArrayRef<int64_t> shape);

/// Element `i` as a number; booleans are 0 and 1.
double elementOf(const Tensor &tensor, int64_t i);
/// Sets element `i`, rounded to the type's nearest.
void setElement(Tensor &tensor, int64_t i, double value);

template <typename... Args>
llvm::Error error(const char *format, const Args &...args) {
  return llvm::createStringError(std::errc::invalid_argument, format, args...);
}

} // namespace capstan::run

#endif // CAPSTAN_TOOLS_RUN_TENSOR_H
