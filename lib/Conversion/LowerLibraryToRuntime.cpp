//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Calls of the library: matrix products and attention.
//
//===----------------------------------------------------------------------===//

#include "LowerToRuntime.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace capstan;

static Value dtype(RuntimeBuilder &b, Type element) {
  auto [code, bits] = *dtypeOf(element);
  return b.makeStruct(b.rt.dtype, {LLVM::ConstantOp::create(b, b.rt.i8, code),
                                   LLVM::ConstantOp::create(b, b.rt.i8, bits),
                                   LLVM::ConstantOp::create(b, b.rt.i16, 1)});
}

LogicalResult capstan::lower(RuntimeBuilder &b, GemmOp op) {
  auto type = cast<MemRefType>(op.getC().getType());
  int64_t batch = type.getRank() - 2;
  SmallVector<MemRefDescriptor> matrices;
  for (Value operand : op.getOperands())
    if (!hasContiguousRows(cast<MemRefType>(operand.getType())))
      return op.emitOpError("has no lowering: rows must be contiguous");
  for (Value matrix : {op.getA(), op.getB(), op.getC()})
    matrices.push_back(MemRefDescriptor(b.toLLVM(matrix)));
  auto size = [&](unsigned matrix, int64_t dim) {
    return matrices[matrix].size(b, op.getLoc(), dim);
  };
  auto stride = [&](unsigned matrix, int64_t dim) {
    return matrices[matrix].stride(b, op.getLoc(), dim);
  };
  Value desc = b.slot(b.rt.gemm_desc);
  SmallVector<Value> fields{b.i32(b.sizeOf(b.rt.gemm_desc)),
                            dtype(b, getElementTypeOrSelf(op.getA())),
                            b.i32(op.getTransposeA()),
                            b.i32(op.getTransposeB()),
                            b.i32(op.getAccumulate()),
                            dtype(b, type.getElementType()),
                            batch ? size(2, 0) : b.i64(1),
                            size(2, batch),
                            size(2, batch + 1),
                            size(0, batch + (op.getTransposeA() ? 0 : 1))};
  for (unsigned i = 0; i < 3; ++i)
    fields.push_back(stride(i, batch));
  for (unsigned i = 0; i < 3; ++i)
    fields.push_back(batch ? stride(i, 0) : b.i64(0));
  fields.push_back(b.string(op.getLoc()));
  for (Value operand : {op.getBias(), op.getScaleA(), op.getScaleB()})
    fields.push_back(operand ? b.dataOf(operand) : b.null());
  bool scalesRows =
      op.getScaleA() && cast<MemRefType>(op.getScaleA().getType()).getRank();
  fields.push_back(b.i32(scalesRows));
  b.storeFields(b.rt.gemm_desc, desc, fields);
  b.call(RuntimeEntry::gemm,
         {desc, b.dataOf(op.getA()), b.dataOf(op.getB()), b.dataOf(op.getC())});
  return success();
}

LogicalResult capstan::lower(RuntimeBuilder &b, GroupedGemmOp op) {
  for (Value operand : op.getOperands())
    if (!hasContiguousRows(cast<MemRefType>(operand.getType())))
      return op.emitOpError("has no lowering: rows must be contiguous");
  Location loc = op.getLoc();
  MemRefDescriptor x(b.toLLVM(op.getA())), w(b.toLLVM(op.getB())),
      y(b.toLLVM(op.getC()));
  Value zero = b.i64(0);
  Type element = cast<MemRefType>(op.getC().getType()).getElementType();
  Value desc = b.slot(b.rt.gemm_desc);
  b.storeFields(b.rt.gemm_desc, desc,
                {b.i32(b.sizeOf(b.rt.gemm_desc)), dtype(b, element), b.i32(0),
                 b.i32(op.getTransposeB()), b.i32(0), dtype(b, element),
                 w.size(b, loc, 0), y.size(b, loc, 0), y.size(b, loc, 1),
                 x.size(b, loc, 1), x.stride(b, loc, 0), w.stride(b, loc, 1),
                 y.stride(b, loc, 0), zero, w.stride(b, loc, 0), zero,
                 b.string(loc), b.null(), b.null(), b.null(), b.i32(0)});
  b.call(RuntimeEntry::grouped_gemm,
         {desc, b.dataOf(op.getA()), b.dataOf(op.getB()),
          b.dataOf(op.getOffsets()), b.dataOf(op.getC())});
  return success();
}

LogicalResult capstan::lower(RuntimeBuilder &b, VarlenAttentionOp op) {
  auto type = cast<MemRefType>(op.getOut().getType());
  auto size = [&](Value buffer, int64_t dim) {
    return b.toI64(memref::DimOp::create(b, buffer, dim));
  };
  for (OpOperand &operand : op->getOpOperands())
    if (auto buffer = dyn_cast<MemRefType>(operand.get().getType()))
      if (operand.getOperandNumber() < 3 ? !hasContiguousTokens(buffer)
                                         : !buffer.getLayout().isIdentity())
        return op.emitOpError("has no lowering: operands must be contiguous");
  auto stride = [&](Value buffer) {
    return MemRefDescriptor(b.toLLVM(buffer)).stride(b, op.getLoc(), 0);
  };
  Value documents =
      arith::SubIOp::create(b, size(op.getCuSeqlensQ(), 0), b.i64(1));
  Value desc = b.slot(b.rt.attention_desc);
  b.storeFields(b.rt.attention_desc, desc,
                {b.i32(b.sizeOf(b.rt.attention_desc)),
                 dtype(b, type.getElementType()),
                 documents,
                 size(op.getQ(), 0),
                 size(op.getK(), 0),
                 b.toI64(op.getMaxQ()),
                 b.toI64(op.getMaxK()),
                 size(op.getQ(), 1),
                 size(op.getK(), 1),
                 size(op.getQ(), 2),
                 size(op.getV(), 2),
                 stride(op.getQ()),
                 stride(op.getK()),
                 stride(op.getV()),
                 LLVM::ConstantOp::create(b, b.getF64Type(), op.getScaleAttr()),
                 b.i32(op.getCausal()),
                 b.i32(op.getLengths()),
                 b.i64(op.getWindowLeft()),
                 b.i64(op.getWindowRight()),
                 b.string(op.getLoc())});
  Value logsumexp = op.getLogsumexp() ? b.dataOf(op.getLogsumexp()) : b.null();
  b.call(RuntimeEntry::varlen_attention,
         {desc, b.dataOf(op.getQ()), b.dataOf(op.getK()), b.dataOf(op.getV()),
          b.dataOf(op.getCuSeqlensQ()), b.dataOf(op.getCuSeqlensK()),
          b.dataOf(op.getOut()), logsumexp});
  return success();
}
