//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What several host-sync passes do to the IR.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_TRANSFORMS_UTILS_H
#define CAPSTAN_TRANSFORMS_UTILS_H

#include "capstan/Interfaces/Semantics.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace capstan {

/// `!torch.bool` from "torch.bool".
mlir::Type foreignType(mlir::MLIRContext *ctx, llvm::StringRef name);

/// A condition under which an operation stands: `condition` is true and `side`
/// is 0, or false and `side` is 1. `like` is the branch that says how to write
/// one for foreign IR, `loop` the foreign loop whose model does; both null:
/// `scf.if`.
struct Guard {
  mlir::Value condition;
  unsigned side = 0;
  mlir::Operation *like = nullptr;
  const LoopModel *loop = nullptr;
};

/// The guard of region `region`, which belongs to an op of kind Branch.
Guard guardOf(Semantics &semantics, mlir::Region *region);

/// The guards of the first trip of `loop`, which is not certain: values that
/// exist before the loop (as `map` renames them), or new ones built at `b`.
/// None if it can't be written.
std::optional<llvm::SmallVector<Guard>>
firstTripGuards(Semantics &semantics, mlir::OpBuilder &b, mlir::Operation *loop,
                const mlir::IRMapping &map);
/// Whether `firstTripGuards` will find some, without building anything.
bool hasFirstTripGuard(Semantics &semantics, mlir::Operation *loop);
/// Values that must exist where a first-trip guard is built.
llvm::SmallVector<mlir::Value> firstTripInputs(Semantics &semantics,
                                               mlir::Operation *loop);

/// Whether an unused value of every type can be made for the path on which a
/// guarded read doesn't run.
bool haveDefaults(Semantics &semantics, mlir::TypeRange types);

/// At `b`, nested branches for `guards`; `build` fills the innermost region and
/// gives the values, of `types`, that the branches hand out. On the other paths
/// those are defaults (see `haveDefaults`).
llvm::SmallVector<mlir::Value> buildGuarded(
    Semantics &semantics, mlir::OpBuilder &b, mlir::Location loc,
    llvm::ArrayRef<Guard> guards, mlir::TypeRange types,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::OpBuilder &)>
        build);

/// Where value numbering must look for `syncs`: the ops themselves and those
/// that make the conditions of the branches around them.
llvm::SmallVector<mlir::Operation *>
rootsOf(Semantics &semantics, llvm::ArrayRef<mlir::Operation *> syncs);

/// A branch (one of its regions) or a loop around a sync whose condition must
/// guard it elsewhere.
struct Level {
  mlir::Region *branch = nullptr;
  mlir::Operation *loop = nullptr;
};

/// Clones `sync` at `b` under the conditions of `levels`, innermost first.
/// `cloneSlice` makes values available at a place, in `map`; conditions are
/// evaluated as deep as they were, so that nothing runs that didn't run before.
/// Returns the values of the clone.
llvm::SmallVector<mlir::Value> cloneUnderGuards(
    Semantics &semantics, mlir::OpBuilder &b, mlir::Operation *sync,
    llvm::ArrayRef<Level> levels,
    llvm::function_ref<void(mlir::OpBuilder &, llvm::ArrayRef<mlir::Value>,
                            mlir::IRMapping &)>
        cloneSlice,
    mlir::IRMapping &map);

/// Makes branch `op` hand out `values`, defined in its region `side`, as
/// additional last results. Returns the new op; `op` is erased after `replaced`
/// has seen both.
mlir::Operation *addBranchResults(
    Semantics &semantics, mlir::Operation *op, unsigned side,
    mlir::ValueRange values,
    llvm::function_ref<void(mlir::Operation *, mlir::Operation *)> replaced);

/// Host syncs of host code under `root`, in program order, except those that a
/// future is part of.
llvm::SmallVector<mlir::Operation *> hostSyncsOf(Semantics &semantics,
                                                 mlir::Operation *root);

/// The conversions with which a host sync is a `capstan.fetch`, one per result.
/// None if source, conversion and result type don't say all about the sync, or
/// sizes are not known on the host beforehand, or it reads memory.
std::optional<llvm::SmallVector<llvm::StringRef, 2>>
fetchConversions(Semantics &semantics, mlir::Operation *sync);
/// The sources of the fetch, one per result: those of the sync, or a slice of
/// one element built at `b`.
llvm::SmallVector<mlir::Value> buildFetchSources(mlir::OpBuilder &b,
                                                 mlir::Operation *sync);

/// Emits a remark of category `capstan`: what was done to a sync...
void remarkDone(mlir::Operation *sync, llvm::StringRef what,
                mlir::Location from, mlir::Location to);
/// ... or why it was left, and the op that blocks (or null).
void remarkKept(mlir::Operation *sync, llvm::StringRef reason,
                mlir::Operation *blocker = nullptr);

} // namespace capstan

#endif // CAPSTAN_TRANSFORMS_UTILS_H
