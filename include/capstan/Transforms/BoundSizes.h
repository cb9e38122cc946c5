//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The sizes that replace bound operands.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TRANSFORMS_BOUNDSIZES_H
#define CAPSTAN_TRANSFORMS_BOUNDSIZES_H

#include "capstan/Interfaces/Semantics.h"

namespace capstan {

/// Builds the size that `BoundOperand::atMost` names, once per tensor and
/// dimension of a function.
class BoundSizes {
public:
  explicit BoundSizes(Semantics &semantics) : semantics(semantics) {}

  /// Whether the size can be written with the type of the bound operand.
  bool canBuild(mlir::Operation *op, const BoundOperand &bound);
  mlir::Value build(mlir::Operation *op, const BoundOperand &bound);

private:
  mlir::Value buildForeign(mlir::OpBuilder &b, mlir::Value of, unsigned dim);

  Semantics &semantics;
  using Key = std::tuple<mlir::Value, unsigned, mlir::Type>;
  llvm::DenseMap<Key, mlir::Value> sizes;
  /// Numbers of dimensions, by the constant op that makes them.
  llvm::DenseMap<std::pair<mlir::StringAttr, unsigned>, mlir::Value> dims;
};

} // namespace capstan

#endif // CAPSTAN_TRANSFORMS_BOUNDSIZES_H
