//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// A module that can be called: a shared library, or IR compiled in memory.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TOOLS_RUN_PROGRAM_H
#define CAPSTAN_TOOLS_RUN_PROGRAM_H

#include "Tensor.h"
#include "capstan_rt/capstan_rt.h"

namespace llvm::orc {
class LLJIT;
}

namespace capstan::run {

/// The runtime's last error on this thread, unless `status` is good.
llvm::Error toError(int32_t status);

struct LoadOptions {
  /// Take out host syncs first (IR only).
  bool hostSyncPipeline = true;
  /// Give buffers places in arenas (IR only).
  bool planMemory = true;
  /// The processor to compile for (IR only).
  std::string chip = "native";
};

class Program {
public:
  /// By the name's ending, `.so` or IR. Diagnostics of IR are printed.
  static llvm::Expected<Program> load(capstan_rt_device *device,
                                      llvm::StringRef path,
                                      const LoadOptions &options);
  Program(Program &&other);
  Program &operator=(Program &&other);
  ~Program();

  /// The entry `name`; with "" the only one, or `main`.
  llvm::Expected<const capstan_rt_entry_info *>
  entry(llvm::StringRef name) const;

  /// Calls an entry and waits for it. Results are copied to the host.
  llvm::Expected<std::vector<Tensor>> call(capstan_rt_stream *stream,
                                           const capstan_rt_entry_info &entry,
                                           llvm::ArrayRef<Tensor> arguments);

  capstan_rt_module *module() const { return handle; }

private:
  Program();

  std::unique_ptr<llvm::orc::LLJIT> jit;
  capstan_rt_module *handle = nullptr;
};

} // namespace capstan::run

#endif // CAPSTAN_TOOLS_RUN_PROGRAM_H
