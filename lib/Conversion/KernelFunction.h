//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Functions that the runtime launches.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_LIB_CONVERSION_KERNELFUNCTION_H
#define CAPSTAN_LIB_CONVERSION_KERNELFUNCTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"

namespace capstan {

/// A new kernel, which has no name yet: a private function of what it takes and
/// of the iterations that it does, from and to. It lacks what it does, and its
/// return.
struct KernelFunction {
  /// `captured` is what the body uses of the code around it. Constants of that
  /// are made again in the kernel.
  KernelFunction(mlir::ModuleOp module, mlir::Location loc,
                 const llvm::SetVector<mlir::Value> &captured);

  /// If no written buffer overlaps another argument, all are distinct as far
  /// as LLVM can tell. Returns whether they are.
  bool markDistinct(mlir::ValueRange written);

  mlir::Value begin() { return body().getArguments().end()[-2]; }
  mlir::Value end() { return body().getArguments().back(); }
  mlir::Block &body() { return function.front(); }

  mlir::func::FuncOp function;
  llvm::SmallVector<mlir::Value> arguments; ///< of a launch
  mlir::IRMapping map;                      ///< of captured values
};

/// The kernels of a module that a pass adds. Equal ones are one.
class KernelTable {
public:
  explicit KernelTable(mlir::ModuleOp module) : symbols(module) {}

  /// `kernel`, or one that does the same; `kernel` is gone then.
  mlir::func::FuncOp add(mlir::func::FuncOp kernel, llvm::StringRef name);

  mlir::func::FuncOp find(llvm::StringRef name) const {
    return symbols.lookup<mlir::func::FuncOp>(name);
  }

private:
  mlir::SymbolTable symbols;
  llvm::StringMap<mlir::func::FuncOp> known; ///< by their text
};

} // namespace capstan

#endif // CAPSTAN_LIB_CONVERSION_KERNELFUNCTION_H
