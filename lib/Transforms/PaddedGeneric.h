//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Builds a linalg.generic on padded tensors whose body asks for the live values
// of sizes and host integers: those become additional inputs of one element.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_LIB_TRANSFORMS_PADDEDGENERIC_H
#define CAPSTAN_LIB_TRANSFORMS_PADDEDGENERIC_H

#include "SizeValues.h"
#include "capstan/Interfaces/PaddingOpInterface.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace capstan {

class PaddedGeneric {
public:
  PaddedGeneric(Padder &padder, mlir::Location loc,
                llvm::SmallVector<DimLayout> loops, mlir::ValueRange inputs,
                mlir::ValueRange inits);
  ~PaddedGeneric();

  /// Builds at the end of the body.
  mlir::OpBuilder &body() { return b; }
  mlir::Value input(unsigned i) { return block->getArgument(i); }
  mlir::Value init(unsigned i) {
    return block->getArgument(block->getNumArguments() - inits.size() + i);
  }

  /// The live value of a size, i64. `finish` fails if the device doesn't know
  /// it.
  mlir::Value size(const SizeExpr &expr);
  /// A value of host code; null if it can't be had on the device.
  mlir::Value hostValue(mlir::Value value);

  mlir::Value index(unsigned loop);
  /// The index that the program sees: what it would be without padding.
  mlir::Value liveIndex(unsigned loop);
  /// Whether this iteration is live in these loops; null if there is no
  /// padding.
  mlir::Value isLive(llvm::ArrayRef<unsigned> inLoops);
  mlir::Value isLive();
  /// Where an element that has index `live` without padding is.
  mlir::Value paddedIndex(mlir::Value live, const DimLayout &layout);
  /// `value` where live, `other` elsewhere.
  mlir::Value select(mlir::Value live, mlir::Value value, mlir::Value other);

  const DimLayout &loop(unsigned i) const { return loops[i]; }

  /// Ends the body. Maps are those of the inputs and the inits. Null after an
  /// error.
  mlir::linalg::GenericOp
  finish(mlir::ValueRange results, llvm::ArrayRef<mlir::AffineMap> maps,
         llvm::ArrayRef<mlir::utils::IteratorType> iterators);

private:
  mlir::Value scalar(mlir::Value tensor);
  mlir::Value symbol(SymbolId id);
  mlir::Value constant(int64_t value, mlir::Type type = {});

  Padder &padder;
  mlir::Location loc;
  llvm::SmallVector<DimLayout> loops;
  llvm::SmallVector<mlir::Value> inputs, scalars, inits;
  std::unique_ptr<mlir::Block> block;
  mlir::OpBuilder b;
  SizeValues sizes;
  std::optional<SizeExpr> unknown;
  llvm::DenseMap<mlir::Value, mlir::Value> arguments, hostValues;
  llvm::DenseMap<unsigned, mlir::Value> indices, liveIndices;
};

/// Overwrites by `state` the slots that are padded in `dims`.
mlir::FailureOr<PaddedTensor> maskPadding(Padder &padder, mlir::Location loc,
                                          const PaddedTensor &tensor,
                                          llvm::ArrayRef<unsigned> dims,
                                          mlir::TypedAttr state);

/// The same live elements, at other places of one dimension; each is read by
/// its index without padding.
mlir::FailureOr<PaddedTensor> moveSlots(Padder &padder, mlir::Location loc,
                                        const PaddedTensor &tensor,
                                        unsigned dim, const DimLayout &to);

/// A value of every element type for masks: 0.
mlir::TypedAttr zeroOf(mlir::Type type);

} // namespace capstan

#endif // CAPSTAN_LIB_TRANSFORMS_PADDEDGENERIC_H
