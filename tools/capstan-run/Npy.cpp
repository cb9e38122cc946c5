//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// numpy's array format, versions 1.0 to 3.0:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
//
//===----------------------------------------------------------------------===//

#include "Files.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace capstan::run;
using llvm::StringRef;

static constexpr StringRef kMagic = "\x93NUMPY";

llvm::Expected<std::shared_ptr<llvm::MemoryBuffer>>
capstan::run::mapFile(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return error("can't read %s: %s", path.str().c_str(),
                 buffer.getError().message().c_str());
  return std::shared_ptr<llvm::MemoryBuffer>(std::move(*buffer));
}

/// The value of `key` in the header, which is a Python dictionary of literals.
static StringRef valueOf(StringRef header, StringRef key) {
  size_t at = header.find(("'" + key + "':").str());
  if (at == StringRef::npos)
    return {};
  return header.drop_front(at + key.size() + 3).ltrim();
}

static std::optional<capstan_rt_dtype> parseDtype(StringRef descr) {
  if (descr.empty())
    return std::nullopt;
  char order = descr.front();
  if (order == '|' || order == '<' || order == '=')
    descr = descr.drop_front();
  else if (order == '>')
    return std::nullopt;
  unsigned size;
  if (descr.size() < 2 || descr.drop_front().getAsInteger(10, size))
    return std::nullopt;
  uint8_t bits = size * 8;
  switch (descr.front()) {
  case 'b':
    return size == 1 ? std::optional(capstan_rt_dtype{kBool, 8, 1})
                     : std::nullopt;
  case 'i':
  case 'u':
    if (size != 1 && size != 2 && size != 4 && size != 8)
      return std::nullopt;
    return capstan_rt_dtype{uint8_t(descr.front() == 'i' ? kInt : kUInt), bits,
                            1};
  case 'f':
    if (size != 2 && size != 4 && size != 8)
      return std::nullopt;
    return capstan_rt_dtype{kFloat, bits, 1};
  default:
    return std::nullopt;
  }
}

llvm::Expected<Tensor> capstan::run::parseNpy(StringRef name, StringRef bytes,
                                              std::shared_ptr<void> owner) {
  auto bad = [&](const llvm::Twine &what) {
    return error("%s: %s", name.str().c_str(), what.str().c_str());
  };
  if (!bytes.starts_with(kMagic) || bytes.size() < 10)
    return bad("not a .npy file");
  uint8_t major = bytes[6];
  size_t start = major == 1 ? 10 : 12;
  if (major < 1 || major > 3 || bytes.size() < start)
    return bad("unknown version of .npy");
  size_t length = major == 1
                      ? llvm::support::endian::read16le(bytes.data() + 8)
                      : llvm::support::endian::read32le(bytes.data() + 8);
  if (length > bytes.size() - start)
    return bad("the file ends in its header");
  StringRef header = bytes.substr(start, length);

  StringRef descr = valueOf(header, "descr");
  if (!descr.consume_front("'"))
    return bad("structured arrays are not supported");
  descr = descr.take_until([](char c) { return c == '\''; });
  std::optional<capstan_rt_dtype> dtype = parseDtype(descr);
  if (!dtype)
    return bad("element type '" + descr + "' is not supported");
  if (!valueOf(header, "fortran_order").starts_with("False"))
    return bad("the array is in Fortran order; numpy.ascontiguousarray(a) is "
               "not");

  Tensor tensor;
  tensor.dtype = *dtype;
  StringRef shape = valueOf(header, "shape");
  if (!shape.consume_front("("))
    return bad("no shape in the header");
  shape = shape.take_until([](char c) { return c == ')'; });
  int64_t size = dtype->bits / 8;
  for (StringRef text : llvm::split(shape, ',')) {
    int64_t dim;
    if (text.trim().empty())
      continue;
    if (text.trim().getAsInteger(10, dim) || dim < 0 ||
        llvm::MulOverflow(size, dim, size))
      return bad("shape (" + shape + ") is not possible");
    tensor.shape.push_back(dim);
  }
  if (bytes.size() - start - length < uint64_t(size))
    return bad("the file ends before the last element");
  tensor.data = bytes.data() + start + length;
  tensor.owner = std::move(owner);
  return tensor;
}

llvm::Expected<Tensor> capstan::run::readNpy(StringRef path) {
  auto buffer = mapFile(path);
  if (!buffer)
    return buffer.takeError();
  return parseNpy(path, (*buffer)->getBuffer(), *buffer);
}

llvm::Expected<Tensor> capstan::run::widen(const Tensor &tensor) {
  if (tensor.dtype.code != kBFloat && tensor.dtype.code != kFloat8)
    return tensor;
  auto wide = allocate({kFloat, 32, 1}, tensor.shape);
  if (!wide)
    return wide;
  for (int64_t i = 0, e = tensor.elements(); i < e; ++i)
    setElement(*wide, i, elementOf(tensor, i));
  return wide;
}

std::string capstan::run::npyHeader(const Tensor &tensor) {
  const char *kind = llvm::StringSwitch<const char *>(nameOf(tensor.dtype))
                         .StartsWith("i", "<i")
                         .StartsWith("u", "<u")
                         .StartsWith("f", "<f")
                         .Default("|b");
  std::string shape;
  for (int64_t size : tensor.shape)
    shape += std::to_string(size) + ",";
  std::string header = "{'descr': '" + std::string(kind) +
                       std::to_string(tensor.dtype.bits / 8) +
                       "', 'fortran_order': False, 'shape': (" + shape + "), }";
  // Data starts at a multiple of 64; the header ends with a line feed.
  size_t whole = llvm::alignTo(kMagic.size() + 4 + header.size() + 1, 64);
  header.resize(whole - kMagic.size() - 4 - 1, ' ');
  header += '\n';
  std::string text = kMagic.str() + std::string("\x01\x00", 2);
  text += char(header.size() & 0xff);
  text += char(header.size() >> 8);
  return text + header;
}
