//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Spreads rows over the threads of a GPU: each has some 16 bytes of them.
//
//   scf.forall (%i) in (%n) {
//     %row = vector.transfer_read %x[%i, %c0] : memref<?x256xf32>,
//     vector<256xf32>
//     ...
//   } {capstan.rows}
//   // becomes
//   capstan.launch @kernel_rows(%x) extent %n : (memref<?x256xf32>)
//
//   func.func private @kernel_rows(...) attributes {capstan.kernel,
//                                                   capstan.block = [32, 8]} {
//     %a = vector.load %x[%row, %lane] : memref<?x256xf32>, vector<4xf32>
//     ...
//
//===----------------------------------------------------------------------===//

#include "BufferLives.h"
#include "KernelFunction.h"
#include "RowKernel.h"
#include "capstan/Conversion/Passes.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANDISTRIBUTEROWS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {
struct DistributeRows
    : public capstan::impl::CapstanDistributeRowsBase<DistributeRows> {
  void runOnOperation() override {
    SmallVector<scf::ForallOp> loops;
    getOperation().walk([&](scf::ForallOp loop) {
      if (loop->hasAttr(kRowsAttr))
        loops.push_back(loop);
    });
    KernelTable kernels(getOperation());
    for (scf::ForallOp loop : loops)
      if (failed(outline(loop, kernels)))
        return signalPassFailure();
  }

  LogicalResult outline(scf::ForallOp loop, KernelTable &kernels) {
    ImplicitLocOpBuilder b(loop.getLoc(), loop);
    RowLayout layout(loop);
    SmallVector<Value> bounds;
    Value extent;
    for (OpFoldResult bound : layout.bounds) {
      bounds.push_back(
          getValueOrCreateConstantIndexOp(b, loop.getLoc(), bound));
      extent = extent ? b.createOrFold<arith::MulIOp>(extent, bounds.back())
                      : bounds.back();
    }
    // What the kernel takes; constants move inside.
    llvm::SetVector<Value> captured;
    for (Value bound : ArrayRef(bounds).drop_front())
      captured.insert(bound);
    getUsedValuesDefinedAbove(loop.getRegion(), captured);
    KernelFunction kernel(getOperation(), loop.getLoc(), captured);
    SmallVector<Value> written;
    loop.walk(
        [&](vector::TransferWriteOp op) { written.push_back(op.getBase()); });
    bool isDistinct = kernel.markDistinct(written);
    readFirst(loop, isDistinct ? ArrayRef(written) : ArrayRef<Value>());
    bool isInPlace = !isDistinct || isRead(loop, written);
    if (failed(fill(kernel, loop, layout, bounds, isInPlace))) {
      kernel.function.erase();
      return failure();
    }
    func::FuncOp known = kernels.add(kernel.function, "kernel_rows");
    LaunchOp::create(b, known.getSymName(), kernel.arguments, extent);
    loop.erase();
    return success();
  }

  /// Whether both are in one buffer.
  static bool isView(Value value, ArrayRef<Value> others) {
    return llvm::is_contained(llvm::map_range(others, rootOf), rootOf(value));
  }

  /// Moves reads up to the first reduction, so that a thread doesn't wait for
  /// memory twice. A read stays behind a check, and behind a write, unless
  /// `distinct`, all that is written, is of other buffers.
  static void readFirst(scf::ForallOp loop, ArrayRef<Value> distinct) {
    IRRewriter rewriter(loop.getContext());
    Operation *first = nullptr;
    bool isWritten = false;
    for (Operation &op : llvm::make_early_inc_range(*loop.getBody())) {
      auto read = dyn_cast<vector::TransferReadOp>(op);
      if (first && isa<cf::AssertOp>(op))
        return;
      if (!first && isa<vector::ReductionOp>(op))
        first = &op;
      else if (read && first &&
               (!isWritten ||
                (!distinct.empty() && !isView(read.getBase(), distinct))) &&
               succeeded(moveOperationDependencies(rewriter, read, first)))
        rewriter.moveOpBefore(read, first);
      isWritten |= isa<vector::TransferWriteOp>(op);
    }
  }

  /// Whether the loop reads what it writes.
  static bool isRead(scf::ForallOp loop, ArrayRef<Value> written) {
    return loop
        .walk([&](Operation *op) {
          bool reads = hasEffect<MemoryEffects::Read>(op) &&
                       llvm::any_of(op->getOperands(), [&](Value operand) {
                         return isView(operand, written);
                       });
          return reads ? WalkResult::interrupt() : WalkResult::advance();
        })
        .wasInterrupted();
  }

  static LogicalResult fill(KernelFunction &kernel, scf::ForallOp loop,
                            const RowLayout &layout, ArrayRef<Value> bounds,
                            bool isInPlace) {
    auto b = ImplicitLocOpBuilder::atBlockEnd(loop.getLoc(), &kernel.body());
    kernel.function->setAttr(
        kBlockAttr, b.getDenseI64ArrayAttr({layout.threads, layout.rows}));

    // Rows behind the last one are that again: all threads of a warp take part
    // in its reductions. They write what it has once more, unless others may
    // still have to read what was there.
    auto index = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(b, value);
    };
    int64_t known = 1;
    for (OpFoldResult bound : layout.bounds)
      known *= getConstantIntValue(bound).value_or(1);
    bool isEven = known % layout.rows == 0;
    Value extent = kernel.end();
    Value row = gpu::BlockIdOp::create(b, gpu::Dimension::x), isRow;
    if (layout.rows > 1) {
      row = arith::MulIOp::create(b, row, index(layout.rows));
      Value y = gpu::ThreadIdOp::create(b, gpu::Dimension::y);
      row = arith::AddIOp::create(b, row, y);
    }
    if (!isEven) {
      if (isInPlace)
        isRow =
            arith::CmpIOp::create(b, arith::CmpIPredicate::ult, row, extent);
      Value last = arith::SubIOp::create(b, extent, index(1));
      row = arith::MinUIOp::create(b, row, last);
    }
    for (int64_t i = bounds.size() - 1; i > 0; --i) {
      Value bound = kernel.map.lookup(bounds[i]);
      kernel.map.map(loop.getInductionVar(i),
                     arith::RemUIOp::create(b, row, bound));
      row = arith::DivUIOp::create(b, row, bound);
    }
    kernel.map.map(loop.getInductionVar(0), row);
    SmallVector<RowKernel> rows;
    for (int64_t i = 0; i < layout.each; ++i) {
      IRMapping map = kernel.map;
      if (layout.each > 1) {
        Value last = loop.getInductionVars().back();
        Value first =
            arith::MulIOp::create(b, map.lookup(last), index(layout.each));
        map.map(last, b.createOrFold<arith::AddIOp>(first, index(i)));
      }
      rows.emplace_back(b, layout, std::move(map), isRow);
    }
    // What is read for one row is on its way with what is for the others.
    for (Operation &op : loop.getBody()->without_terminator())
      for (RowKernel &one : rows)
        if (failed(one.convert(&op)))
          return failure();
    b.setLoc(loop.getLoc());
    func::ReturnOp::create(b);
    return success();
  }
};
} // namespace
