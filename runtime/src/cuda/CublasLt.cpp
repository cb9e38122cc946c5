//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/CublasLt.h"

#include <cstdlib>
#include <dlfcn.h>
#include <glob.h>
#include <vector>

using namespace capstan::rt;

static constexpr const char *op = "gemm_library";

/// Files that match, of Python packages of NVIDIA's below `root`.
static void addPackages(const std::string &root, const std::string &name,
                        std::vector<std::string> &files) {
  glob_t found = {};
  if (!glob((root + "/nvidia/*/lib/" + name).c_str(), 0, nullptr, &found))
    for (size_t i = 0; i < found.gl_pathc; ++i)
      files.push_back(found.gl_pathv[i]);
  globfree(&found);
}

/// Where a Python environment would have it: beside the package that this
/// library is in, or in the active environment.
static std::vector<std::string> packagesWith(const std::string &name) {
  std::vector<std::string> files;
  Dl_info self;
  if (dladdr(reinterpret_cast<void *>(&addPackages), &self) && self.dli_fname) {
    std::string folder = self.dli_fname;
    for (int up = 0; up < 4; ++up) {
      size_t slash = folder.rfind('/');
      if (slash == std::string::npos)
        break;
      folder.resize(slash);
      addPackages(folder, name, files);
    }
  }
  if (const char *environment = getenv("VIRTUAL_ENV"))
    addPackages(std::string(environment) + "/lib/python3*/site-packages", name,
                files);
  return files;
}

/// Null, or the first that loads.
static void *findAny(int newest) {
  std::vector<std::string> names;
  for (int version : {13, 12})
    if (version <= newest)
      names.push_back("libcublasLt.so." + std::to_string(version));
  for (const std::string &name : names)
    if (void *loaded = dlopen(name.c_str(), RTLD_NOW | RTLD_NOLOAD))
      return loaded;
  for (const std::string &name : names)
    for (const std::string &file : packagesWith(name))
      if (void *loaded = dlopen(file.c_str(), RTLD_NOW))
        return loaded;
  for (const std::string &name : names)
    if (void *loaded = dlopen(name.c_str(), RTLD_NOW))
      return loaded;
  return nullptr;
}

int32_t CublasLt::load(const char *path, int newest, const char *device,
                       std::string &found) {
  bool given = path && *path;
  void *library = given ? dlopen(path, RTLD_NOW) : findAny(newest);
  if (!library)
    return fail(CAPSTAN_RT_NOT_FOUND, {op, nullptr, device},
                format("no cuBLASLt: looked for '%s' (Python package: "
                       "nvidia-cublas): %s",
                       given ? path : "libcublasLt.so", dlerror()));
  const struct {
    const char *name;
    void **address;
  } functions[] = {
#define FUNCTION(NAME) {"cublasLt" #NAME, reinterpret_cast<void **>(&NAME)}
      FUNCTION(GetVersion),
      FUNCTION(Create),
      FUNCTION(Destroy),
      FUNCTION(MatmulDescCreate),
      FUNCTION(MatmulDescDestroy),
      FUNCTION(MatmulDescSetAttribute),
      FUNCTION(MatrixLayoutCreate),
      FUNCTION(MatrixLayoutDestroy),
      FUNCTION(MatrixLayoutSetAttribute),
      FUNCTION(MatmulPreferenceCreate),
      FUNCTION(MatmulPreferenceDestroy),
      FUNCTION(MatmulPreferenceSetAttribute),
      FUNCTION(MatmulAlgoGetHeuristic),
      FUNCTION(MatmulAlgoCheck),
      FUNCTION(Matmul),
#undef FUNCTION
  };
  for (const auto &function : functions)
    if (!(*function.address = dlsym(library, function.name)))
      return fail(CAPSTAN_RT_INCOMPATIBLE, {op, nullptr, device},
                  format("'%s' is not cuBLASLt: it has no %s",
                         given ? path : "libcublasLt.so", function.name));
  Dl_info info;
  bool known = dladdr(reinterpret_cast<void *>(GetVersion), &info);
  found = format("cuBLASLt %zu (%s)", GetVersion(),
                 known ? info.dli_fname : "unknown file");
  return CAPSTAN_RT_OK;
}
