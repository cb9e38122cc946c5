//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Proves that one module does the same as another with no more host syncs
// (docs/verify.md). Shares no code with the passes.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_VERIFY_VERIFY_H
#define CAPSTAN_VERIFY_VERIFY_H

#include "mlir/IR/BuiltinOps.h"
#include <string>
#include <vector>

namespace capstan::verify {

/// Host syncs of one module.
struct SyncCounts {
  uint64_t inText = 0;     ///< operations reached
  uint64_t perForward = 0; ///< executed, on the path with most
  uint64_t values = 0;     ///< values read, likewise
  bool atLeast = false;    ///< a loop of unknown length was counted once
  /// Changes of the current device and questions to devices, likewise.
  uint64_t setDevices = 0, queries = 0;
};

struct FunctionReport {
  std::string name;
  SyncCounts before, after;
};

struct Report {
  bool accepted = false;
  /// Why not: one line, then lines of detail.
  std::string reason;
  std::vector<std::string> details;
  SyncCounts before, after;
  std::vector<FunctionReport> functions;
};

struct Options {
  /// A check may not sink below an operation that may fail, even one without
  /// effects.
  bool strictChecks = false;
};

/// Both modules must be of one context, in which the Capstan dialect is loaded.
Report verify(mlir::ModuleOp before, mlir::ModuleOp after,
              const Options &options = {});

} // namespace capstan::verify

#endif // CAPSTAN_VERIFY_VERIFY_H
