//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Who calls whom among the functions of a module. Never asks MLIR for symbol
// uses, which fails on unregistered operations with regions.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_ANALYSIS_CALLSITES_H
#define CAPSTAN_ANALYSIS_CALLSITES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace capstan {

class CallSites {
public:
  explicit CallSites(mlir::ModuleOp module);

  /// Every function after the functions that it calls (in a cycle: any order).
  llvm::ArrayRef<mlir::func::FuncOp> calleesFirst() const { return order; }

  llvm::ArrayRef<mlir::func::CallOp> callsOf(mlir::func::FuncOp function) const;

  /// Every use of the symbol is a direct call with as many operands as the
  /// function has arguments.
  bool onlyCalled(mlir::func::FuncOp function) const;

  /// Whether nobody in the module calls or names the function, not even itself.
  bool isUnused(mlir::func::FuncOp function) const;

  /// Whether the function can reach itself.
  bool isRecursive(mlir::func::FuncOp function) const {
    return recursive.contains(function);
  }

private:
  void sort();

  llvm::SmallVector<mlir::func::FuncOp> order;
  llvm::DenseMap<mlir::StringAttr, mlir::func::FuncOp> byName;
  llvm::DenseMap<mlir::StringAttr, llvm::SmallVector<mlir::func::CallOp>> calls;
  llvm::DenseSet<mlir::StringAttr> otherUses;
  llvm::DenseSet<mlir::Operation *> recursive;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::func::FuncOp>>
      callees;
};

} // namespace capstan

#endif // CAPSTAN_ANALYSIS_CALLSITES_H
