//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The operations that a value needs at another place.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_ANALYSIS_SLICE_H
#define CAPSTAN_ANALYSIS_SLICE_H

#include "capstan/Analysis/MemoryClasses.h"
#include <string>

namespace capstan {

/// Operands of `op` and what its regions capture.
llvm::SmallVector<mlir::Value> sliceInputs(mlir::Operation *op);

/// What has to move so that some values exist at an earlier point, or why they
/// can't.
struct Slice {
  /// Each op after those whose results it uses.
  llvm::SmallVector<mlir::Operation *> ops;
  /// If the values can't exist there: the reason, and the op that blocks.
  std::string reason;
  mlir::Operation *blocker = nullptr;

  bool movable() const { return reason.empty(); }
};

/// The one reason that goes away when another sync moves.
constexpr const char *kDependsOnSync = "depends on another host sync";

/// The ops that produce `values` from values that are `available` at the new
/// place. `written` are the classes of memory that may be written between the
/// new place and the old one. `blocked`, if given, caches ops that can't move.
Slice collectSlice(
    Semantics &semantics, const MemoryClasses &memory,
    llvm::ArrayRef<mlir::Value> values,
    llvm::function_ref<bool(mlir::Value)> available,
    const MemoryClasses::Set &written,
    llvm::DenseMap<mlir::Operation *, std::string> *blocked = nullptr);

/// Whether contents that are undefined are seen by what `op` holds.
bool looksAtUndefined(Semantics &semantics, mlir::Operation *op);

/// Moves `op`, of a slice, before `place`. Of undefined contents that something
/// sees only the shape moves: one for each run of `op` is not one.
void moveOfSlice(Semantics &semantics, mlir::Operation *op,
                 mlir::Operation *place);

/// Erases, from `values` backwards, ops without uses that are deterministic and
/// read or write nothing that matters. Calls `erased` before each.
void eraseDeadSlice(Semantics &semantics, llvm::ArrayRef<mlir::Value> values,
                    llvm::function_ref<void(mlir::Operation *)> erased);

/// Erases what upstream's passes call dead, inside `root`: a read that nothing
/// needs must not become an argument or stand for others. Whether any was.
bool eraseDeadCode(Semantics &semantics, mlir::Operation *root);

} // namespace capstan

#endif // CAPSTAN_ANALYSIS_SLICE_H
