//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// IR to machine code in memory.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TOOLS_RUN_COMPILE_H
#define CAPSTAN_TOOLS_RUN_COMPILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

namespace capstan::run {

struct LoadOptions;

/// Compiles the IR in file `path` to an object. Diagnostics go to stderr; the
/// error says only that there were some.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
compile(llvm::StringRef path, const LoadOptions &options);

} // namespace capstan::run

#endif // CAPSTAN_TOOLS_RUN_COMPILE_H
