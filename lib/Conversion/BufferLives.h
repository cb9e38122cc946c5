//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// From where to where in a function the memory of a buffer is used, in the
// order of the stream.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_CONVERSION_BUFFERLIVES_H
#define CAPSTAN_CONVERSION_BUFFERLIVES_H

#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace capstan {

/// The buffer that a view is of.
mlir::Value rootOf(mlir::Value value);

/// A buffer that a block makes and frees.
struct BufferLife {
  mlir::memref::AllocOp alloc;
  mlir::memref::DeallocOp dealloc;
  mlir::Operation *last; ///< use, in the block of `alloc`
  unsigned begin, end;   ///< first and last moment
};

class BufferLives {
public:
  explicit BufferLives(mlir::func::FuncOp function);

  /// Moves the deallocation right behind the last use, and returns from where
  /// to where the buffer lives; nullopt with a reason if no single deallocation
  /// in its block frees it.
  std::optional<BufferLife> find(mlir::memref::AllocOp alloc,
                                 llvm::StringRef &reason);

  /// Moments of an operation: it comes before what is in its regions.
  unsigned beginOf(mlir::Operation *op) const { return first.lookup(op); }
  unsigned endOf(mlir::Operation *op) const { return last.lookup(op); }

private:
  mlir::Operation *lastUse(mlir::memref::AllocOp alloc,
                           mlir::memref::DeallocOp dealloc);

  mlir::BufferViewFlowAnalysis aliases;
  llvm::DenseMap<mlir::Operation *, unsigned> first, last;
};

} // namespace capstan

#endif // CAPSTAN_CONVERSION_BUFFERLIVES_H
