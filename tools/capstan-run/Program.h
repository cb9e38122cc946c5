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

#include "Argument.h"
#include "Inputs.h"
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
  /// What runs the module: host or cuda.
  std::string target = "host";
  /// The processor or the GPU to compile for; "": this one, or sm_90 (IR only).
  std::string chip;
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

  /// The arguments of an entry. If the module has `ENTRY.prepare`, that is
  /// called with its own: its results are arguments of the entry.
  llvm::Expected<std::vector<Argument>>
  arguments(capstan_rt_stream *stream, const capstan_rt_entry_info &entry,
            const Inputs &inputs);
  /// Calls an entry and waits for it. Results are copied to the host.
  llvm::Expected<std::vector<Tensor>> call(capstan_rt_stream *stream,
                                           const capstan_rt_entry_info &entry,
                                           llvm::ArrayRef<Argument> arguments);

  capstan_rt_module *module() const { return handle; }

private:
  Program();

  using Prepared = std::map<std::string, Argument>;
  llvm::Expected<std::vector<Argument>>
  collect(capstan_rt_stream *stream, const capstan_rt_entry_info &entry,
          const Inputs &inputs, const Prepared &prepared);
  llvm::Expected<Prepared> prepare(capstan_rt_stream *stream,
                                   const capstan_rt_entry_info &entry,
                                   const Inputs &inputs);
  /// Enqueues a call, and waits for it.
  llvm::Expected<std::vector<Argument>> run(capstan_rt_stream *stream,
                                            const capstan_rt_entry_info &entry,
                                            llvm::ArrayRef<Argument> arguments);

  std::unique_ptr<llvm::orc::LLJIT> jit;
  capstan_rt_module *handle = nullptr;
  bool onGpu = false;
};

} // namespace capstan::run

#endif // CAPSTAN_TOOLS_RUN_PROGRAM_H
