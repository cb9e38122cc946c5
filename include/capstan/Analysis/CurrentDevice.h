//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Which device is the current one of the thread: a forward analysis of a module
// through branches, loops and calls. What is known at a place is a set of
// values that certainly equal the current device there.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_ANALYSIS_CURRENTDEVICE_H
#define CAPSTAN_ANALYSIS_CURRENTDEVICE_H

#include "capstan/Interfaces/Semantics.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/SetVector.h"

namespace capstan {

/// A device: a number if it is known, else a value.
using DeviceName = mlir::OpFoldResult;

struct DeviceState {
  /// False where nothing gets; then the rest means nothing.
  bool reached = false;
  /// The current device is the one at the start of the function.
  bool unchanged = false;
  /// A change that may have failed gave the names: setting one of them again
  /// does nothing, but it may not be the current device.
  bool tentative = false;
  llvm::SmallVector<DeviceName, 2> names;

  bool holds(DeviceName name) const {
    return reached && llvm::is_contained(names, name);
  }
  bool isCurrent(DeviceName name) const { return holds(name) && !tentative; }
  bool operator==(const DeviceState &other) const;
  /// What holds here and there. True if that is less than before.
  bool meet(const DeviceState &other);
};

class CurrentDevice {
public:
  CurrentDevice(mlir::ModuleOp module, Semantics &semantics);

  /// What holds before an operation that has to do with the current device, or
  /// with regions or calls that do; what nothing reaches has no state.
  const DeviceState &before(mlir::Operation *op) const;
  DeviceName name(mlir::Value device);
  /// Whether `device` certainly exists where its value does.
  bool isValid(mlir::Value device);

  /// Whether it matters under which device `op`, with all in it, runs: anything
  /// that is not arithmetic of the host or control flow.
  bool dependsOnDevice(mlir::Operation *op);

private:
  using Exits = llvm::SmallVector<std::pair<mlir::Operation *, DeviceState>>;
  /// What a function leaves, in terms of its arguments and results.
  struct Summary {
    DeviceState entry, exit;
    llvm::SmallVector<unsigned> results;
    llvm::SetVector<mlir::Operation *> callers;
  };

  void run(mlir::func::FuncOp function);
  Exits run(mlir::Region &region, const DeviceState &entry);
  void run(mlir::Block &block, DeviceState &state);
  void visit(mlir::Operation *op, DeviceState &state);
  void addDevice(DeviceState &state, mlir::Value device);
  void visitContext(const DeviceContext &context, DeviceState &state);
  void visitRegions(mlir::Operation *op, DeviceState &state);
  void visitBranch(mlir::RegionBranchOpInterface op, DeviceState &state);
  void visitForeign(mlir::Operation *op, DeviceState &state);
  void visitCall(mlir::func::CallOp call, DeviceState &state);
  DeviceState translate(const DeviceState &state, mlir::ValueRange from,
                        mlir::ValueRange to,
                        llvm::function_ref<bool(mlir::Value)> keep);
  DeviceState across(mlir::Operation *op, const DeviceState &state,
                     mlir::ValueRange from, mlir::ValueRange to);
  mlir::func::FuncOp calleeOf(mlir::func::CallOp call);
  bool matters(mlir::Operation *op);

  Semantics &semantics;
  mlir::SymbolTableCollection symbols;
  mlir::DominanceInfo dominance;
  /// Operations that the analysis looks at, with all that hold them.
  llvm::DenseSet<mlir::Operation *> interesting;
  llvm::DenseMap<mlir::Operation *, DeviceState> states;
  llvm::DenseMap<mlir::Operation *, Summary> summaries;
  llvm::SetVector<mlir::Operation *> worklist;
  mlir::Operation *current = nullptr;
  /// Values that are the device at the start of their function; once one turns
  /// out not to be, for good: false.
  llvm::DenseMap<mlir::Value, bool> isStart;
  llvm::DenseMap<mlir::Operation *, bool> depends;
};

} // namespace capstan

#endif // CAPSTAN_ANALYSIS_CURRENTDEVICE_H
