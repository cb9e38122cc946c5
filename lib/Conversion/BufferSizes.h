//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Sizes of buffers as polynomials of what is known early: sizes of arguments,
// values that were read. Sizes that are carried by a loop and don't change are
// what they were before it; a select whose condition an earlier `cf.assert`
// decides is its side.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_CONVERSION_BUFFERSIZES_H
#define CAPSTAN_CONVERSION_BUFFERSIZES_H

#include "SizePolynomial.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Dominance.h"
#include <limits>

namespace capstan {

class BufferSizes {
public:
  explicit BufferSizes(mlir::func::FuncOp function);

  /// Bytes of a buffer, where the allocation stands; nullopt if its elements
  /// have no size.
  std::optional<Size> bytesOf(mlir::memref::AllocOp alloc);

  /// Whether all symbols are known right before `op`.
  bool isKnownAt(const Size &size, mlir::Operation *op) const;
  /// Whether it is a size of existing buffers, never a value that was read or
  /// computed, which may be wrong where the program doesn't use it.
  bool isOfBuffers(const Size &size) const;

  /// Computes it; all its symbols must be known there.
  mlir::Value materialize(mlir::OpBuilder &b, mlir::Location loc,
                          const Size &size) const;
  static double evaluate(const Size &size,
                         llvm::function_ref<double(unsigned)> valueOf);

private:
  struct Range {
    int64_t least = std::numeric_limits<int64_t>::min();
    int64_t most = std::numeric_limits<int64_t>::max();
    bool operator==(const Range &other) const {
      return least == other.least && most == other.most;
    }
  };
  /// An integer, or, with `dim` at least 0, a size of a buffer. One that isn't
  /// in its range stands for a small one that is.
  struct Symbol {
    mlir::Value value;
    int64_t dim;
    Range range;
    bool operator==(const Symbol &other) const {
      return value == other.value && dim == other.dim && range == other.range;
    }
  };
  /// An assertion that the symbol is in the range.
  struct Check {
    mlir::cf::AssertOp op;
    unsigned symbol;
    Range range;
  };

  Size symbol(mlir::Value value, int64_t dim = -1);
  /// What the checks before `at` say.
  Range rangeOf(unsigned symbol, mlir::Operation *at);
  /// The same at `at`; where a check before `at` is going to fail, a small
  /// size that the check allows.
  Size clamped(const Size &size, mlir::Operation *at);
  mlir::Value materialize(mlir::OpBuilder &b, mlir::Location loc,
                          const Symbol &symbol) const;
  /// What `value` is if control has come to `at`.
  Size valueOf(mlir::Value value, mlir::Operation *at);
  Size computeValue(mlir::Value value, mlir::Operation *at);
  Size dimOf(mlir::Value buffer, int64_t dim, mlir::Operation *at);
  Size computeDim(mlir::Value buffer, int64_t dim, mlir::Operation *at);
  Size dimOfCarried(mlir::scf::ForOp loop, unsigned index, int64_t dim);
  Size sizeOf(mlir::OpFoldResult size, mlir::Operation *at);
  std::optional<Size> affine(mlir::AffineExpr expr, unsigned dims,
                             mlir::ValueRange operands, mlir::Operation *at);
  std::optional<bool> decide(mlir::Value condition, mlir::Operation *at);
  bool isNonNegative(const Size &size, mlir::Operation *at);

  using Key = std::pair<mlir::Value, int64_t>;

  mlir::DominanceInfo dominance;
  std::vector<Symbol> symbols;
  llvm::DenseMap<Key, unsigned> numbers;
  llvm::DenseMap<Key, Size> known;   ///< at one place
  llvm::DenseMap<Key, Size> carried; ///< by loops
  std::vector<Check> checks;
  unsigned depth = 0;
};

} // namespace capstan

#endif // CAPSTAN_CONVERSION_BUFFERSIZES_H
