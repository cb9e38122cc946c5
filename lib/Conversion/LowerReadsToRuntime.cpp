//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Reads of device data: at once, or started and waited for.
//
//===----------------------------------------------------------------------===//

#include "LowerToRuntime.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"

using namespace mlir;
using namespace capstan;

/// Makes part `i` of `parts` copy `source` to `place`, which is a buffer, or
/// the address of a scalar of type `type`.
static void storePart(RuntimeBuilder &b, Value parts, unsigned i, Value source,
                      Type type, Value place) {
  bool isBuffer = isa<MemRefType>(type);
  Value bytes =
      isBuffer ? b.bytesOf(place) : b.i64(b.sizeOf(b.memoryType(type)));
  Value part = b.field(b.rt.part, parts, {static_cast<int32_t>(i)});
  b.storeFields(b.rt.part, part,
                {b.dataOf(source), isBuffer ? b.dataOf(place) : place, bytes});
}

/// Gives `results` what has arrived at `places`.
static void loadParts(RuntimeBuilder &b, ValueRange results,
                      ArrayRef<Value> places) {
  for (auto [result, place] : llvm::zip(results, places))
    result.replaceAllUsesWith(isa<MemRefType>(result.getType())
                                  ? place
                                  : b.loadFrom(result.getType(), place));
}

void capstan::lower(RuntimeBuilder &b, ItemOp op) {
  Type type = op.getType();
  Value result = b.slot(b.memoryType(type)), part = b.slot(b.rt.part);
  b.storeFields(b.rt.part, part,
                {elementOf(b, op.getSource(), op.getIndices()), result,
                 b.i64(b.sizeOf(b.memoryType(type)))});
  b.call(RuntimeEntry::read, {b.i64(1), part});
  op.replaceAllUsesWith(b.loadFrom(type, result));
}

void capstan::lower(RuntimeBuilder &b, ToHostOp op) {
  Value result =
      hostBufferLike(b, cast<MemRefType>(op.getType()), op.getSource());
  Value part = b.slot(b.rt.part);
  b.storeFields(
      b.rt.part, part,
      {b.dataOf(op.getSource()), b.dataOf(result), b.bytesOf(result)});
  b.call(RuntimeEntry::read, {b.i64(1), part});
  op.replaceAllUsesWith(result);
}

void capstan::lower(RuntimeBuilder &b, FetchOp op) {
  int64_t count = op.getNumResults();
  Value parts = b.slot(b.rt.part, count);
  SmallVector<Value> places;
  for (auto [i, source, result] :
       llvm::enumerate(op.getSources(), op.getResults())) {
    auto buffer = dyn_cast<MemRefType>(result.getType());
    places.push_back(buffer ? hostBufferLike(b, buffer, source)
                            : b.slot(b.memoryType(result.getType())));
    storePart(b, parts, i, source, result.getType(), places.back());
  }
  b.call(RuntimeEntry::read, {b.i64(count), parts});
  loadParts(b, op.getResults(), places);
}

/// Scalars arrive in host memory of the runtime: the copy may outlive the
/// frame if the forward fails.
void Futures::start(FetchStartOp op) {
  ArrayRef<Type> types = op.getFuture().getType().getTypes();
  int64_t count = types.size();
  Started &info = started[op];
  info.fetch = b.slot(b.rt.ptr);
  info.alwaysWaited = llvm::any_of(op->getUsers(), [&](Operation *user) {
    return user->getBlock() == op->getBlock();
  });
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointAfter(info.fetch.getDefiningOp());
    LLVM::StoreOp::create(b, b.null(), info.fetch);
  }
  // In a loop, the one that it started before.
  if (!info.alwaysWaited)
    release(op, info);
  b.startAt(op);
  info.items = allocate(b, RuntimeEntry::host_alloc, b.i64(8 * count));
  Value parts = b.slot(b.rt.part, count);
  for (auto [i, source, type] : llvm::enumerate(op.getSources(), types)) {
    auto buffer = dyn_cast<MemRefType>(type);
    Value place = buffer
                      ? hostBufferLike(b, buffer, source)
                      : Value(LLVM::GEPOp::create(
                            b, b.rt.ptr, b.rt.i64, info.items,
                            ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)}));
    storePart(b, parts, i, source, type, place);
    info.results.push_back(place);
  }
  b.call(RuntimeEntry::fetch_start, {b.i64(count), parts, info.fetch});
}

LogicalResult Futures::wait(FetchWaitOp op) {
  auto start = op.getFuture().getDefiningOp<FetchStartOp>();
  if (!start)
    return op.emitOpError("has no lowering: it must see its fetch.start");
  Started &info = started[start];
  Value fetch = LLVM::LoadOp::create(b, b.rt.ptr, info.fetch);
  b.call(RuntimeEntry::fetch_wait, fetch);
  LLVM::StoreOp::create(b, b.null(), info.fetch);
  loadParts(b, op.getResults(), info.results);
  b.call(RuntimeEntry::host_free, info.items);
  return success();
}

/// Before `op`: releases the fetch in the slot, if there is one.
void Futures::release(Operation *op, const Started &info) {
  b.startAt(op);
  Value fetch = LLVM::LoadOp::create(b, b.rt.ptr, info.fetch);
  Value pending =
      LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::ne, fetch, b.null());
  Block *block = op->getBlock();
  Block *next = block->splitBlock(op);
  Block *unwaited = b.createBlock(next);
  b.setInsertionPointToEnd(block);
  cf::CondBranchOp::create(b, pending, unwaited, ValueRange(), next,
                           ValueRange());
  b.setInsertionPointToStart(unwaited);
  LLVM::StoreOp::create(b, b.null(), info.fetch);
  auto jump = cf::BranchOp::create(b, next);
  b.setInsertionPoint(jump);
  b.call(RuntimeEntry::fetch_release, fetch);
}

/// A future that a path doesn't wait for is released where the function
/// returns, or where its fetch starts again.
void Futures::finish() {
  for (auto &[op, info] : started) {
    if (!info.alwaysWaited) {
      SmallVector<Operation *> ends;
      for (auto ret :
           op->getParentOfType<func::FuncOp>().getOps<func::ReturnOp>())
        if (ret.getOperand(0).getDefiningOp<LLVM::ConstantOp>())
          ends.push_back(ret);
      for (Operation *end : ends)
        release(end, info);
    }
    op->erase();
  }
}
