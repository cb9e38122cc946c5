//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Padded tensors: which of their slots are live, what the others hold, and the
// services that operations use to be made anew on them.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_INTERFACES_PADDINGOPINTERFACE_H
#define CAPSTAN_INTERFACES_PADDINGOPINTERFACE_H

#include "capstan/Interfaces/SizeExpr.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"

namespace capstan {

/// Where the live slots of a padded dimension are. A dimension that a reshape
/// made of several (`[B, L]` to `B * L`) has a factor for each, outermost
/// first: live is a slot whose digit is below `live` in every factor. With one
/// factor the live slots come first, and each element keeps its index.
class DimLayout {
public:
  struct Factor {
    SizeExpr live;
    int64_t padded;
    bool isStatic() const { return live.isConstant(padded); }
    bool operator==(const Factor &other) const {
      return live == other.live && padded == other.padded;
    }
  };

  DimLayout() = default;
  DimLayout(SizeExpr live, int64_t padded) { append({live, padded}); }
  static DimLayout fixed(int64_t size) { return DimLayout(size, size); }

  void append(Factor factor);
  llvm::ArrayRef<Factor> getFactors() const { return factors; }
  int64_t padded() const;
  /// The number of live slots; none if the product overflows.
  std::optional<SizeExpr> live() const;
  bool hasPadding() const;
  /// Each live element has the index that it has without padding.
  bool keepsIndices() const { return factors.size() <= 1; }
  bool operator==(const DimLayout &other) const {
    return factors == other.factors;
  }
  bool operator!=(const DimLayout &other) const { return !(*this == other); }

private:
  /// Not one of them static but the first: those are merged into the one
  /// before.
  llvm::SmallVector<Factor, 1> factors;
};

/// Cuts the dimensions `from`, as one row of factors, into dimensions of
/// `sizes` elements. None if a cut is not between factors.
std::optional<llvm::SmallVector<DimLayout>>
reshapeLayouts(llvm::ArrayRef<DimLayout> from, llvm::ArrayRef<SizeExpr> sizes);

/// A tensor of the program with padding, and what stands for it.
struct PaddedTensor {
  /// The tensor, of static shape; null for contents that don't matter or are
  /// all `fill`, which are made where their layout is known.
  mlir::Value value;
  mlir::Value fill;
  llvm::SmallVector<DimLayout> layouts;
  /// For each dimension: what every slot holds that is padded there. Null: any
  /// value, NaN and out-of-range integers included.
  llvm::SmallVector<mlir::Attribute> states;

  bool isFree() const { return !value; }
  bool hasPadding() const {
    return llvm::any_of(layouts,
                        [](const DimLayout &l) { return l.hasPadding(); });
  }
};

/// What an operation may ask for while it is made anew.
class Padder {
public:
  virtual ~Padder() = default;

  virtual mlir::OpBuilder &builder() = 0;
  virtual SizeSymbols &symbols() = 0;
  /// What stands for a tensor of the program.
  virtual PaddedTensor lookup(mlir::Value tensor) = 0;
  /// The same with a value, in these layouts if it is free.
  virtual mlir::Value materialize(const PaddedTensor &tensor,
                                  mlir::Type elementType,
                                  llvm::ArrayRef<DimLayout> layouts) = 0;
  /// Sizes of the program's tensor, and integers of its host code.
  virtual llvm::ArrayRef<SizeExpr> dims(mlir::Value tensor) = 0;
  virtual SizeExpr size(mlir::OpFoldResult value) = 0;
  /// A layout for a size that nothing else gives one; none without a bound.
  virtual std::optional<DimLayout> layoutFor(const SizeExpr &size) = 0;
  /// The value in the clone of one of host code; null if only the device knows
  /// it there.
  virtual mlir::Value hostValue(mlir::Value value) = 0;
  /// A tensor of one element that holds the value of a symbol that is declared
  /// or read.
  virtual mlir::Value symbolValue(SymbolId symbol) = 0;
  /// The same for the value that a read gives; null if it is none.
  virtual mlir::Value readSource(mlir::Value value) = 0;

  /// Says what stands for a result.
  virtual llvm::LogicalResult define(mlir::Value result,
                                     PaddedTensor tensor) = 0;
  /// Emits an error at the operation that is made anew.
  virtual llvm::LogicalResult fail(const llvm::Twine &why) = 0;
  virtual void countMask() = 0;
};

} // namespace capstan

#include "capstan/Interfaces/PaddingOpInterface.h.inc"

#endif // CAPSTAN_INTERFACES_PADDINGOPINTERFACE_H
