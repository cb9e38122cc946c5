//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Inputs.h"
#include "Files.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace capstan::run;
using llvm::StringRef;

llvm::Error Inputs::add(StringRef spec) {
  size_t equals = spec.find('=');
  if (equals == StringRef::npos) {
    auto file = readTensors(spec);
    if (!file)
      return file.takeError();
    if (file->count(""))
      return error("%s holds one tensor: say NAME=%s", spec.str().c_str(),
                   spec.str().c_str());
    for (auto &[name, tensor] : *file) {
      values.erase(name);
      tensors[name] = std::move(tensor);
    }
    return llvm::Error::success();
  }
  std::string name = spec.take_front(equals).str();
  StringRef value = spec.drop_front(equals + 1);
  if (!value.ends_with(".npy")) {
    tensors.erase(name);
    values[name] = value.str();
    return llvm::Error::success();
  }
  auto tensor = readNpy(value);
  if (!tensor)
    return tensor.takeError();
  values.erase(name);
  tensors[name] = std::move(*tensor);
  return llvm::Error::success();
}

llvm::Error Inputs::addShape(StringRef spec) {
  auto [name, sizes] = spec.split('=');
  llvm::SmallVector<int64_t, 4> shape;
  for (StringRef text : llvm::split(sizes, 'x'))
    if (text.getAsInteger(10, shape.emplace_back()) || shape.back() < 0)
      return error("'%s': a shape is written NAME=2x64", spec.str().c_str());
  shapes[name.str()] = shape;
  return llvm::Error::success();
}

llvm::Expected<llvm::SmallVector<int64_t, 4>>
Inputs::shapeOf(const capstan_rt_value_info &argument) const {
  llvm::ArrayRef<int64_t> dims(argument.dims, argument.rank);
  if (auto it = shapes.find(argument.name); it != shapes.end())
    return it->second;
  for (int64_t size : dims)
    if (size < 0)
      return error("argument '%s' is %s: give its sizes with --shape %s=...",
                   argument.name, describe(argument.dtype, dims).c_str(),
                   argument.name);
  return llvm::SmallVector<int64_t, 4>(dims);
}

/// Sebastiano Vigna's SplitMix64 (public domain), by position, so that element
/// `i` depends on the seed and on `i` only.
static uint64_t splitMix(uint64_t seed, uint64_t i) {
  uint64_t z = seed * 0xd1342543de82ef95u + (i + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// Uniform in [low, high): floats, or whole numbers.
static void fillRandom(Tensor &tensor, uint64_t seed, double low, double high) {
  bool whole = !isFloat(tensor.dtype);
  auto valueAt = [&](int64_t i) {
    double unit = double(splitMix(seed, i) >> 11) * 0x1p-53;
    return low + unit * (high - low);
  };
  // Weights have billions of elements, and nearly all are of this type.
  if (tensor.dtype == capstan_rt_dtype{kFloat, 32, 1}) {
    auto *to = reinterpret_cast<float *>(const_cast<char *>(tensor.data));
    for (int64_t i = 0, e = tensor.elements(); i < e; ++i)
      to[i] = float(valueAt(i));
    return;
  }
  for (int64_t i = 0, e = tensor.elements(); i < e; ++i)
    setElement(tensor, i, whole ? std::floor(valueAt(i)) : valueAt(i));
}

static llvm::Error badValue(const char *name, StringRef value) {
  return error("argument '%s': '%s' is neither a .npy file, numbers, zeros nor "
               "random:SEED[:LOW:HIGH]",
               name, value.str().c_str());
}

/// Numbers, as JSON writes them, in one list or none.
static llvm::Expected<Tensor> fromNumbers(const capstan_rt_value_info &argument,
                                          StringRef text) {
  auto json = llvm::json::parse(text);
  if (!json) {
    llvm::consumeError(json.takeError());
    return badValue(argument.name, text);
  }
  llvm::json::Array one{*json};
  const llvm::json::Array *list = json->getAsArray();
  llvm::SmallVector<int64_t, 4> shape;
  if (list)
    shape.push_back(list->size());
  auto tensor = allocate(argument.dtype, shape);
  if (!tensor)
    return tensor;
  for (const auto &[i, element] : llvm::enumerate(list ? *list : one)) {
    auto number = element.getAsNumber();
    if (!number)
      return badValue(argument.name, text);
    setElement(*tensor, i, *number);
  }
  return tensor;
}

llvm::Expected<Tensor> Inputs::make(const capstan_rt_value_info &argument,
                                    StringRef value) const {
  if (value.starts_with("[") ||
      (!value.empty() && (llvm::isDigit(value[0]) || value[0] == '-')))
    return fromNumbers(argument, value);
  llvm::SmallVector<StringRef, 4> parts;
  value.split(parts, ':');
  uint64_t seed = 0;
  bool real = isFloat(argument.dtype);
  double low = real ? -1 : 0, high = real ? 1 : 2;
  bool random = parts[0] == "random" &&
                (parts.size() == 2 || parts.size() == 4) &&
                !parts[1].getAsInteger(10, seed) &&
                (parts.size() == 2 ||
                 (!parts[2].getAsDouble(low) && !parts[3].getAsDouble(high)));
  if (value == "zeros")
    low = high = 0;
  else if (!random)
    return badValue(argument.name, value);
  auto shape = shapeOf(argument);
  if (!shape)
    return shape.takeError();
  auto tensor = allocate(argument.dtype, *shape);
  if (!tensor)
    return tensor;
  fillRandom(*tensor, seed, low, high);
  return tensor;
}

llvm::Expected<Tensor>
Inputs::get(const capstan_rt_value_info &argument) const {
  std::string name = argument.name;
  if (auto it = tensors.find(name); it != tensors.end())
    return it->second;
  if (auto it = values.find(name); it != values.end())
    return make(argument, it->second);
  if (auto it = values.find("*"); it != values.end()) {
    // Of one seed, but not the same numbers for all arguments.
    auto [kind, rest] = StringRef(it->second).split(':');
    auto [seed, range] = rest.split(':');
    uint64_t number;
    if (kind != "random" || seed.getAsInteger(10, number))
      return make(argument, it->second);
    for (char c : name)
      number = splitMix(number, uint8_t(c));
    std::string own = "random:" + std::to_string(number);
    return make(argument, range.empty() ? own : own + ":" + range.str());
  }
  return error(
      "nothing is given for argument '%s', %s", argument.name,
      describe(argument.dtype, llvm::ArrayRef(argument.dims, argument.rank))
          .c_str());
}
