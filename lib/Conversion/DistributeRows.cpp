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
//   } {capstan.rows = 256}
//   // becomes
//   capstan.launch @kernel_rows(%x) extent %n : (memref<?x256xf32>)
//
//   func.func private @kernel_rows(...) attributes {capstan.kernel,
//                                                   capstan.block = [32, 8]} {
//     %a = vector.load %x[%row, %lane] : memref<?x256xf32>, vector<4xf32>
//     ...
//
//===----------------------------------------------------------------------===//

#include "RowKernel.h"
#include "capstan/Conversion/Passes.h"
#include "mlir/IR/Matchers.h"
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
    SymbolTable symbols(getOperation());
    for (scf::ForallOp loop : loops)
      if (failed(outline(loop, symbols)))
        return signalPassFailure();
  }

  LogicalResult outline(scf::ForallOp loop, SymbolTable &symbols) {
    ImplicitLocOpBuilder b(loop.getLoc(), loop);
    RowLayout layout(loop,
                     loop->getAttrOfType<IntegerAttr>(kRowsAttr).getInt());
    SmallVector<Value> bounds;
    Value extent;
    for (OpFoldResult bound : loop.getMixedUpperBound()) {
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
    SmallVector<Value> arguments;
    SmallVector<Operation *> constants;
    for (Value value : captured)
      if (matchPattern(value, m_Constant()))
        constants.push_back(value.getDefiningOp());
      else
        arguments.push_back(value);

    func::FuncOp kernel =
        makeKernel(loop, layout, bounds, arguments, constants);
    if (!kernel)
      return failure();
    symbols.insert(kernel);
    LaunchOp::create(b, kernel.getSymName(), arguments, extent);
    loop.erase();
    return success();
  }

  func::FuncOp makeKernel(scf::ForallOp loop, const RowLayout &layout,
                          ArrayRef<Value> bounds, ArrayRef<Value> arguments,
                          ArrayRef<Operation *> constants) {
    auto b = ImplicitLocOpBuilder::atBlockEnd(loop.getLoc(),
                                              getOperation().getBody());
    SmallVector<Type> types(ValueRange(arguments).getTypes());
    types.append(2, b.getIndexType());
    auto kernel =
        func::FuncOp::create(b, "kernel_rows", b.getFunctionType(types, {}));
    kernel.setPrivate();
    kernel->setAttr("capstan.kernel", b.getUnitAttr());
    kernel->setAttr(kBlockAttr,
                    b.getDenseI64ArrayAttr({layout.threads, layout.rows}));
    Block *body = kernel.addEntryBlock();
    b.setInsertionPointToStart(body);
    IRMapping map;
    map.map(arguments, body->getArguments().drop_back(2));
    for (Operation *constant : constants)
      b.clone(*constant, map);

    // Rows behind the last one are that again, without a store: all threads of
    // a warp take part in its reductions.
    RowKernel rows(b, layout);
    Value extent = body->getArguments().back();
    Value row = gpu::BlockIdOp::create(b, gpu::Dimension::x), isRow;
    if (layout.rows > 1) {
      Value height = rows.index(layout.rows);
      row = arith::MulIOp::create(b, row, height);
      Value y = gpu::ThreadIdOp::create(b, gpu::Dimension::y);
      row = arith::AddIOp::create(b, row, y);
      isRow = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, row, extent);
      Value last = arith::SubIOp::create(b, extent, rows.index(1));
      row = arith::MinUIOp::create(b, row, last);
    }
    for (int64_t i = bounds.size() - 1; i > 0; --i) {
      Value bound = map.lookupOrDefault(bounds[i]);
      map.map(loop.getInductionVar(i), arith::RemUIOp::create(b, row, bound));
      row = arith::DivUIOp::create(b, row, bound);
    }
    map.map(loop.getInductionVar(0), row);
    if (failed(rows.convert(loop, map, isRow))) {
      kernel.erase();
      return {};
    }
    b.setLoc(loop.getLoc());
    func::ReturnOp::create(b);
    return kernel;
  }
};
} // namespace
