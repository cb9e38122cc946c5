//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The body of a kernel in which the threads of a row have pieces of it.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_LIB_CONVERSION_ROWKERNEL_H
#define CAPSTAN_LIB_CONVERSION_ROWKERNEL_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace capstan {

/// How rows are spread. A thread has pieces of each row or part of one: its
/// first one, and each that is a step behind.
struct RowLayout {
  explicit RowLayout(mlir::scf::ForallOp loop);

  int64_t step() const { return threads * chunk; }

  int64_t chunk;   ///< elements of one access
  int64_t threads; ///< of a row
  bool inWarp;     ///< so are all reductions
  int64_t each;    ///< rows side by side that the same threads have
  int64_t rows;    ///< of a block, each one or `each`
  llvm::SmallVector<mlir::OpFoldResult> bounds; ///< of the loop, in those
};

/// Writes what the body of a kernel does for one row.
class RowKernel {
public:
  /// `map` says which row. Stores are done if `isRow`, or if it is null.
  RowKernel(mlir::ImplicitLocOpBuilder &b, const RowLayout &layout,
            mlir::IRMapping map, mlir::Value isRow)
      : b(b), layout(layout), map(std::move(map)), isRow(isRow) {}

  /// Writes what an operation of the loop does, after all before it.
  mlir::LogicalResult convert(mlir::Operation *op);

private:
  using Pieces = llvm::SmallVector<mlir::Value>;

  mlir::VectorType pieceType(mlir::Type type) const;
  int64_t numPieces(mlir::Type type) const;
  /// The places of a transfer that this thread has.
  llvm::SmallVector<llvm::SmallVector<mlir::Value>>
  places(mlir::VectorType type, mlir::ValueRange indices);
  /// What is known of the addresses of a transfer: allocations and arguments
  /// are aligned to 16 bytes, and so are rows whose place is a multiple of
  /// that.
  llvm::MaybeAlign alignment(mlir::Value buffer,
                             mlir::ValueRange indices) const;
  /// What this thread has of a row.
  Pieces piecesOf(mlir::Value value);

  mlir::LogicalResult read(mlir::vector::TransferReadOp op);
  mlir::LogicalResult write(mlir::vector::TransferWriteOp op);
  mlir::LogicalResult reduce(mlir::vector::ReductionOp op);
  bool number(mlir::Operation *op);
  mlir::LogicalResult insert(mlir::vector::InsertStridedSliceOp op);
  mlir::LogicalResult elementwise(mlir::Operation *op);
  mlir::LogicalResult broadcast(mlir::vector::BroadcastOp op);
  void storeIfRow(llvm::function_ref<void()> store);
  mlir::Value index(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(b, value);
  }

  mlir::ImplicitLocOpBuilder &b;
  const RowLayout &layout;
  mlir::IRMapping map;
  mlir::Value isRow;
  llvm::DenseMap<mlir::Value, Pieces> pieces;
};

} // namespace capstan

#endif // CAPSTAN_LIB_CONVERSION_ROWKERNEL_H
