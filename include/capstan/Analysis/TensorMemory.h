//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The memory that a function on static tensors needs, before it has buffers.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_ANALYSIS_TENSORMEMORY_H
#define CAPSTAN_ANALYSIS_TENSORMEMORY_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace capstan {

/// At most 2^50.
int64_t bytesOf(llvm::ArrayRef<int64_t> shape, mlir::Type elementType);

/// The moment at which the most bytes are in use.
struct TensorPeak {
  int64_t bytes = 0;
  /// What is alive then, the largest first.
  llvm::SmallVector<std::pair<mlir::Value, int64_t>> alive;
};

/// Runs the operations in their order, each tensor alive from the operation
/// that makes it to its last use. Views, and transposes for matrix products,
/// share memory with their source, results with an init that nothing uses
/// later, what a loop carries with what it begins with. `arguments` are alive
/// all the time, other arguments and constants cost nothing.
TensorPeak findTensorPeak(mlir::func::FuncOp function,
                          llvm::ArrayRef<mlir::BlockArgument> arguments);

} // namespace capstan

#endif // CAPSTAN_ANALYSIS_TENSORMEMORY_H
