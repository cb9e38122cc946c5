//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Graph regions: a call whose work is captured once and then replayed.
//
//   %y = call @body(%x) {capstan.graph} : (memref<64xf32>) -> memref<64xf32>
//   // becomes
//   %run = graph_enter(region, inputs, results)
//   if %run { %made = call @body(inputs); graph_leave(region, made, results) }
//
//===----------------------------------------------------------------------===//

#include "LowerToRuntime.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"

using namespace mlir;
using namespace capstan;

void capstan::lower(RuntimeBuilder &b, CountFallbackOp op) {
  b.call(RuntimeEntry::fallback,
         {b.i32(static_cast<int32_t>(op.getReason())), b.string(op.getLoc())});
}

void capstan::lower(RuntimeBuilder &b, CountPaddingOp op) {
  Value added = LLVM::SubOp::create(b, op.getPadded(), op.getLive());
  b.call(RuntimeEntry::padding, {op.getLive(), added});
}

/// A constant array of the buffers' sizes in bytes.
static LLVM::GlobalOp sizes(RuntimeBuilder &b, StringRef name,
                            TypeRange buffers) {
  auto type = LLVM::LLVMArrayType::get(b.rt.i64, buffers.size());
  return b.global(name, type, [&](RuntimeBuilder &b) -> Value {
    SmallVector<Value> bytes;
    for (Type buffer : buffers) {
      auto memref = cast<MemRefType>(buffer);
      bytes.push_back(b.i64(memref.getNumElements() *
                            b.sizeOf(b.memoryType(memref.getElementType()))));
    }
    return b.makeStruct(type, bytes);
  });
}

static Value region(RuntimeBuilder &b, func::CallOp op) {
  std::string name = op.getCallee().str();
  LLVM::GlobalOp inputs,
      results = sizes(b, name + ".results", op.getResultTypes());
  if (op.getNumOperands())
    inputs = sizes(b, name + ".inputs", op.getOperandTypes());
  Location loc = op.getLoc();
  return b.addressOf(b.global(
      name + ".region", b.rt.graph_region, [&](RuntimeBuilder &b) -> Value {
        return b.makeStruct(
            b.rt.graph_region,
            {b.i32(b.sizeOf(b.rt.graph_region)), b.i32(op.getNumOperands()),
             b.i32(op.getNumResults()), inputs ? b.addressOf(inputs) : b.null(),
             b.addressOf(results), b.string(loc)});
      }));
}

/// Row-major buffers at the pointers of an array.
static SmallVector<Value> buffersAt(RuntimeBuilder &b, Value array,
                                    TypeRange types) {
  SmallVector<Value> buffers;
  for (auto [i, type] : llvm::enumerate(types)) {
    Value place =
        LLVM::GEPOp::create(b, b.rt.ptr, b.rt.ptr, array,
                            ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    buffers.push_back(b.makeBuffer(LLVM::LoadOp::create(b, b.rt.ptr, place),
                                   cast<MemRefType>(type), {}));
  }
  return buffers;
}

static void storePointers(RuntimeBuilder &b, ValueRange buffers, Value array) {
  for (auto [i, buffer] : llvm::enumerate(buffers))
    LLVM::StoreOp::create(
        b, b.dataOf(buffer),
        LLVM::GEPOp::create(b, b.rt.ptr, b.rt.ptr, array,
                            ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)}));
}

LogicalResult capstan::lowerGraph(
    RuntimeBuilder &b, func::CallOp op,
    llvm::function_ref<ValueRange(func::CallOp, ValueRange)> callHost) {
  for (Type type :
       llvm::concat<const Type>(op.getOperandTypes(), op.getResultTypes())) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref || !memref.hasStaticShape() || !isDeviceType(memref) ||
        !memref.getLayout().isIdentity())
      return op.emitOpError("of a graph has no lowering: ")
             << type << " is no row-major device memory of static size";
  }
  if (op.getNumResults() == 0)
    return op.emitOpError("of a graph has no results");

  Value desc = region(b, op);
  auto array = [&](int64_t count) {
    return b.slot(b.rt.ptr, std::max<int64_t>(1, count));
  };
  Value inputs = array(op.getNumOperands()), run = b.slot(b.rt.i32);
  Value results = array(op.getNumResults()), made = array(op.getNumResults());
  storePointers(b, op.getOperands(), inputs);
  b.call(RuntimeEntry::graph_enter, {desc, inputs, results, run});
  Value runs =
      LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::ne,
                           LLVM::LoadOp::create(b, b.rt.i32, run), b.i32(0));
  Block *block = b.getInsertionBlock();
  Block *next = block->splitBlock(b.getInsertionPoint());
  Block *body = b.createBlock(next);
  b.setInsertionPointToEnd(block);
  cf::CondBranchOp::create(b, runs, body, ValueRange(), next, ValueRange());
  b.setInsertionPointToStart(body);
  cf::BranchOp::create(b, next);
  b.setInsertionPointToStart(body);
  storePointers(b, callHost(op, buffersAt(b, inputs, op.getOperandTypes())),
                made);
  b.call(RuntimeEntry::graph_leave, {desc, made, results});

  b.setInsertionPointToStart(next);
  op.replaceAllUsesWith(buffersAt(b, results, op.getResultTypes()));
  return success();
}
