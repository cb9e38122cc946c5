//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/CublasLt.h"
#include "cuda/Libraries.h"

#include <dlfcn.h>

using namespace capstan::rt;

static constexpr const char *op = "gemm_library";

int32_t CublasLt::load(const char *path, int newest, const char *device,
                       std::string &found) {
  bool given = path && *path;
  std::vector<std::string> names;
  for (int version : {13, 12})
    if (version <= newest)
      names.push_back("libcublasLt.so." + std::to_string(version));
  void *library = given ? dlopen(path, RTLD_NOW) : findLibrary(names);
  if (!library)
    return fail(CAPSTAN_RT_NOT_FOUND, {op, nullptr, device},
                format("no cuBLASLt: looked for '%s' (Python package: "
                       "nvidia-cublas): %s",
                       given ? path : "libcublasLt.so", dlerror()));
  const char *missing;
#define FUNCTION(NAME)                                                         \
  {                                                                            \
    "cublasLt" #NAME, reinterpret_cast<void **>(&NAME)                         \
  }
  if (!lookUpAll(
          library,
          {FUNCTION(GetVersion), FUNCTION(Create), FUNCTION(Destroy),
           FUNCTION(MatmulDescCreate), FUNCTION(MatmulDescDestroy),
           FUNCTION(MatmulDescSetAttribute), FUNCTION(MatrixLayoutCreate),
           FUNCTION(MatrixLayoutDestroy), FUNCTION(MatrixLayoutSetAttribute),
           FUNCTION(MatmulPreferenceCreate), FUNCTION(MatmulPreferenceDestroy),
           FUNCTION(MatmulPreferenceSetAttribute),
           FUNCTION(MatmulAlgoGetHeuristic), FUNCTION(MatmulAlgoCheck),
           FUNCTION(Matmul)},
          &missing))
    return fail(CAPSTAN_RT_INCOMPATIBLE, {op, nullptr, device},
                format("'%s' is not cuBLASLt: it has no %s",
                       given ? path : "libcublasLt.so", missing));
#undef FUNCTION
  found = format("cuBLASLt %zu (%s)", GetVersion(),
                 fileOf(reinterpret_cast<void *>(GetVersion)).c_str());
  return CAPSTAN_RT_OK;
}
