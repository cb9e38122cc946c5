//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What the host integers of a program, and the sizes of its tensors, are: as
// expressions of dim symbols. Works on program order: who walks a function
// visits each operation once, and says how values get into regions and calls.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_ANALYSIS_SIZEANALYSIS_H
#define CAPSTAN_ANALYSIS_SIZEANALYSIS_H

#include "capstan/Interfaces/SizeExpr.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/SetVector.h"

namespace capstan {

class SizeAnalysis {
public:
  /// With `exact`, arithmetic of 64 bits is taken not to wrap around: true of
  /// sizes of tensors that exist.
  explicit SizeAnalysis(SizeSymbols &symbols, bool exact = false)
      : symbols(symbols), exact(exact) {}

  /// Takes what the arguments of an entry declare.
  void enter(mlir::func::FuncOp function);
  /// Walks an entry with everything that it calls.
  void run(mlir::func::FuncOp entry);

  // What `run` consists of. Operations with regions and calls are not visited:
  // their values are bound.
  void visit(mlir::Operation *op);
  /// `to` is `from`.
  void bind(mlir::Value from, mlir::Value to);
  /// Nothing is known of `value`, or only its range if it is an integer.
  void forget(mlir::Value value, SizeRange range = {});
  /// `to` is one of the two.
  void join(mlir::Value a, mlir::Value b, mlir::Value to);
  bool sameSizes(mlir::Value a, mlir::Value b);
  /// The operations that follow may not run, or, if `certain`, run once or
  /// more.
  void enterRegion(bool certain = false) {
    regions.push_back(certain ? regions.back() : nextRegion++);
  }
  /// The same for the body of `loop`; its induction variable is bound, too.
  void enterLoop(mlir::scf::ForOp loop);
  void leaveRegion() { regions.pop_back(); }

  /// The values that an integer of this type can have; i1 is 0 or 1.
  static SizeRange typeRange(mlir::Type type);
  /// The host integer `value`.
  SizeExpr size(mlir::Value value);
  SizeExpr size(mlir::OpFoldResult value);
  /// The dimensions of a ranked tensor.
  llvm::ArrayRef<SizeExpr> dims(mlir::Value tensor);
  /// Whether a host condition certainly holds, or certainly doesn't.
  std::optional<bool> condition(mlir::Value value);

  /// Functions that different calls reach with different sizes: what is known
  /// of them holds for the last call only.
  bool isAmbiguous(mlir::func::FuncOp function) const {
    return ambiguous.contains(function);
  }
  bool wasVisited(mlir::func::FuncOp function) const {
    return visited.contains(function);
  }

private:
  /// What holds for every element of an integer tensor.
  struct Elements {
    SizeExpr atMost;
    /// The sum of all is at most that, too, and none is negative.
    bool sum;
  };

  void walk(mlir::Block &block);
  void walkCall(mlir::func::CallOp call);
  void walkFor(mlir::scf::ForOp loop);
  void walkIf(mlir::scf::IfOp branch);

  void set(mlir::Value value, const SizeExpr &expr) {
    scalars.insert_or_assign(value, expr);
  }
  void setChecked(mlir::Value value, std::optional<SizeExpr> expr);
  void setDims(mlir::Value tensor,
               llvm::function_ref<std::optional<SizeExpr>(unsigned)> dim);
  bool visitArith(mlir::Operation *op);
  void visitCompare(mlir::arith::CmpIOp op);
  bool visitTensor(mlir::Operation *op);
  void visitRead(mlir::Value result, mlir::Value source);
  void visitElements(mlir::Operation *op);
  void assume(mlir::Value condition, bool holds);
  std::optional<SizeExpr> bound(mlir::OpResult result, unsigned dim);
  std::optional<SizeExpr> evaluate(mlir::AffineExpr expr,
                                   llvm::ArrayRef<SizeExpr> dims,
                                   llvm::ArrayRef<SizeExpr> symbolsOf,
                                   mlir::Location loc);
  SizeExpr opaque(mlir::Value value, SizeRange range = {},
                  SizeSymbol::Kind kind = SizeSymbol::Opaque);

  SizeSymbols &symbols;
  bool exact;
  llvm::DenseMap<mlir::Value, SizeExpr> scalars;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<SizeExpr, 4>> sizes;
  llvm::DenseMap<mlir::Value, Elements> elements;
  /// Where a symbol was made: facts that stand there hold wherever it does.
  llvm::DenseMap<SymbolId, unsigned> madeIn;
  llvm::SmallVector<unsigned> regions = {0};
  unsigned nextRegion = 1;
  llvm::SetVector<mlir::Operation *> calls; // being walked
  llvm::DenseSet<mlir::Operation *> ambiguous, visited;
};

} // namespace capstan

#endif // CAPSTAN_ANALYSIS_SIZEANALYSIS_H
