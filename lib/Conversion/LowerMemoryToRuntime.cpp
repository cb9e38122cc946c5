//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Memory: allocations, copies, and elements that host code writes.
//
//===----------------------------------------------------------------------===//

#include "LowerToRuntime.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace capstan;

/// Of all memory that modules allocate.
constexpr int64_t alignment = 64;

Value capstan::allocate(RuntimeBuilder &b, RuntimeEntry entry, Value bytes) {
  Value slot = b.slot(b.rt.ptr);
  b.call(entry, {bytes, b.i64(alignment), slot});
  return LLVM::LoadOp::create(b, b.rt.ptr, slot);
}

Value capstan::hostBufferLike(RuntimeBuilder &b, MemRefType type,
                              Value source) {
  SmallVector<Value> sizes;
  for (auto [i, size] : llvm::enumerate(type.getShape()))
    if (ShapedType::isDynamic(size))
      sizes.push_back(memref::DimOp::create(b, source, i));
  Value memory = allocate(b, RuntimeEntry::host_alloc, b.bytesOf(type, sizes));
  return b.makeBuffer(memory, type, sizes);
}

Value capstan::elementOf(RuntimeBuilder &b, Value buffer, ValueRange indices) {
  auto type = cast<MemRefType>(buffer.getType());
  MemRefDescriptor descriptor(b.toLLVM(buffer));
  Value offset = b.i64(0);
  for (auto [i, index] : llvm::enumerate(indices)) {
    Value stride = descriptor.stride(b, b.getLoc(), i);
    offset = arith::AddIOp::create(
        b, offset, arith::MulIOp::create(b, b.toI64(index), stride));
  }
  return LLVM::GEPOp::create(b, b.rt.ptr, b.memoryType(type.getElementType()),
                             b.dataOf(buffer), ValueRange(offset));
}

void capstan::lower(RuntimeBuilder &b, memref::AllocOp op) {
  MemRefType type = op.getType();
  Value bytes = b.bytesOf(type, op.getDynamicSizes());
  Value memory = allocate(
      b, isHostType(type) ? RuntimeEntry::host_alloc : RuntimeEntry::alloc,
      bytes);
  op.replaceAllUsesWith(b.makeBuffer(memory, type, op.getDynamicSizes()));
}

void capstan::lower(RuntimeBuilder &b, memref::DeallocOp op) {
  Value buffer = op.getMemref();
  b.call(isHostType(buffer.getType()) ? RuntimeEntry::host_free
                                      : RuntimeEntry::free,
         b.baseOf(buffer));
}

LogicalResult capstan::lower(RuntimeBuilder &b, memref::CopyOp op) {
  auto source = dyn_cast<MemRefType>(op.getSource().getType());
  auto target = dyn_cast<MemRefType>(op.getTarget().getType());
  if (!source || !target || !isDeviceType(target) ||
      !source.getLayout().isIdentity() || !target.getLayout().isIdentity())
    return op.emitOpError("has no lowering to runtime calls");
  b.call(isHostType(op.getSource().getType()) ? RuntimeEntry::to_device
                                              : RuntimeEntry::copy,
         {b.dataOf(op.getTarget()), b.dataOf(op.getSource()),
          b.bytesOf(op.getSource())});
  return success();
}

/// Host code writes a device element: `tensor.from_elements`, `tensor.insert`.
void capstan::lower(RuntimeBuilder &b, memref::StoreOp op) {
  Type type = op.getMemRefType().getElementType();
  Value slot = b.slot(b.memoryType(type));
  b.storeTo(op.getValueToStore(), slot);
  b.call(RuntimeEntry::to_device,
         {elementOf(b, op.getMemRef(), op.getIndices()), slot,
          b.i64(b.sizeOf(b.memoryType(type)))});
}
