//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The CUDA driver, loaded when it is first asked for: the runtime links nothing
// of CUDA.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_CUDA_DRIVER_H
#define CAPSTAN_RT_CUDA_DRIVER_H

#include "base/Error.h"

#include <cuda.h>
#include <cudaTypedefs.h>

namespace capstan::rt {

/// The driver's functions, by their names. Never unloaded: the driver doesn't
/// stand that.
struct Driver {
#define CAPSTAN_CUDA_FUNCTION(NAME, VERSION)                                   \
  PFN_##NAME##_v##VERSION NAME = nullptr;
#include "cuda/driver_functions.def"

  /// Loads and initializes the driver.
  /// \return NOT_FOUND if the library or a function is missing
  int32_t load(const char *library);

  /// The name of an error and what it means.
  std::string describe(CUresult result) const;
};

/// The status that stands for a driver's error.
int32_t statusOf(CUresult result);

} // namespace capstan::rt

#endif // CAPSTAN_RT_CUDA_DRIVER_H
