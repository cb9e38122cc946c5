//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The table of a profile: time by kernel, and how near each is to what a copy
// or a product reaches on the same device.
//
//===----------------------------------------------------------------------===//

#include "base/Backend.h"
#include "base/Dtype.h"

#include "dlpack/dlpack.h"
#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <random>

using namespace capstan::rt;

namespace {
/// All work of one name, sizes and type.
struct Row {
  std::string name, location;
  int64_t calls = 0;
  double seconds = 0, bytes = 0, flops = 0;
  capstan_rt_dtype dtype = {};
  bool severalPlaces = false;
};

/// Measures what the device can do at most. Rates are 0 where it can't.
class Limits {
public:
  explicit Limits(Device &device);

  /// Bytes a second that a copy reads and writes.
  double copy();
  /// Floating-point operations a second of a square product.
  double product(capstan_rt_dtype dtype);

private:
  bool allocate(int64_t bytes, Block &block);
  bool fill(const Block &block, int64_t bytes, capstan_rt_dtype dtype);
  double seconds(const std::function<int32_t()> &enqueue);

  const FailureRef failure = FailureRef::adopt(new Failure);
  Ref<Stream> stream;
};
} // namespace

Limits::Limits(Device &device) {
  Stream *made = nullptr;
  if (!device.createStream(&made))
    stream = Ref<Stream>::adopt(made);
}

bool Limits::allocate(int64_t bytes, Block &block) {
  return stream && !stream->allocate(bytes, /*alignment=*/256, &block);
}

/// Of one call; 0 if it fails.
double Limits::seconds(const std::function<int32_t()> &enqueue) {
  constexpr double longEnough = 0.02;
  // The first loads code, and chooses algorithms.
  if (enqueue() || stream->synchronize())
    return 0;
  for (int64_t count = 1;; count *= 2) {
    Trace::Clock::time_point begin = Trace::Clock::now();
    for (int64_t i = 0; i < count; ++i)
      if (enqueue())
        return 0;
    if (stream->synchronize())
      return 0;
    std::chrono::duration<double> took = Trace::Clock::now() - begin;
    if (took.count() >= longEnough)
      return took.count() / double(count);
  }
}

double Limits::copy() {
  for (int64_t bytes = 512 << 20; bytes >= 1 << 20; bytes /= 4) {
    Block from, to;
    if (!allocate(bytes, from) || !allocate(bytes, to))
      continue;
    double each = seconds(
        [&] { return stream->copy(failure, to.get(), from.get(), bytes); });
    return each ? amountOfCopy(bytes).bytes / each : 0;
  }
  return 0;
}

template <typename T> static std::vector<char> randomNumbers(size_t count) {
  std::minstd_rand random(1);
  std::vector<char> memory(count * sizeof(T));
  for (size_t i = 0; i < count; ++i) {
    T value(std::uniform_real_distribution<float>(-1, 1)(random));
    memcpy(&memory[i * sizeof(T)], &value, sizeof(T));
  }
  return memory;
}

/// Zeros would be multiplied faster.
bool Limits::fill(const Block &block, int64_t bytes, capstan_rt_dtype dtype) {
  constexpr size_t count = 1 << 16;
  std::vector<char> piece;
  switch (scalarOf(dtype)) {
  case Scalar::F64:
    piece = randomNumbers<double>(count);
    break;
  case Scalar::F16:
    piece = randomNumbers<F16>(count);
    break;
  case Scalar::BF16:
    piece = randomNumbers<BF16>(count);
    break;
  case Scalar::F8E4M3FN: // of 0.0625 to 2, negative or not
    piece = randomNumbers<BF16>(count);
    for (char &byte : piece)
      byte = static_cast<char>((byte & 0xa7) + 0x18);
    break;
  default:
    piece = randomNumbers<float>(count);
    break;
  }
  auto *memory = static_cast<char *>(block.get());
  auto size = static_cast<int64_t>(piece.size());
  for (int64_t at = 0; at < bytes; at += size)
    if (stream->toDevice(failure, memory + at, piece.data(),
                         std::min(size, bytes - at)))
      return false;
  return true;
}

double Limits::product(capstan_rt_dtype dtype) {
  constexpr double longEnough = 1e-3;
  double best = 0;
  for (int64_t n = 512; n <= 8192; n *= 2) {
    capstan_rt_gemm_desc desc = {};
    desc.size = sizeof(desc);
    desc.dtype = dtype;
    desc.transpose_b = 1; // as weights are
    desc.batch = 1;
    desc.m = desc.n = desc.k = desc.lda = desc.ldb = desc.ldc = n;
    Block a, b, c, one;
    if (scalarOf(dtype) == Scalar::F8E4M3FN) {
      const float scale = 1;
      desc.dtype_c = {kDLBfloat, 16, 1};
      if (!allocate(sizeof(scale), one) ||
          stream->toDevice(failure, one.get(), &scale, sizeof(scale)))
        break;
      desc.scale_a = desc.scale_b = static_cast<const float *>(one.get());
    }
    int64_t bytes = n * n * bytesOf(dtype);
    if (!allocate(bytes, a) || !allocate(bytes, b) ||
        !allocate(n * n * bytesOf(resultOf(desc)), c) ||
        !fill(a, bytes, dtype) || !fill(b, bytes, dtype))
      break;
    double each = seconds(
        [&] { return stream->gemm(failure, desc, a.get(), b.get(), c.get()); });
    if (!each)
      break;
    best = std::max(best, amountOf(desc).flops / each);
    if (each >= longEnough)
      break;
  }
  return best;
}

static std::vector<Row> rowsOf(const std::vector<Trace::Span> &spans) {
  std::map<std::string, Row> rows;
  for (const Trace::Span &span : spans) {
    if (!span.amount || !strcmp(span.category, "wait") ||
        !strcmp(span.category, "callback"))
      continue;
    std::string name = span.name;
    if (!span.amount->what.empty())
      name += " " + span.amount->what;
    Row &row = rows[name];
    if (!row.calls) {
      row.name = name;
      row.location = span.location;
    }
    row.severalPlaces |= row.location != span.location;
    ++row.calls;
    row.seconds += std::chrono::duration<double>(span.end - span.begin).count();
    row.bytes += span.amount->bytes;
    row.flops += span.amount->flops;
    row.dtype = span.amount->dtype;
  }
  std::vector<Row> sorted;
  for (auto &[name, row] : rows)
    sorted.push_back(std::move(row));
  std::stable_sort(
      sorted.begin(), sorted.end(),
      [](const Row &a, const Row &b) { return a.seconds > b.seconds; });
  return sorted;
}

std::string capstan::rt::profileTable(Device &device,
                                      const std::vector<Trace::Span> &spans) {
  std::vector<Row> rows = rowsOf(spans);
  Limits limits(device);
  double copy = limits.copy(), all = 0;
  std::map<std::string, double> products;
  size_t width = 6;
  for (const Row &row : rows) {
    all += row.seconds;
    width = std::max(width, row.name.size());
    if (row.flops)
      products.try_emplace(nameOf(row.dtype), 0);
  }
  for (const Row &row : rows)
    if (row.flops)
      if (double &rate = products[nameOf(row.dtype)]; !rate)
        rate = limits.product(row.dtype);

  auto columns = static_cast<int>(width);
  std::string table =
      format("%-*s %6s %10s %6s %9s %9s %-13s %s\n", columns, "kernel", "calls",
             "us", "time", "GB/s", "GFLOP/s", "of the limit", "where");
  for (const Row &row : rows) {
    table += format("%-*s %6lld %10.1f %5.1f%%", columns, row.name.c_str(),
                    static_cast<long long>(row.calls), row.seconds * 1e6,
                    row.seconds / all * 100);
    auto rate = [&](double amount) {
      return amount ? format(" %9.1f", amount / row.seconds * 1e-9)
                    : format(" %9s", "-");
    };
    table += rate(row.bytes) + rate(row.flops);
    double product = row.flops ? products[nameOf(row.dtype)] : 0;
    double ofCopy = copy ? row.bytes / row.seconds / copy : 0;
    double ofProduct = product ? row.flops / row.seconds / product : 0;
    std::string limit = "-";
    if (ofCopy || ofProduct)
      limit = format("%4.1f%% %s", std::max(ofCopy, ofProduct) * 100,
                     ofCopy > ofProduct ? "copy" : "product");
    if (row.location.empty())
      table += format(" %s\n", limit.c_str());
    else
      table += format(" %-13s %s%s\n", limit.c_str(), row.location.c_str(),
                      row.severalPlaces ? ", ..." : "");
  }
  table +=
      format("all %.1f us; a copy moves %.1f GB/s", all * 1e6, copy * 1e-9);
  for (const auto &[name, rate] : products)
    table +=
        format("; a product of %s has %.1f GFLOP/s", name.c_str(), rate * 1e-9);
  return table + "\n";
}
