//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "KernelChecks.h"
#include "capstan/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace capstan;

static Value number(OpBuilder &b, Location loc, int64_t value) {
  return LLVM::ConstantOp::create(b, loc, b.getI64Type(), value);
}

/// Where it must be known that no check has failed: at the first write, or
/// read of a place that was read itself. What is read before is on its way
/// meanwhile.
static Operation *firstThatWaits(Block &body) {
  llvm::DenseSet<Value> read;
  for (Operation &op : body.without_terminator()) {
    bool ofRead = llvm::any_of(op.getOperands(), [&](Value operand) {
      return read.contains(operand);
    });
    bool isFree = isMemoryEffectFree(&op);
    if (!isFree && (ofRead || !hasSingleEffect<MemoryEffects::Read>(&op)))
      return &op;
    if (!isFree || ofRead)
      read.insert_range(op.getResults());
  }
  return body.getTerminator();
}

/// Goes to `done` before `op` if a check of the forward has failed. A check
/// waits for both at once: one that comes behind a failure changes nothing.
static void waitFor(OpBuilder &b, Value isFree, Operation *op, Block *done) {
  Location loc = op->getLoc();
  if (auto check = dyn_cast<cf::AssertOp>(op)) {
    b.setInsertionPoint(check);
    check.getArgMutable().assign(
        arith::AndIOp::create(b, loc, check.getArg(), isFree));
    return;
  }
  Block *body = op->getBlock();
  Block *rest = body->splitBlock(op);
  b.setInsertionPointToEnd(body);
  cf::CondBranchOp::create(b, loc, isFree, rest, ValueRange(), done,
                           ValueRange());
}

/// Says that check `n` failed, also to the host, if none has before.
static Block *fail(OpBuilder &b, Location loc, gpu::GPUFuncOp kernel, int64_t n,
                   Block *done) {
  Value record = kernel.getArgument(0);
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  Block *failing = b.createBlock(done);
  Value code =
      LLVM::AddOp::create(b, loc, kernel.getArgument(1), number(b, loc, n));
  auto exchange = LLVM::AtomicCmpXchgOp::create(
      b, loc, record, number(b, loc, 0), code, LLVM::AtomicOrdering::monotonic,
      LLVM::AtomicOrdering::monotonic);
  Value isFirst = LLVM::ExtractValueOp::create(b, loc, exchange, 1);
  Block *first = b.createBlock(done);
  Value place = LLVM::GEPOp::create(b, loc, pointer, b.getI64Type(), record,
                                    ArrayRef<LLVM::GEPArg>{1});
  Value mirror = LLVM::LoadOp::create(b, loc, pointer, place);
  LLVM::StoreOp::create(b, loc, code, mirror, /*alignment=*/8,
                        /*isVolatile=*/true);
  cf::BranchOp::create(b, loc, done);
  b.setInsertionPointToEnd(failing);
  cf::CondBranchOp::create(b, loc, isFirst, first, ValueRange(), done,
                           ValueRange());
  return failing;
}

LogicalResult capstan::lowerKernelChecks(OpBuilder &b, gpu::GPUFuncOp kernel,
                                         Block &body, Block *done) {
  Location loc = kernel.getLoc();
  Block &entry = kernel.getBody().front();
  b.setInsertionPoint(entry.getTerminator());
  Value word =
      LLVM::LoadOp::create(b, loc, b.getI64Type(), kernel.getArgument(0));
  Value isFree = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::eq, word,
                                      number(b, loc, 0));
  waitFor(b, isFree, firstThatWaits(body), done);

  SmallVector<cf::AssertOp> checks;
  kernel.walk([&](cf::AssertOp check) { checks.push_back(check); });
  SmallVector<Attribute> table;
  for (cf::AssertOp check : checks) {
    if (check->getParentOp() != kernel)
      return check.emitOpError("in a kernel must not be in a region; "
                               "--convert-scf-to-cf takes it out");
    Location loc = check.getLoc();
    Block *block = check->getBlock();
    Block *next = block->splitBlock(check);
    Block *failing = fail(b, loc, kernel, table.size(), done);
    b.setInsertionPointToEnd(block);
    cf::CondBranchOp::create(b, loc, check.getArg(), next, ValueRange(),
                             failing, ValueRange());
    table.push_back(
        b.getDictionaryAttr({b.getNamedAttr("location", LocationAttr(loc)),
                             b.getNamedAttr("message", check.getMsgAttr())}));
    check.erase();
  }
  kernel->setAttr(kChecksAttr, b.getArrayAttr(table));
  return success();
}
