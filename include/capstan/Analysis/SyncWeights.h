//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Every host sync of a module, and how often it runs in a forward: loops and
// calls multiplied out.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_ANALYSIS_SYNCWEIGHTS_H
#define CAPSTAN_ANALYSIS_SYNCWEIGHTS_H

#include "capstan/Interfaces/Semantics.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"

namespace capstan {

/// How often something runs in a forward.
struct SyncWeight {
  /// Every branch taken; a factor that is not known counts as 1. Saturates.
  int64_t most = 1;
  /// What certainly runs: nothing under a condition or in a loop that may not
  /// run.
  int64_t least = 1;
  /// The factors of `most` that are not known, such as "trips of scf.while in
  /// @main".
  llvm::SmallVector<mlir::StringAttr, 1> unknown;
};

struct HostSync {
  mlir::Operation *op = nullptr;
  /// The function that it stands in, or null.
  mlir::Operation *function = nullptr;
  /// The conversion ("item", "int", "copy", ...), "fetch" for packed transfers.
  llvm::StringRef kind;
  /// `capstan.fetch.wait`: the copy started earlier.
  bool overlapped = false;
  SyncWeight weight;
};

/// The number of trips of a structured loop of host code, if certain.
std::optional<int64_t> knownTripCount(Semantics &semantics,
                                      mlir::Operation *loop);

/// Finds the host syncs of a module and weighs them. A forward runs each entry
/// once: the public functions that no other entry calls.
class SyncWeights {
public:
  SyncWeights(mlir::ModuleOp module, Semantics &semantics);

  /// In program order.
  llvm::ArrayRef<HostSync> syncs() const { return found; }
  llvm::ArrayRef<mlir::Operation *> entries() const { return entryFunctions; }

  /// The function with a body that `op`, an operation of host code, certainly
  /// calls, or null.
  mlir::Operation *callee(mlir::Operation *op) const {
    return callees.lookup(op);
  }
  /// Whether the call closes a cycle of the call graph.
  bool isRecursive(mlir::Operation *call) const {
    return recursiveCalls.contains(call);
  }
  /// How often the body of `function` runs in a forward.
  const SyncWeight *weight(mlir::Operation *function) const;
  /// How often `op`, host code of `function`, runs in a forward.
  SyncWeight weight(mlir::Operation *function, mlir::Operation *op) const;

private:
  void weighRegions(mlir::Operation *op);
  void collect(mlir::ModuleOp module);
  void weighFunctions();
  SyncWeight local(mlir::Operation *op) const;

  Semantics &semantics;
  llvm::SmallVector<HostSync> found;
  llvm::SmallVector<mlir::Operation *> entryFunctions;
  /// All functions with a body, in program order.
  llvm::SmallVector<mlir::Operation *> functions;
  llvm::MapVector<mlir::Operation *, mlir::Operation *> callees;
  llvm::DenseSet<mlir::Operation *> recursiveCalls;
  /// Functions whose symbol is used other than by a direct call.
  llvm::DenseSet<mlir::Operation *> escaping;
  /// Of a block in one run of its function; absent: once.
  llvm::DenseMap<mlir::Block *, SyncWeight> blocks;
  /// Of a function in a forward; absent: never.
  llvm::DenseMap<mlir::Operation *, SyncWeight> bodies;
  mlir::SymbolTableCollection symbols;
};

} // namespace capstan

#endif // CAPSTAN_ANALYSIS_SYNCWEIGHTS_H
