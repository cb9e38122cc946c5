//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/GemmCache.h"

#include <cinttypes>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

using namespace capstan::rt;

static constexpr char header[] = "capstan-gemm-cache 1\n";

GemmKey::GemmKey(const capstan_rt_gemm_desc &d, int64_t type, int64_t alignment)
    : numbers{type,
              (d.transpose_a ? 1 : 0) | (d.transpose_b ? 2 : 0) |
                  (d.accumulate ? 4 : 0) | (d.bias ? 8 : 0) |
                  (d.scale_a ? 16 : 0) | (d.row_scales ? 32 : 0),
              d.batch,
              d.m,
              d.n,
              d.k,
              d.lda,
              d.ldb,
              d.ldc,
              d.stride_a,
              d.stride_b,
              d.stride_c,
              alignment} {}

static void warn(const std::string &path, const char *what) {
  fprintf(stderr, "capstan_rt: the cache of matrix products '%s' %s\n",
          path.c_str(), what);
}

void GemmCache::open(const char *file, const std::string &device,
                     size_t library, size_t mostWorkspace) {
  if (!file || !*file)
    return;
  path = file;
  prefix = format("%s\t%zu\t%zu\t", device.c_str(), library, mostWorkspace);
  std::unique_ptr<FILE, int (*)(FILE *)> input(fopen(file, "r"), fclose);
  if (!input)
    return; // the first choice makes it
  char line[1024];
  if (!fgets(line, sizeof(line), input.get()) || strcmp(line, header)) {
    warn(path, "is of another kind or version: ignored");
    path.clear();
    return;
  }
  int64_t broken = 0;
  while (fgets(line, sizeof(line), input.get()))
    if (!strncmp(line, prefix.c_str(), prefix.size()))
      broken += !readLine(line + prefix.size());
  if (broken)
    warn(path, "has broken lines: skipped");
}

bool GemmCache::readLine(char *at) {
  GemmKey key;
  GemmChoice choice;
  char *end;
  for (int64_t &number : key.numbers) {
    number = strtoll(at, &end, 10);
    if (end == at)
      return false;
    at = end;
  }
  choice.workspace = strtoull(at, &end, 10);
  if (end == at)
    return false;
  for (uint64_t &word : choice.algo.data) {
    at = end;
    word = strtoull(at, &end, 16);
    if (end == at)
      return false;
  }
  if (strcmp(end, "\n"))
    return false; // cut off, or more than it should be
  choices[key] = choice;
  return true;
}

const GemmChoice *GemmCache::find(const GemmKey &key) const {
  auto it = choices.find(key);
  return it == choices.end() ? nullptr : &it->second;
}

void GemmCache::add(const GemmKey &key, const GemmChoice &choice) {
  choices[key] = choice;
  if (path.empty())
    return;
  std::string line = prefix;
  for (int64_t number : key.numbers)
    line += format("%" PRId64 " ", number);
  line += format("%zu", choice.workspace);
  for (uint64_t word : choice.algo.data)
    line += format(" %" PRIx64, word);
  line += '\n';
  // Processes may add at once: whole lines, each by one write.
  int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_EXCL, 0666);
  if (file >= 0)
    line = header + line;
  else
    file = ::open(path.c_str(), O_WRONLY | O_APPEND);
  bool written = file >= 0 && write(file, line.data(), line.size()) ==
                                  static_cast<ssize_t>(line.size());
  if (file >= 0)
    close(file);
  if (!written) {
    warn(path, "can't be written");
    path.clear();
  }
}
