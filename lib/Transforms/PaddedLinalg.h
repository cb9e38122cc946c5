//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// One linalg operation on padded tensors.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_LIB_TRANSFORMS_PADDEDLINALG_H
#define CAPSTAN_LIB_TRANSFORMS_PADDEDLINALG_H

#include "PaddedGeneric.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/InferIntRangeInterface.h"

namespace capstan {

/// One linalg operation, made anew.
class PaddedLinalg {
public:
  PaddedLinalg(mlir::linalg::LinalgOp op, Padder &padder)
      : op(op), padder(padder), maps(op.getIndexingMapsArray()),
        iterators(op.getIteratorTypesArray()) {}

  mlir::LogicalResult run();

private:
  mlir::LogicalResult findLoops();
  mlir::LogicalResult checkSums(llvm::ArrayRef<bool> found);
  mlir::LogicalResult takeOperands();
  mlir::LogicalResult cloneBody(PaddedGeneric &generic);
  mlir::LogicalResult cloneOp(PaddedGeneric &generic, mlir::Operation &inner);
  mlir::LogicalResult cloneExtract(PaddedGeneric &generic,
                                   mlir::tensor::ExtractOp extract);
  mlir::Value operandOf(PaddedGeneric &generic, mlir::Value value);
  bool isPlain();
  mlir::LogicalResult cloneAsIs();
  mlir::LogicalResult defineResults(mlir::ValueRange results);
  llvm::SmallVector<unsigned> paddedReductions();
  bool isNeutral(llvm::ArrayRef<unsigned> reductions);
  bool allInputsRunOver(llvm::ArrayRef<unsigned> reductions);
  llvm::SmallVector<mlir::Attribute> fold(unsigned loop,
                                          llvm::SmallVector<bool> *keepsInit);
  mlir::ConstantIntRanges rangeOf(mlir::Value value);

  mlir::linalg::LinalgOp op;
  Padder &padder;
  llvm::SmallVector<mlir::AffineMap> maps;
  llvm::SmallVector<mlir::utils::IteratorType> iterators;
  llvm::SmallVector<DimLayout> loops;
  llvm::SmallVector<PaddedTensor> operands; // all of the op, materialized
  llvm::SmallVector<mlir::Value> inputs, inits;
  mlir::IRMapping mapping;
  llvm::DenseMap<mlir::Value, mlir::ConstantIntRanges> ranges;
};

} // namespace capstan

#endif // CAPSTAN_LIB_TRANSFORMS_PADDEDLINALG_H
