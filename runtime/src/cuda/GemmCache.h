//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Algorithms of products that were chosen by timing, in a file that processes
// share.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_GEMMCACHE_H
#define CAPSTAN_RT_CUDA_GEMMCACHE_H

#include "base/Api.h"
#include "cuda/CublasLt.h"

#include <array>
#include <map>

namespace capstan::rt {

/// Everything that the choice depends on, but the device and the library.
struct GemmKey {
  static constexpr int size = 13;
  std::array<int64_t, size> numbers;

  GemmKey() = default;
  /// \param[in] alignment   of all tensors, in bytes
  GemmKey(const capstan_rt_gemm_desc &desc, int64_t type, int64_t alignment);
  bool operator<(const GemmKey &other) const { return numbers < other.numbers; }
};

struct GemmChoice {
  lt::Algo algo;
  size_t workspace;
};

class GemmCache {
public:
  /// Reads the choices for a device and library. A file of another kind is left
  /// alone, and broken lines are skipped; a line on stderr says so.
  /// \param[in] path   null: no file
  /// \param[in] mostWorkspace   bytes that algorithms were allowed
  void open(const char *path, const std::string &device, size_t library,
            size_t mostWorkspace);
  const GemmChoice *find(const GemmKey &key) const;
  void add(const GemmKey &key, const GemmChoice &choice);

private:
  bool readLine(char *line);

  std::string path, prefix; // of lines for this device, library and limit
  std::map<GemmKey, GemmChoice> choices;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_GEMMCACHE_H
