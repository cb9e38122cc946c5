//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// https://github.com/huggingface/safetensors: eight bytes with the size of a
// JSON header, the header, then the data that its offsets point into.
//
//===----------------------------------------------------------------------===//

#include "Files.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <cstring>

using namespace capstan::run;
using llvm::StringRef;

static std::optional<capstan_rt_dtype> parseDtype(StringRef name) {
  using Dtype = std::optional<capstan_rt_dtype>;
  return llvm::StringSwitch<Dtype>(name)
      .Case("F64", capstan_rt_dtype{kFloat, 64, 1})
      .Case("F32", capstan_rt_dtype{kFloat, 32, 1})
      .Case("F16", capstan_rt_dtype{kFloat, 16, 1})
      .Case("BF16", capstan_rt_dtype{kBFloat, 16, 1})
      .Case("F8_E4M3", capstan_rt_dtype{kFloat8, 8, 1})
      .Case("I64", capstan_rt_dtype{kInt, 64, 1})
      .Case("I32", capstan_rt_dtype{kInt, 32, 1})
      .Case("I16", capstan_rt_dtype{kInt, 16, 1})
      .Case("I8", capstan_rt_dtype{kInt, 8, 1})
      .Case("U64", capstan_rt_dtype{kUInt, 64, 1})
      .Case("U32", capstan_rt_dtype{kUInt, 32, 1})
      .Case("U16", capstan_rt_dtype{kUInt, 16, 1})
      .Case("U8", capstan_rt_dtype{kUInt, 8, 1})
      .Case("BOOL", capstan_rt_dtype{kBool, 8, 1})
      .Default(std::nullopt);
}

/// One entry of the header; `data` is what follows the header.
static llvm::Expected<Tensor> parseEntry(const std::string &what,
                                         const llvm::json::Value &value,
                                         StringRef data,
                                         std::shared_ptr<void> owner) {
  const llvm::json::Object *entry = value.getAsObject();
  const llvm::json::Array *shape = entry ? entry->getArray("shape") : nullptr;
  const llvm::json::Array *offsets =
      entry ? entry->getArray("data_offsets") : nullptr;
  auto name = entry ? entry->getString("dtype") : std::nullopt;
  if (!shape || !name || !offsets || offsets->size() != 2)
    return error("%s: dtype, shape and data_offsets are needed", what.c_str());
  std::optional<capstan_rt_dtype> dtype = parseDtype(*name);
  if (!dtype)
    return error("%s: dtype %s is not supported", what.c_str(),
                 name->str().c_str());
  Tensor tensor;
  tensor.dtype = *dtype;
  int64_t bytes = dtype->bits / 8;
  for (const llvm::json::Value &size : *shape) {
    auto dim = size.getAsInteger();
    if (!dim || *dim < 0 || llvm::MulOverflow(bytes, *dim, bytes))
      return error("%s: the shape is not possible", what.c_str());
    tensor.shape.push_back(*dim);
  }
  auto begin = (*offsets)[0].getAsInteger(), end = (*offsets)[1].getAsInteger();
  if (!begin || !end || *begin < 0 || *end < *begin || *end - *begin != bytes)
    return error("%s: data_offsets don't fit the shape", what.c_str());
  if (uint64_t(*end) > data.size())
    return error("%s: the file ends before the data", what.c_str());
  tensor.data = data.data() + *begin;
  tensor.owner = std::move(owner);
  if (reinterpret_cast<uintptr_t>(tensor.data) % (dtype->bits / 8) == 0)
    return tensor;
  auto aligned = allocate(tensor.dtype, tensor.shape);
  if (aligned)
    std::memcpy(const_cast<char *>(aligned->data), tensor.data, bytes);
  return aligned;
}

llvm::Expected<Tensors> capstan::run::readSafetensors(StringRef path) {
  auto buffer = mapFile(path);
  if (!buffer)
    return buffer.takeError();
  StringRef bytes = (*buffer)->getBuffer();
  std::string file = path.str();
  if (bytes.size() < 8)
    return error("%s: too short for a safetensors file", file.c_str());
  uint64_t length = llvm::support::endian::read64le(bytes.data());
  if (length > bytes.size() - 8)
    return error("%s: the file ends in its header", file.c_str());
  auto header = llvm::json::parse(bytes.substr(8, length));
  if (!header)
    return error("%s: damaged header: %s", file.c_str(),
                 llvm::toString(header.takeError()).c_str());
  const llvm::json::Object *entries = header->getAsObject();
  if (!entries)
    return error("%s: damaged header: not an object", file.c_str());
  Tensors tensors;
  for (const auto &[key, value] : *entries) {
    if (key == "__metadata__")
      continue;
    std::string name = StringRef(key).str();
    auto tensor = parseEntry(file + "(" + name + ")", value,
                             bytes.drop_front(8 + length), *buffer);
    if (!tensor)
      return tensor.takeError();
    tensors[name] = std::move(*tensor);
  }
  return tensors;
}

llvm::Expected<Tensors> capstan::run::readTensors(StringRef path) {
  StringRef ending = llvm::sys::path::extension(path);
  if (ending == ".npz")
    return readNpz(path);
  if (ending == ".safetensors")
    return readSafetensors(path);
  if (ending != ".npy")
    return error("%s: not a .npy, .npz or .safetensors file",
                 path.str().c_str());
  auto tensor = readNpy(path);
  if (!tensor)
    return tensor.takeError();
  return Tensors{{"", std::move(*tensor)}};
}
