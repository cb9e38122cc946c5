//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Copies operands of library calls whose layout the library can't take, and
// results whose layout only a cast says to be plain.
//
//   capstan.gemm ins(%a, %b : memref<?x8xf32, strided<[?, ?]>>, ...) ...
//   // becomes
//   %copy = memref.alloc(%n) : memref<?x8xf32>
//   memref.copy %a, %copy : memref<?x8xf32, strided<[?, ?]>> to memref<?x8xf32>
//   capstan.gemm ins(%copy, %b : memref<?x8xf32>, ...) ...
//   memref.dealloc %copy : memref<?x8xf32>
//
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "capstan/Dialect/Capstan.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANCONTIGUOUSOPERANDS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {

/// Whether the library takes the operand as it is.
bool isTaken(OpOperand &operand) {
  Operation *op = operand.getOwner();
  auto buffer = dyn_cast<MemRefType>(operand.get().getType());
  if (!buffer || buffer.getLayout().isIdentity())
    return true;
  // q, k and v.
  if (isa<VarlenAttentionOp>(op))
    return operand.getOperandNumber() < 3 && hasContiguousTokens(buffer);
  return isa<GemmOp, GroupedGemmOp>(op) && hasContiguousRows(buffer);
}

void copyOperand(OpOperand &operand) {
  Operation *op = operand.getOwner();
  Location loc = op->getLoc();
  OpBuilder b(op);
  Value buffer = operand.get();
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.isDynamicDim(i))
      sizes.push_back(memref::DimOp::create(b, loc, buffer, i));
  auto plain =
      MemRefType::get(type.getShape(), type.getElementType(),
                      MemRefLayoutAttrInterface(), type.getMemorySpace());
  Value copy = memref::AllocOp::create(b, loc, plain, sizes);
  memref::CopyOp::create(b, loc, buffer, copy);
  operand.set(copy);
  b.setInsertionPointAfter(op);
  if (cast<DestinationStyleOpInterface>(op).isDpsInit(&operand))
    memref::CopyOp::create(b, loc, copy, buffer);
  memref::DeallocOp::create(b, loc, copy);
}

/// The buffer behind a cast that says of unknown strides that they are those of
/// whole rows: what bufferization makes of a slice that a function returns.
Value strided(Value result) {
  auto cast = result.getDefiningOp<memref::CastOp>();
  auto type =
      cast ? dyn_cast<MemRefType>(cast.getSource().getType()) : MemRefType();
  return type && !type.getLayout().isIdentity() ? cast.getSource() : Value();
}

/// The forward owns the slice's memory and frees it.
void copyResult(OpOperand &result, Value slice) {
  Operation *op = result.getOwner();
  Location loc = op->getLoc();
  OpBuilder b(op);
  auto type = cast<MemRefType>(result.get().getType());
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.isDynamicDim(i))
      sizes.push_back(memref::DimOp::create(b, loc, slice, i));
  Value copy = memref::AllocOp::create(b, loc, type, sizes);
  memref::CopyOp::create(b, loc, slice, copy);
  result.set(copy);
}

struct ContiguousOperands
    : public capstan::impl::CapstanContiguousOperandsBase<ContiguousOperands> {
  void runOnOperation() override {
    SmallVector<OpOperand *> operands;
    getOperation()->walk([&](Operation *op) {
      if (isa<GemmOp, GroupedGemmOp, VarlenAttentionOp>(op))
        for (OpOperand &operand : op->getOpOperands())
          if (!isTaken(operand))
            operands.push_back(&operand);
    });
    for (OpOperand *operand : operands)
      copyOperand(*operand);
    numCopies += operands.size();
    getOperation()->walk([&](func::ReturnOp op) {
      if (op->getParentOfType<func::FuncOp>().isPublic())
        for (OpOperand &result : op->getOpOperands())
          if (Value slice = strided(result.get())) {
            copyResult(result, slice);
            ++numCopies;
          }
    });
  }
};
} // namespace
