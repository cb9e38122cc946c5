//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The function that takes a bucket for each batch.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_LIB_TRANSFORMS_BUCKETDISPATCHER_H
#define CAPSTAN_LIB_TRANSFORMS_BUCKETDISPATCHER_H

#include "capstan/Analysis/SizeAnalysis.h"
#include "llvm/ADT/MapVector.h"

namespace capstan {

/// Of a function: another, `(index) -> index`, that makes of the bucket which
/// fits here the one that all ranks take.
constexpr const char *kAgreeAttr = "capstan.agree";

/// Builds the dispatcher of one function.
class BucketDispatcher {
public:
  BucketDispatcher(mlir::func::FuncOp original,
                   llvm::ArrayRef<mlir::func::FuncOp> clones,
                   mlir::SymbolTable &symbolTable, bool fallback, bool poison)
      : original(original), clones(clones), symbolTable(symbolTable),
        fallback(fallback), poison(poison), analysis(symbols),
        b(original.getContext()), loc(original.getLoc()) {}

  mlir::LogicalResult run();

private:
  void declare();
  void checkSizes();
  mlir::Value fits(mlir::func::FuncOp clone);
  mlir::Value chooseBucket();
  mlir::LogicalResult callBucket(mlir::func::FuncOp clone,
                                 llvm::SmallVectorImpl<mlir::Value> &results);
  mlir::Value stage(mlir::Value argument, mlir::RankedTensorType type);
  void callOriginal(llvm::SmallVectorImpl<mlir::Value> &results);
  void countReason();

  // Shorthands for the builder.
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value x,
                      mlir::Value y);
  mlir::Value both(mlir::Value x, mlir::Value y);
  mlir::Value number(int64_t value);
  mlir::Value sizeOf(mlir::Value tensor, int64_t dim);
  /// The declared symbol that `expr` is, alone.
  const SizeSymbol *symbolAlone(const SizeExpr &expr);

  mlir::func::FuncOp original, dispatcher;
  llvm::ArrayRef<mlir::func::FuncOp> clones;
  mlir::SymbolTable &symbolTable;
  bool fallback, poison;
  SizeSymbols symbols;
  SizeAnalysis analysis;
  mlir::OpBuilder b;
  mlir::Location loc;
  llvm::MapVector<llvm::StringRef, mlir::Value>
      extents;                            // of declared symbols, i64
  mlir::Value wellFormed;                 // sizes keep what is declared
  llvm::SmallVector<mlir::Value> fitting; // of each bucket
};

} // namespace capstan

#endif // CAPSTAN_LIB_TRANSFORMS_BUCKETDISPATCHER_H
