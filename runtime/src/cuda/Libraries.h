//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Where libraries of NVIDIA's are found at run time.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_LIBRARIES_H
#define CAPSTAN_RT_CUDA_LIBRARIES_H

#include <initializer_list>
#include <string>
#include <vector>

namespace capstan::rt {

/// The first of these that the process has, or a Python environment (around
/// this library, or VIRTUAL_ENV), or the system, in this order. It stays
/// loaded. Null, and dlerror() says why, if there is none.
void *findLibrary(const std::vector<std::string> &names);

/// Loads a library from the folder of this one; null, as above.
void *openBeside(const char *name);

/// The file that a symbol is in.
std::string fileOf(const void *symbol);

struct LibraryFunction {
  const char *name;
  void **address;
};
/// Finds all functions; or else gives the name of one that is missing.
bool lookUpAll(void *library, std::initializer_list<LibraryFunction> functions,
               const char **missing);

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_LIBRARIES_H
