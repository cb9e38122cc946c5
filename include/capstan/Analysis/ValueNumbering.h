//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Numbers for the values of a function: equal numbers mean equal values,
// wherever both are computed. By proof only: the same deterministic computation
// of values with equal numbers, on memory with no write in between.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_ANALYSIS_VALUENUMBERING_H
#define CAPSTAN_ANALYSIS_VALUENUMBERING_H

#include "capstan/Analysis/MemoryClasses.h"
#include <deque>

namespace capstan {

class ValueNumbering {
public:
  using Number = unsigned;

  /// Numbers the values of host code in `function` that `roots` depend on, and
  /// the results of `roots`. Any other value gets a number of its own.
  ValueNumbering(Semantics &semantics, mlir::Operation *function,
                 llvm::ArrayRef<mlir::Operation *> roots);

  /// The number of a value; values made after the numbering get a new one.
  Number operator[](mlir::Value value);

  /// `value` (made later) is the same as `known`.
  void setEqual(mlir::Value value, mlir::Value known);

  /// Call before `op` is erased: its address may come back as another op's.
  void forget(mlir::Operation *op);

  /// The op whose results have the numbers of the results of `op`: itself, or
  /// an equal op before it.
  mlir::Operation *leader(mlir::Operation *op);

  /// For an op that reads memory: true if no write since the entry of the
  /// function may have changed what it reads.
  bool readsEntryMemory(mlir::Operation *op) const;

  const MemoryClasses &memory() const { return classes; }
  MemoryClasses &memory() { return classes; }

private:
  using Version = unsigned;
  using State = llvm::DenseMap<MemoryClass, Version>;

  void markRelevant(llvm::ArrayRef<mlir::Operation *> roots);
  void visitRegion(mlir::Region &region, State &state);
  void visitBlock(mlir::Block &block, State &state);
  void visitOp(mlir::Operation *op, State &state);
  void clobber(const MemoryClasses::Set &set, State &state);
  void numberUniquely(mlir::Operation *op);
  /// The number of an operand as far as `op` can see it: only the shape, where
  /// `op` reads no more.
  Number operandNumber(mlir::OpOperand &operand);

  bool equal(mlir::Operation *a, mlir::Operation *b);
  unsigned hash(mlir::Operation *op);

  Semantics &semantics;
  MemoryClasses classes;
  /// Ops that `roots` depend on.
  llvm::DenseSet<mlir::Operation *> relevant;
  llvm::DenseMap<mlir::Value, Number> numbers;
  /// For results of ops with undefined contents: the number of the shape.
  llvm::DenseMap<mlir::Value, Number> shapes;
  llvm::DenseMap<mlir::Operation *, mlir::Operation *> leaders;
  llvm::DenseMap<unsigned, llvm::SmallVector<mlir::Operation *, 1>> table;
  /// Versions of the memory that an op reads.
  llvm::DenseMap<mlir::Operation *,
                 llvm::SmallVector<std::pair<MemoryClass, Version>, 2>>
      readVersions;
  Number nextNumber = 1;
  Version nextVersion = 1;
};

} // namespace capstan

#endif // CAPSTAN_ANALYSIS_VALUENUMBERING_H
