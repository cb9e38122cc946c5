//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Which memory a value of a function refers to, coarsely enough to be linear:
// storage made in the function that never escapes is a class of its own,
// everything else (arguments may alias) is the one class "world".
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_ANALYSIS_MEMORYCLASSES_H
#define CAPSTAN_ANALYSIS_MEMORYCLASSES_H

#include "capstan/Interfaces/Semantics.h"
#include "llvm/ADT/SmallSet.h"

namespace capstan {

/// A class of memory. Two values of different classes never alias.
using MemoryClass = unsigned;
constexpr MemoryClass kWorld = 0;
/// Storage that nobody writes once it is made: reads need no version.
constexpr MemoryClass kImmutable = ~0u;
/// No memory: what checks "write" and ops that may fault "read", so that such
/// an op doesn't move above a check that may rule the fault out.
constexpr MemoryClass kChecks = ~0u - 1;

class MemoryClasses {
public:
  MemoryClasses(Semantics &semantics, mlir::Operation *function);

  /// The class of a value of a memory type.
  MemoryClass classOf(mlir::Value value) const;

  using Set = llvm::SmallSet<MemoryClass, 4>;

  /// Whether it matters which storage `result` is: it is new or may be a copy,
  /// and something may write through it.
  bool identityMatters(mlir::OpResult result) const;

  /// Classes that `op` itself, with everything in its regions, may write.
  const Set &written(mlir::Operation *op) const;
  /// `to` takes the place of `from`, with its regions.
  void rename(mlir::Operation *from, mlir::Operation *to);
  /// Classes that it may read; a barrier reads the world.
  Set read(mlir::Operation *op) const;

private:
  void classify(mlir::OpResult fresh);
  bool hasWriter(mlir::Operation *function);
  void collectWrites(mlir::Operation *function);
  void markWrittenThrough(mlir::Operation *op);
  void effectsOf(mlir::Operation *op, Set &reads, Set &writes) const;

  Semantics &semantics;
  llvm::DenseMap<mlir::Value, MemoryClass> classes;
  llvm::DenseMap<mlir::Operation *, Set> writes;
  /// Values of memory types through which something may write.
  llvm::DenseSet<mlir::Value> writtenThrough;
  Set none;
  /// Nothing in the function writes memory: there is nothing to tell apart.
  bool noWriter = false;
  MemoryClass next = 1;
};

} // namespace capstan

#endif // CAPSTAN_ANALYSIS_MEMORYCLASSES_H
