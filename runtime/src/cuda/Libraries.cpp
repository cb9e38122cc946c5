//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "cuda/Libraries.h"

#include <cstdlib>
#include <dlfcn.h>
#include <glob.h>

using namespace capstan::rt;

/// The folder of this library, without a slash at its end; empty if unknown.
static std::string ownFolder() {
  Dl_info self;
  if (!dladdr(reinterpret_cast<void *>(&ownFolder), &self) || !self.dli_fname)
    return "";
  std::string file = self.dli_fname;
  size_t slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, slash);
}

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
  std::string folder = ownFolder();
  for (int up = 0; up < 4; ++up) {
    addPackages(folder, name, files);
    size_t slash = folder.rfind('/');
    if (slash == std::string::npos)
      break;
    folder.resize(slash);
  }
  if (const char *environment = getenv("VIRTUAL_ENV"))
    addPackages(std::string(environment) + "/lib/python3*/site-packages", name,
                files);
  return files;
}

void *capstan::rt::findLibrary(const std::vector<std::string> &names) {
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

void *capstan::rt::openBeside(const char *name) {
  return dlopen((ownFolder() + "/" + name).c_str(), RTLD_NOW);
}

std::string capstan::rt::fileOf(const void *symbol) {
  Dl_info info;
  return dladdr(symbol, &info) ? info.dli_fname : "unknown file";
}

bool capstan::rt::lookUpAll(void *library,
                            std::initializer_list<LibraryFunction> functions,
                            const char **missing) {
  for (const LibraryFunction &function : functions)
    if (!(*function.address = dlsym(library, function.name))) {
      *missing = function.name;
      return false;
    }
  return true;
}
