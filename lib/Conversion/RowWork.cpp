//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "RowWork.h"
#include "RowGather.h"
#include "capstan/Dialect/Capstan.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <numeric>

using namespace mlir;
using namespace capstan;

/// A block of 256 threads holds a row in registers: 64 elements a thread.
static constexpr int64_t longestRow = 16384;
/// What a block has of a longer row: two pieces or more a thread.
static constexpr int64_t longestPart = 4096;

/// The largest power of two in a length.
static int64_t powerIn(int64_t length) { return length & -length; }

/// Whether 16-byte accesses can do parts of rows whose lengths and places are
/// multiples of `unit`.
static bool isAligned(int64_t unit, int64_t bits) {
  return unit > 0 && unit % (128 / bits) == 0;
}

/// Whether the threads of a row have registers for it: a power of two of
/// threads, which share each part of the row evenly. Lengths of parts are
/// multiples of `unit`.
static bool isHeld(int64_t length, int64_t unit, int64_t bits) {
  return isAligned(unit, bits) &&
         length <= std::min(128 * powerIn(unit / (128 / bits)), longestRow);
}

static bool isOnHost(Operation *op) {
  return llvm::any_of(op->getOperandTypes(), isHostType);
}

/// Arithmetic on elements only: no indices, no reads of other elements, no
/// checks, all of which need one thread for each element.
static bool isArithmetic(linalg::GenericOp op) {
  return llvm::all_of(op.getBody()->without_terminator(), [](Operation &inner) {
    return inner.getNumResults() == 1 && isPure(&inner) &&
           (OpTrait::hasElementwiseMappableTraits(&inner) ||
            inner.hasTrait<OpTrait::ConstantLike>());
  });
}

/// Bits of the narrowest elements, or 0 if there are others than numbers of
/// bytes.
static int64_t narrowestOf(linalg::GenericOp op) {
  int64_t bits = 64;
  for (Value operand : op->getOperands()) {
    Type element = getElementTypeOrSelf(operand.getType());
    if (!element.isIntOrFloat() || element.getIntOrFloatBitWidth() < 8)
      return 0;
    bits = std::min<int64_t>(bits, element.getIntOrFloatBitWidth());
  }
  return bits;
}

/// Whether threads can have the innermost loop: not if its length isn't known,
/// or has a rest.
static bool hasPieces(linalg::GenericOp op) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  int64_t bits = narrowestOf(op);
  return !ranges.empty() && bits != 0 && isAligned(ranges.back(), bits);
}

static bool hasHeldRows(linalg::GenericOp op) {
  if (!hasPieces(op))
    return false;
  int64_t length = op.getStaticLoopRanges().back();
  return isHeld(length, length, narrowestOf(op));
}

int64_t capstan::partOfRow(linalg::GenericOp anchor) {
  if (hasHeldRows(anchor))
    return 0;
  return std::min(powerIn(anchor.getStaticLoopRanges().back()), longestPart);
}

bool capstan::isPart(Operation *op) {
  if (!isa<tensor::ExtractSliceOp, tensor::ConcatOp>(op) || isOnHost(op))
    return false;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  Type element = type.getElementType();
  if (type.getRank() < 2)
    return false;
  int64_t length = type.getShape().back();
  if (!element.isIntOrFloat() || element.getIntOrFloatBitWidth() < 8 ||
      element.getIntOrFloatBitWidth() > 64 || ShapedType::isDynamic(length))
    return false;
  int64_t unit = 0, bits = element.getIntOrFloatBitWidth();
  if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    if (int64_t(concat.getDim()) + 1 != type.getRank())
      return false;
    for (Type input : concat.getInputs().getTypes()) {
      int64_t part = cast<ShapedType>(input).getShape().back();
      if (part <= 0) // or not known
        return false;
      unit = std::gcd(unit, part);
    }
    return isHeld(length, unit, bits);
  }
  // Its readers say whether they hold it.
  auto slice = cast<tensor::ExtractSliceOp>(op);
  ArrayRef<int64_t> offsets = slice.getStaticOffsets();
  return slice.getSourceType().getRank() == type.getRank() &&
         slice.hasUnitStride() && !ShapedType::isDynamic(offsets.back()) &&
         llvm::all_of(offsets.drop_back(),
                      [](int64_t offset) { return offset == 0; }) &&
         isAligned(std::gcd(length, offsets.back()), bits);
}

/// All operands are whole rows, one row for all, or one element for each row:
/// what the threads of a row can read without each other.
static bool readsRows(linalg::GenericOp op) {
  unsigned last = op.getNumLoops() - 1;
  return llvm::all_of(op.getIndexingMapsArray(), [&](AffineMap map) {
    if (!map.isProjectedPermutation())
      return false;
    for (auto [i, expr] : llvm::enumerate(map.getResults()))
      if (expr == getAffineDimExpr(last, op.getContext()) &&
          i + 1 != map.getNumResults())
        return false;
    return true;
  });
}

bool capstan::isRowWork(linalg::GenericOp op) {
  return op.hasPureTensorSemantics() && !isOnHost(op) &&
         op.getNumLoops() >= 2 &&
         op.getNumParallelLoops() == op.getNumLoops() &&
         llvm::all_of(op.getDpsInitsMutable(),
                      [&](OpOperand &init) {
                        return op.getMatchingIndexingMap(&init).isIdentity();
                      }) &&
         readsRows(op) &&
         (isArithmetic(op) ? hasPieces(op)
                           : gathersRows(op) && hasHeldRows(op));
}

bool capstan::mayJoin(Operation *producer, linalg::GenericOp anchor) {
  if (isa<linalg::FillOp>(producer))
    return true;
  bool isWhole = partOfRow(anchor) == 0;
  if (isPart(producer))
    return producer->getBlock() == anchor->getBlock() &&
           (isWhole || isa<tensor::ExtractSliceOp>(producer));
  auto op = dyn_cast<linalg::GenericOp>(producer);
  if (!op || !op.hasPureTensorSemantics() || isOnHost(op) ||
      op.getNumDpsInits() != 1 || !(isArithmetic(op) || gathersRows(op)) ||
      !readsRows(op) || op->getBlock() != anchor->getBlock())
    return false;
  unsigned rows = anchor.getNumLoops() - 1;
  AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  // Reductions are those of the row; numbers have the loops of the rows.
  unsigned reductions = op.getNumLoops() - op.getNumParallelLoops();
  if (!result.isMinorIdentity() && !result.isIdentity() &&
      result !=
          AffineMap::getMultiDimIdentityMap(op.getNumLoops(), op.getContext())
              .getMajorSubMap(rows))
    return false;
  if (!isWhole)
    return op.getNumLoops() == rows + 1 && reductions == 0 &&
           isArithmetic(op) && hasPieces(op);
  if (reductions == 0 && op.getNumLoops() == rows)
    return isArithmetic(op);
  return op.getNumLoops() == rows + 1 && reductions <= 1 && hasHeldRows(op) &&
         (reductions == 0 ||
          op.getIteratorTypesArray().back() == utils::IteratorType::reduction);
}

bool capstan::readsOwnRows(OpOperand &use, unsigned rows) {
  auto reader = dyn_cast<linalg::GenericOp>(use.getOwner());
  if (!reader)
    return true;
  AffineMap map = reader.getMatchingIndexingMap(&use);
  for (unsigned i = 0; i < rows; ++i)
    if (!map.isFunctionOfDim(i))
      return false;
  return true;
}
