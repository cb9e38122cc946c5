//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Makes device computations functions that the runtime launches.
//
//   linalg.generic {...} ins(%x : memref<?xf32>) outs(%y : memref<?xf32>)
//   // becomes
//   capstan.launch @kernel_exp(%x, %y) extent %n : (memref<?xf32>,
//   memref<?xf32>)
//
//===----------------------------------------------------------------------===//

#include "KernelFunction.h"
#include "capstan/Analysis/HostCode.h"
#include "capstan/Conversion/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANOUTLINEKERNELS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {

/// What a reader would call the computation.
std::string nameOf(linalg::LinalgOp op) {
  if (!isa<linalg::GenericOp>(op.getOperation()))
    return op->getName().stripDialect().str();
  std::string name = llvm::is_contained(op.getIteratorTypesArray(),
                                        utils::IteratorType::reduction)
                         ? "reduce"
                         : "map";
  unsigned parts = 0;
  bool gathers = false;
  for (Operation &inner : op.getBlock()->without_terminator()) {
    if (isa<memref::LoadOp>(inner))
      gathers = true;
    if (!isa<math::MathDialect>(inner.getDialect()) &&
        !(inner.getNumResults() == 1 &&
          isa<FloatType>(inner.getResult(0).getType()) &&
          isa<arith::ArithDialect>(inner.getDialect())))
      continue;
    if (++parts > 4)
      break;
    name += "_" + inner.getName().stripDialect().str();
  }
  return gathers ? name + "_gather" : name;
}

struct OutlineKernels
    : public capstan::impl::CapstanOutlineKernelsBase<OutlineKernels> {
  using CapstanOutlineKernelsBase::CapstanOutlineKernelsBase;

  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> work;
    SmallVector<memref::CopyOp> copies;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function->hasAttr("capstan.kernel"))
        continue;
      walkHostCode(function, [&](Operation *op) {
        if (auto copy = dyn_cast<memref::CopyOp>(op))
          copies.push_back(copy);
        else if (auto linalg = dyn_cast<linalg::LinalgOp>(op))
          work.push_back(linalg);
      });
    }
    // The runtime copies what is contiguous.
    for (memref::CopyOp copy : copies) {
      auto source = dyn_cast<MemRefType>(copy.getSource().getType());
      auto target = dyn_cast<MemRefType>(copy.getTarget().getType());
      if (!source || !target ||
          (source.getLayout().isIdentity() && target.getLayout().isIdentity()))
        continue;
      OpBuilder b(copy);
      work.push_back(linalg::makeMemRefCopyOp(
          b, copy.getLoc(), copy.getSource(), copy.getTarget()));
      copy.erase();
    }
    KernelTable kernels(getOperation());
    for (linalg::LinalgOp op : work)
      if (op.hasPureBufferSemantics() && onDevice(op) &&
          failed(outline(op, kernels)))
        return signalPassFailure();
  }

  static bool onDevice(Operation *op) {
    return llvm::any_of(op->getOperandTypes(), [](Type type) {
      return isa<MemRefType>(type) && isDeviceType(type);
    });
  }

  LogicalResult outline(linalg::LinalgOp op, KernelTable &kernels) {
    IRRewriter rewriter(op);
    if (auto generic = dyn_cast<linalg::GenericOp>(op.getOperation())) {
      FailureOr<linalg::LinalgOp> ordered = parallelFirst(rewriter, generic);
      if (failed(ordered))
        return failure();
      op = *ordered;
    }
    Location loc = op.getLoc();

    // Leading parallel loops become the one that is split over threads; on the
    // host, the innermost loop stays a loop of its own.
    SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
    rewriter.setInsertionPoint(op);
    SmallVector<Range> ranges = op.createLoopRanges(rewriter, loc);
    unsigned band = 0, sized = 0;
    while (
        band < iterators.size() &&
        iterators[band] == utils::IteratorType::parallel &&
        (splitAll || (sized < 2 && (band == 0 || band + 1 < iterators.size()))))
      sized += getConstantIntValue(ranges[band++].size) != 1;

    Value extent = arith::ConstantIndexOp::create(rewriter, loc, 1);
    for (unsigned i = 0; i < band; ++i)
      extent = rewriter.createOrFold<arith::MulIOp>(
          loc, extent,
          getValueOrCreateConstantIndexOp(rewriter, loc, ranges[i].size));

    // What the kernel takes; constants move inside.
    llvm::SetVector<Value> captured(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    KernelFunction kernel(getOperation(), loc, captured);
    if (failed(fill(rewriter, kernel, op, band))) {
      kernel.function.erase();
      return failure();
    }
    kernel.markDistinct(op.getDpsInits());
    func::FuncOp known = kernels.add(kernel.function, "kernel_" + nameOf(op));
    numKernels += known == kernel.function;
    LaunchOp::create(rewriter, loc, known.getSymName(), kernel.arguments,
                     extent);
    rewriter.eraseOp(op);
    ++numLaunches;
    return success();
  }

  /// Parallel loops first: the outermost one is split over threads.
  FailureOr<linalg::LinalgOp> parallelFirst(IRRewriter &rewriter,
                                            linalg::GenericOp op) {
    SmallVector<unsigned> order;
    for (auto type :
         {utils::IteratorType::parallel, utils::IteratorType::reduction})
      for (auto [i, iterator] : llvm::enumerate(op.getIteratorTypesArray()))
        if (iterator == type)
          order.push_back(i);
    if (llvm::is_sorted(order))
      return cast<linalg::LinalgOp>(op.getOperation());
    rewriter.setInsertionPoint(op);
    auto result = linalg::interchangeGenericOp(rewriter, op, order);
    if (failed(result))
      return op.emitOpError("has no lowering: its loops can't be ordered");
    return cast<linalg::LinalgOp>(result->getOperation());
  }

  static LogicalResult fill(IRRewriter &rewriter, KernelFunction &kernel,
                            linalg::LinalgOp op, unsigned band) {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToEnd(&kernel.body());
    auto inner = cast<linalg::LinalgOp>(rewriter.clone(*op, kernel.map));
    func::ReturnOp::create(rewriter, op.getLoc());
    rewriter.setInsertionPoint(inner);
    auto loops = linalg::linalgOpToLoops(rewriter, inner);
    if (failed(loops))
      return op.emitOpError("has no lowering to loops");
    rewriter.eraseOp(inner);
    if (band > 0) {
      auto nest = llvm::map_to_vector(
          ArrayRef(*loops).take_front(band),
          [](Operation *loop) { return cast<scf::ForOp>(loop); });
      if (band > 1 && failed(coalesceLoops(rewriter, nest)))
        return op.emitOpError("has no lowering: its loops can't be joined");
      nest.front().setLowerBound(kernel.begin());
      nest.front().setUpperBound(kernel.end());
    }
    return success();
  }
};
} // namespace
