//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Machine code for the `host` target: a module of the LLVM dialect becomes an
// object, and that a shared library that the runtime loads.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TARGET_HOST_H
#define CAPSTAN_TARGET_HOST_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>
#include <string>

namespace capstan {

struct HostTargetOptions {
  /// The processor, as in `-mcpu`; "native" is this machine's.
  std::string chip = "native";
  /// 0 to 3, as for `opt`.
  unsigned optimization = 3;
  /// The program that links; "" finds `cc` on PATH.
  std::string linker;
};

/// Registers what translates the LLVM dialect to LLVM IR.
void registerHostTarget(mlir::DialectRegistry &registry);

/// Makes machine code. Every step that fails says why through diagnostics at
/// the module and returns null or failure.
class HostTarget {
public:
  explicit HostTarget(HostTargetOptions options);
  ~HostTarget();

  /// Translates and optimizes.
  std::unique_ptr<llvm::Module> toLLVM(mlir::ModuleOp module);
  mlir::LogicalResult emitObject(mlir::ModuleOp module, llvm::Module &code,
                                 llvm::raw_pwrite_stream &os);
  /// Writes the shared library `path`.
  mlir::LogicalResult emitLibrary(mlir::ModuleOp module, llvm::Module &code,
                                  llvm::StringRef path);

private:
  mlir::LogicalResult link(mlir::ModuleOp module, llvm::StringRef input,
                           llvm::StringRef output);
  llvm::TargetMachine *machine(mlir::ModuleOp module);

  HostTargetOptions options;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::TargetMachine> target;
};

} // namespace capstan

#endif // CAPSTAN_TARGET_HOST_H
