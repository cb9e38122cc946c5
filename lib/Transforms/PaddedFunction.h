//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// A function made anew with every dimension at a bucket's size, one operation
// of the original after the other.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_LIB_TRANSFORMS_PADDEDFUNCTION_H
#define CAPSTAN_LIB_TRANSFORMS_PADDEDFUNCTION_H

#include "PaddedGeneric.h"
#include "capstan/Analysis/SizeAnalysis.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

namespace capstan {

/// A size for each declared symbol.
using Bucket = llvm::SmallVector<std::pair<llvm::StringRef, int64_t>>;

/// The operations of a function's block before `end`, and the values that what
/// follows takes from them.
struct StaticPart {
  mlir::Operation *end;
  llvm::SmallVector<mlir::Value> results;
};

class PaddedFunction : public Padder {
public:
  PaddedFunction(mlir::func::FuncOp original, const Bucket &bucket,
                 int64_t memoryLimit, bool poison)
      : original(original), bucket(bucket), memoryLimit(memoryLimit),
        poison(poison), sizes(table), b(original.getContext()) {}

  /// The clone of a part, after the original; null after an error.
  mlir::func::FuncOp run(const StaticPart &part);
  /// A clone of all of the function.
  mlir::func::FuncOp run();
  unsigned numMasks = 0;

  // StaticPrefix.cpp

  /// Why no clone of all of the function can be made.
  struct Obstacle {
    mlir::Operation *at;    // in the function's block
    mlir::Operation *inner; // the same, or inside of it
    std::string reason;
  };
  /// Looks for one, without an error; failure after one of another kind.
  mlir::FailureOr<std::optional<Obstacle>> findObstacle();
  /// After that, whether a clone could return `value` to a caller that trims
  /// it.
  bool canTrim(mlir::Value value);
  /// After that, whether `op`, of the function's block, is or holds a check
  /// that bounds don't prove.
  bool hasOpenCheck(mlir::Operation *op) const {
    return openChecks.contains(op);
  }

  mlir::OpBuilder &builder() override { return b; }
  SizeSymbols &symbols() override { return table; }
  PaddedTensor lookup(mlir::Value tensor) override;
  mlir::Value materialize(const PaddedTensor &tensor, mlir::Type elementType,
                          llvm::ArrayRef<DimLayout> layouts) override;
  llvm::ArrayRef<SizeExpr> dims(mlir::Value tensor) override {
    return sizes.dims(tensor);
  }
  SizeExpr size(mlir::OpFoldResult value) override { return sizes.size(value); }
  std::optional<DimLayout> layoutFor(const SizeExpr &size) override;
  mlir::Value hostValue(mlir::Value value) override;
  mlir::Value symbolValue(SymbolId symbol) override;
  mlir::Value readSource(mlir::Value value) override;
  mlir::LogicalResult define(mlir::Value result, PaddedTensor tensor) override;
  mlir::LogicalResult fail(const llvm::Twine &why) override;
  void countMask() override { ++numMasks; }

private:
  // PaddedFunction.cpp
  mlir::LogicalResult setBounds();
  mlir::func::FuncOp declare();
  mlir::LogicalResult addArguments();
  std::optional<mlir::ArrayAttr> liveDims(const PaddedTensor &tensor);
  mlir::LogicalResult visitReturn(const StaticPart &part);
  mlir::LogicalResult checkMemory();
  mlir::LogicalResult addPoison(PaddedTensor &tensor, mlir::Type elementType);

  // PadHostCode.cpp
  mlir::LogicalResult walk(mlir::Block &block, mlir::Operation *end = nullptr);
  mlir::LogicalResult visit(mlir::Operation *op);
  mlir::LogicalResult visitCall(mlir::func::CallOp call);
  mlir::LogicalResult visitFor(mlir::scf::ForOp loop);
  mlir::LogicalResult visitIf(mlir::scf::IfOp branch);
  mlir::LogicalResult visitAssert(mlir::cf::AssertOp check);
  mlir::LogicalResult visitRead(mlir::Value result, mlir::Value source);
  mlir::LogicalResult cloneUnpadded(mlir::Operation *op);
  mlir::LogicalResult carry(mlir::Value from, mlir::Value to);
  void forget(mlir::Value value) {
    tensors.erase(value);
    hosts.erase(value);
    readSources.erase(value);
  }

  mlir::func::FuncOp original, clone;
  const Bucket &bucket;
  int64_t memoryLimit;
  bool poison;
  SizeSymbols table;
  SizeAnalysis sizes;
  mlir::OpBuilder b;
  mlir::Operation *current = nullptr;
  mlir::Operation *outermost = nullptr; // of the function's block, around it
  llvm::DenseMap<mlir::Value, PaddedTensor> tensors;
  mlir::IRMapping hosts;
  llvm::DenseMap<llvm::StringRef, mlir::Value> extents; // of declared symbols
  /// Of values that reads give, and of the symbols that they make.
  llvm::DenseMap<mlir::Value, mlir::Value> readSources;
  llvm::DenseMap<SymbolId, mlir::Value> symbolSources;
  llvm::StringMap<int64_t> paddedSizes;
  llvm::SmallVector<mlir::func::FuncOp> calls;
  mlir::Block *entry = nullptr;
  /// While an obstacle is looked for.
  bool looking = false;
  std::optional<Obstacle> obstacle;
  llvm::DenseSet<mlir::Operation *> openChecks;
};

} // namespace capstan

#endif // CAPSTAN_LIB_TRANSFORMS_PADDEDFUNCTION_H
