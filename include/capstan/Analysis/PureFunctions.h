//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Functions of a module whose calls are computations: results that depend on
// the arguments only, no effect, no check, no host sync. An analysis of the
// module; function passes ask for it with `getCachedParentAnalysis`, since they
// must not look into other functions.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_ANALYSIS_PUREFUNCTIONS_H
#define CAPSTAN_ANALYSIS_PUREFUNCTIONS_H

#include "capstan/Interfaces/Semantics.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace capstan {

class PureFunctions {
public:
  explicit PureFunctions(mlir::ModuleOp module);

  const PureCallees &callees() const { return pure; }

  /// `function` has changed, but no other one since it was looked at. True if
  /// it is pure only now.
  bool update(mlir::func::FuncOp function);

private:
  bool visit(Semantics &semantics, mlir::func::FuncOp function, unsigned depth);

  llvm::DenseMap<mlir::StringAttr, mlir::func::FuncOp> byName;
  llvm::DenseSet<mlir::Operation *> visited;
  PureCallees pure;
};

/// `pure`, as a pass gets it, or none.
template <typename OptionalAnalysis>
const PureCallees *calleesOf(const OptionalAnalysis &pure) {
  return pure ? &pure->get().callees() : nullptr;
}

} // namespace capstan

#endif // CAPSTAN_ANALYSIS_PUREFUNCTIONS_H
