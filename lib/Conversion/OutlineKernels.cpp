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

#include "capstan/Analysis/HostCode.h"
#include "capstan/Conversion/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANOUTLINEKERNELS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {

/// The buffer that a view is of.
Value rootOf(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value;
}

/// Whether `other` was there before the allocation `alloc` was made, and so
/// isn't in its memory.
bool isOlder(Value other, memref::AllocOp alloc) {
  if (auto argument = dyn_cast<BlockArgument>(other))
    return argument.getOwner()->findAncestorOpInBlock(*alloc);
  Operation *op = other.getDefiningOp();
  Operation *ancestor = op->getBlock()->findAncestorOpInBlock(*alloc);
  return ancestor && op->isBeforeInBlock(ancestor);
}

/// Whether what `written` points into is distinct from each other buffer.
bool isDistinct(Value written, ArrayRef<Value> buffers) {
  Value root = rootOf(written);
  auto alloc = root.getDefiningOp<memref::AllocOp>();
  if (!alloc)
    return false;
  for (Value buffer : buffers) {
    Value other = rootOf(buffer);
    if (buffer == written)
      continue;
    if (other == root)
      return false;
    if (!other.getDefiningOp<memref::AllocOp>() && !isOlder(other, alloc))
      return false;
  }
  return true;
}

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
    SymbolTable symbols(getOperation());
    for (linalg::LinalgOp op : work)
      if (op.hasPureBufferSemantics() && onDevice(op) &&
          failed(outline(op, symbols)))
        return signalPassFailure();
  }

  static bool onDevice(Operation *op) {
    return llvm::any_of(op->getOperandTypes(), [](Type type) {
      return isa<MemRefType>(type) && isDeviceType(type);
    });
  }

  LogicalResult outline(linalg::LinalgOp op, SymbolTable &symbols) {
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
    SmallVector<Value> arguments;
    SmallVector<Operation *> constants;
    for (Value value : captured)
      if (matchPattern(value, m_Constant()) &&
          !isa<ShapedType>(value.getType()))
        constants.push_back(value.getDefiningOp());
      else
        arguments.push_back(value);

    func::FuncOp kernel =
        makeKernel(rewriter, op, band, arguments, constants, symbols);
    if (!kernel)
      return failure();
    LaunchOp::create(rewriter, loc, kernel.getSymName(), arguments, extent);
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

  func::FuncOp makeKernel(IRRewriter &rewriter, linalg::LinalgOp op,
                          unsigned band, ArrayRef<Value> arguments,
                          ArrayRef<Operation *> constants,
                          SymbolTable &symbols) {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToEnd(getOperation().getBody());
    SmallVector<Type> types(ValueRange(arguments).getTypes());
    types.append(2, rewriter.getIndexType());
    auto kernel = func::FuncOp::create(rewriter, op.getLoc(), "kernel",
                                       rewriter.getFunctionType(types, {}));
    kernel.setPrivate();
    kernel->setAttr("capstan.kernel", rewriter.getUnitAttr());
    markDistinct(kernel, op, arguments);

    Block *body = kernel.addEntryBlock();
    rewriter.setInsertionPointToStart(body);
    IRMapping mapping;
    mapping.map(arguments, body->getArguments().drop_back(2));
    for (Operation *constant : constants)
      rewriter.clone(*constant, mapping);
    auto inner = cast<linalg::LinalgOp>(rewriter.clone(*op, mapping));
    func::ReturnOp::create(rewriter, op.getLoc());
    rewriter.setInsertionPoint(inner);
    auto loops = linalg::linalgOpToLoops(rewriter, inner);
    if (failed(loops)) {
      op.emitOpError("has no lowering to loops");
      kernel.erase();
      return {};
    }
    rewriter.eraseOp(inner);
    if (band > 0) {
      auto nest = llvm::map_to_vector(
          ArrayRef(*loops).take_front(band),
          [](Operation *loop) { return cast<scf::ForOp>(loop); });
      if (band > 1 && failed(coalesceLoops(rewriter, nest))) {
        op.emitOpError("has no lowering: its loops can't be joined");
        kernel.erase();
        return {};
      }
      auto index = body->getArguments().take_back(2);
      nest.front().setLowerBound(index[0]);
      nest.front().setUpperBound(index[1]);
    }

    // Equal kernels are one.
    std::string text;
    llvm::raw_string_ostream os(text);
    kernel->print(os, OpPrintingFlags().useLocalScope());
    auto [known, isNew] = kernels.try_emplace(text, kernel);
    if (!isNew) {
      kernel.erase();
      return known->second;
    }
    kernel.setSymName("kernel_" + nameOf(op));
    symbols.insert(kernel);
    ++numKernels;
    return kernel;
  }

  /// If no written buffer overlaps another argument, all are distinct as far
  /// as LLVM can tell.
  void markDistinct(func::FuncOp kernel, linalg::LinalgOp op,
                    ArrayRef<Value> arguments) {
    SmallVector<Value> buffers;
    for (Value value : arguments)
      if (isa<MemRefType>(value.getType()))
        buffers.push_back(value);
    for (Value written : op.getDpsInits())
      if (!isDistinct(written, buffers))
        return;
    for (auto [i, value] : llvm::enumerate(arguments))
      if (isa<MemRefType>(value.getType()))
        kernel.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(),
                          UnitAttr::get(&getContext()));
  }

  llvm::StringMap<func::FuncOp> kernels;
};
} // namespace
