//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// PaddingOpInterface of linalg operations. A parallel loop keeps live and
// padded slots apart, so that nothing is masked there, except what may fail or
// fault: checks, indices, divisors, conversions of floats to integers. A
// reduction over padding keeps its accumulator where an iteration isn't live;
// a matrix product gets zeros there, so that it stays a matrix product.
//
//===----------------------------------------------------------------------===//

#include "PaddedGeneric.h"
#include "capstan/Transforms/PaddingModels.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/InferIntRangeInterface.h"

using namespace mlir;
using namespace capstan;

namespace {

/// One linalg operation, made anew.
class Rebuild {
public:
  Rebuild(linalg::LinalgOp op, Padder &padder)
      : op(op), padder(padder), maps(op.getIndexingMapsArray()),
        iterators(op.getIteratorTypesArray()) {}

  LogicalResult run();

private:
  LogicalResult findLoops();
  LogicalResult checkSums(ArrayRef<bool> found);
  LogicalResult takeOperands();
  LogicalResult cloneBody(PaddedGeneric &generic);
  LogicalResult cloneOp(PaddedGeneric &generic, Operation &inner);
  LogicalResult cloneExtract(PaddedGeneric &generic, tensor::ExtractOp extract);
  Value operandOf(PaddedGeneric &generic, Value value);
  bool isPlain();
  LogicalResult cloneAsIs();
  LogicalResult defineResults(ValueRange results);
  SmallVector<unsigned> paddedReductions();
  bool isNeutral(ArrayRef<unsigned> reductions);
  bool allInputsRunOver(ArrayRef<unsigned> reductions);
  Attribute stateAfter(unsigned result, unsigned loop);
  SmallVector<Attribute> fold(unsigned loop, SmallVector<bool> *keepsInit);
  ConstantIntRanges rangeOf(Value value);

  linalg::LinalgOp op;
  Padder &padder;
  SmallVector<AffineMap> maps;
  SmallVector<utils::IteratorType> iterators;
  SmallVector<DimLayout> loops;
  SmallVector<PaddedTensor> operands; // all of the op, materialized
  SmallVector<Value> inputs, inits;
  IRMapping mapping;
  DenseMap<Value, ConstantIntRanges> ranges;
};

} // namespace

//===----------------------------------------------------------------------===//
// Loops and operands
//===----------------------------------------------------------------------===//

/// Each loop runs over the slots of the dimensions that it indexes, which must
/// be live in the same places.
LogicalResult Rebuild::findLoops() {
  unsigned count = op.getNumLoops();
  loops.resize(count);
  SmallVector<bool> found(count, false);
  // Operands whose layout is decided first, the others after.
  for (bool free : {false, true}) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<RankedTensorType>(operand.get().getType()))
        continue;
      PaddedTensor tensor = padder.lookup(operand.get());
      if (tensor.isFree() != free)
        continue;
      AffineMap map = maps[operand.getOperandNumber()];
      for (auto [i, expr] : llvm::enumerate(map.getResults())) {
        auto dim = dyn_cast<AffineDimExpr>(expr);
        if (!dim)
          continue;
        unsigned loop = dim.getPosition();
        if (free && found[loop])
          continue; // made in the layout that the others have
        const DimLayout &layout = tensor.layouts[i];
        if (!found[loop]) {
          loops[loop] = layout;
          found[loop] = true;
        } else if (loops[loop] != layout) {
          // Sizes that are equal at run time may have different expressions.
          if (!loops[loop].keepsIndices() || !layout.keepsIndices() ||
              loops[loop].padded() != layout.padded())
            return padder.fail("has operands whose live elements are at "
                               "different places in loop " +
                               Twine(loop));
        }
      }
    }
  }
  return checkSums(found);
}

/// Indices that are sums of loops, as of a window that slides: what a live
/// iteration reads is live in the original, and has the same index here. Others
/// must stay inside of the operand.
LogicalResult Rebuild::checkSums(ArrayRef<bool> found) {
  SmallVector<AffineExpr> last;
  for (const DimLayout &loop : loops)
    last.push_back(getAffineConstantExpr(
        std::max<int64_t>(loop.padded(), 1) - 1, op.getContext()));
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = maps[operand.getOperandNumber()];
    for (auto [i, expr] : llvm::enumerate(map.getResults())) {
      if (isa<AffineDimExpr>(expr))
        continue;
      DimLayout layout = padder.lookup(operand.get()).layouts[i];
      bool padded = layout.hasPadding(), known = layout.keepsIndices();
      expr.walk([&](AffineExpr inner) {
        if (auto dim = dyn_cast<AffineDimExpr>(inner)) {
          const DimLayout &loop = loops[dim.getPosition()];
          padded |= loop.hasPadding();
          known &= found[dim.getPosition()] && loop.keepsIndices();
        } else if (auto constant = dyn_cast<AffineConstantExpr>(inner)) {
          known &= constant.getValue() >= 0;
        } else {
          known &= inner.getKind() == AffineExprKind::Add ||
                   inner.getKind() == AffineExprKind::Mul;
        }
      });
      if (!padded)
        continue;
      auto largest = dyn_cast<AffineConstantExpr>(expr.replaceDims(last));
      if (!known || op.isDpsInit(&operand) || !largest ||
          largest.getValue() >= layout.padded())
        return padder.fail("indexes operand " +
                           Twine(operand.getOperandNumber()) +
                           " by a sum of padded loops, at places that are not "
                           "known to be its own");
    }
  }
  return success();
}

LogicalResult Rebuild::takeOperands() {
  for (OpOperand &operand : op->getOpOperands()) {
    Type type = operand.get().getType();
    PaddedTensor tensor;
    if (!isa<RankedTensorType>(type)) {
      // A scalar: the program's host code gives it.
      tensor.value = padder.hostValue(operand.get());
      if (!tensor.value)
        return padder.fail("takes a host value that only the device knows");
    } else {
      tensor = padder.lookup(operand.get());
      if (tensor.isFree()) {
        SmallVector<DimLayout> layouts = tensor.layouts;
        for (auto [i, expr] :
             llvm::enumerate(maps[operand.getOperandNumber()].getResults()))
          if (auto dim = dyn_cast<AffineDimExpr>(expr))
            layouts[i] = loops[dim.getPosition()];
        tensor.value =
            padder.materialize(tensor, getElementTypeOrSelf(type), layouts);
        tensor.layouts = layouts;
      }
    }
    operands.push_back(tensor);
    (op.isDpsInit(&operand) ? inits : inputs).push_back(tensor.value);
  }
  return success();
}

SmallVector<unsigned> Rebuild::paddedReductions() {
  SmallVector<unsigned> result;
  for (auto [i, iterator] : llvm::enumerate(iterators))
    if (iterator != utils::IteratorType::parallel && loops[i].hasPadding())
      result.push_back(i);
  return result;
}

//===----------------------------------------------------------------------===//
// What padded slots hold
//===----------------------------------------------------------------------===//

/// What the body yields where `loop` is padded, as far as the states of the
/// operands decide it; and whether it yields its init.
SmallVector<Attribute> Rebuild::fold(unsigned loop,
                                     SmallVector<bool> *keepsInit) {
  Block &body = *op.getBlock();
  SmallVector<Attribute> none(op.getNumDpsInits());
  DenseMap<Value, OpFoldResult> known;
  bool any = false;
  for (OpOperand &operand : op->getOpOperands()) {
    PaddedTensor &tensor = operands[operand.getOperandNumber()];
    AffineMap map = maps[operand.getOperandNumber()];
    if (op.isDpsInit(&operand))
      continue;
    for (auto [i, expr] : llvm::enumerate(map.getResults()))
      if (expr == getAffineDimExpr(loop, op.getContext()) && tensor.states[i]) {
        known[op.getMatchingBlockArgument(&operand)] =
            OpFoldResult(tensor.states[i]);
        any = true;
      }
  }
  if (!any)
    return none;
  auto get = [&](Value value) -> OpFoldResult {
    auto it = known.find(value);
    if (it != known.end())
      return it->second;
    Attribute constant;
    if (matchPattern(value, m_Constant(&constant)))
      return constant;
    return value;
  };
  for (Operation &inner : body.without_terminator()) {
    if (inner.getNumRegions() || inner.getNumResults() != 1 ||
        !isMemoryEffectFree(&inner))
      continue;
    SmallVector<Attribute> attributes;
    IRMapping same;
    for (Value operand : inner.getOperands()) {
      OpFoldResult value = get(operand);
      attributes.push_back(dyn_cast<Attribute>(value));
      if (auto other = dyn_cast<Value>(value))
        same.map(operand, other);
    }
    // A copy: folding may change an operation.
    Operation *copy = inner.clone(same);
    SmallVector<OpFoldResult> results;
    if (succeeded(copy->fold(attributes, results)) && results.size() == 1)
      if (auto value = dyn_cast<Value>(results[0]);
          !value || value.getDefiningOp() != copy)
        known[inner.getResult(0)] = results[0];
    copy->erase();
  }
  SmallVector<Attribute> result;
  for (auto [i, yielded] :
       llvm::enumerate(body.getTerminator()->getOperands())) {
    OpFoldResult value = get(yielded);
    result.push_back(dyn_cast<Attribute>(value));
    if (keepsInit)
      (*keepsInit)[i] = dyn_cast<Value>(value) ==
                        op.getMatchingBlockArgument(op.getDpsInitOperand(i));
  }
  return result;
}

bool Rebuild::isNeutral(ArrayRef<unsigned> reductions) {
  for (unsigned loop : reductions) {
    SmallVector<bool> keeps(op.getNumDpsInits(), false);
    fold(loop, &keeps);
    if (!llvm::all_of(keeps, [](bool keep) { return keep; }))
      return false;
  }
  return true;
}

bool Rebuild::allInputsRunOver(ArrayRef<unsigned> reductions) {
  return llvm::all_of(reductions, [&](unsigned loop) {
    return llvm::all_of(
        ArrayRef(maps).take_front(inputs.size()),
        [&](AffineMap map) { return map.isFunctionOfDim(loop); });
  });
}

LogicalResult Rebuild::defineResults(ValueRange results) {
  for (OpResult result : op->getResults()) {
    unsigned n = result.getResultNumber();
    OpOperand *init = op.getDpsInitOperand(n);
    PaddedTensor tensor = operands[init->getOperandNumber()];
    tensor.value = results[n];
    tensor.fill = {};
    AffineMap map = maps[init->getOperandNumber()];
    for (auto [i, expr] : llvm::enumerate(map.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      tensor.states[i] = {};
      if (dim && op.getNumReductionLoops() == 0)
        tensor.states[i] = fold(dim.getPosition(), nullptr)[n];
      if (dim)
        tensor.layouts[i] = loops[dim.getPosition()];
    }
    if (failed(padder.define(result, tensor)))
      return failure();
  }
  return success();
}

/// The values that an integer of the body has in any iteration.
ConstantIntRanges Rebuild::rangeOf(Value value) {
  auto it = ranges.find(value);
  if (it != ranges.end())
    return it->second;
  unsigned width = ConstantIntRanges::getStorageBitwidth(value.getType());
  auto between = [&](int64_t low, int64_t high) {
    return ConstantIntRanges::fromSigned(APInt(width, low, true),
                                         APInt(width, high, true));
  };
  ConstantIntRanges result = ConstantIntRanges::maxRange(width);
  APInt constant;
  Operation *inner = value.getDefiningOp();
  if (matchPattern(value, m_ConstantInt(&constant))) {
    result = ConstantIntRanges::constant(constant);
  } else if (auto index = value.getDefiningOp<linalg::IndexOp>()) {
    result =
        between(0, std::max<int64_t>(loops[index.getDim()].padded(), 1) - 1);
  } else if (value.getParentBlock() != op.getBlock()) {
    if (width == 64) {
      SizeRange range = padder.symbols().range(padder.size(value));
      result = between(range.min, range.max);
    }
  } else if (auto infer = dyn_cast_or_null<InferIntRangeInterface>(inner)) {
    SmallVector<ConstantIntRanges> arguments;
    for (Value operand : inner->getOperands()) {
      if (!operand.getType().isIntOrIndex())
        return result;
      arguments.push_back(rangeOf(operand));
    }
    infer.inferResultRanges(
        arguments,
        [&](Value, const ConstantIntRanges &range) { result = range; });
  }
  ranges.insert({value, result});
  return result;
}

//===----------------------------------------------------------------------===//
// The body
//===----------------------------------------------------------------------===//

/// An operand in the new body, or null.
Value Rebuild::operandOf(PaddedGeneric &generic, Value value) {
  if (Value mapped = mapping.lookupOrNull(value))
    return mapped;
  if (isa<ShapedType>(value.getType()))
    return {};
  Value result = generic.hostValue(value);
  mapping.map(value, result);
  return result;
}

/// Element of a tensor around the operation: indices are those without padding,
/// and anything where the iteration isn't live.
LogicalResult Rebuild::cloneExtract(PaddedGeneric &generic,
                                    tensor::ExtractOp extract) {
  OpBuilder &b = generic.body();
  Location loc = extract.getLoc();
  PaddedTensor source = padder.lookup(extract.getTensor());
  if (source.isFree())
    source.value = padder.materialize(
        source, getElementTypeOrSelf(extract.getTensor().getType()),
        source.layouts);
  SmallVector<Value> indices;
  for (auto [index, layout] : llvm::zip(extract.getIndices(), source.layouts)) {
    // The loop's own index, where loop and dimension have the same slots.
    if (auto loop = index.getDefiningOp<linalg::IndexOp>();
        loop && loop->getBlock() == op.getBlock() &&
        generic.loop(loop.getDim()) == layout) {
      indices.push_back(generic.index(loop.getDim()));
      continue;
    }
    Value value = operandOf(generic, index);
    if (!value)
      return padder.fail("uses a host value that the device doesn't know");
    ConstantIntRanges range = rangeOf(index);
    bool inRange = layout.keepsIndices() && !range.smin().isNegative() &&
                   range.smax().slt(layout.padded());
    if (!inRange) {
      Value zero = arith::ConstantIndexOp::create(b, loc, 0);
      value = generic.select(generic.isLive(), value, zero);
    }
    indices.push_back(generic.paddedIndex(value, layout));
  }
  mapping.map(extract.getResult(),
              tensor::ExtractOp::create(b, loc, source.value, indices));
  return success();
}

LogicalResult Rebuild::cloneOp(PaddedGeneric &generic, Operation &inner) {
  OpBuilder &b = generic.body();
  Location loc = inner.getLoc();
  if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
    mapping.map(index.getResult(), generic.liveIndex(index.getDim()));
    return success();
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(inner))
    return cloneExtract(generic, extract);
  // What is guarded is so for this operation only.
  IRMapping local;
  for (Value operand : inner.getOperands()) {
    Value mapped = operandOf(generic, operand);
    if (!mapped)
      return padder.fail("uses, in its body, a value that the device doesn't "
                         "know, in '" +
                         inner.getName().getStringRef() + "'");
    local.map(operand, mapped);
  }
  auto guard = [&](unsigned i, TypedAttr safe) {
    Value live = generic.isLive();
    if (!live)
      return;
    Value other = arith::ConstantOp::create(b, loc, safe);
    Value old = local.lookup(inner.getOperand(i));
    local.map(inner.getOperand(i), generic.select(live, old, other));
  };
  if (isa<cf::AssertOp>(inner)) {
    ConstantIntRanges range = rangeOf(inner.getOperand(0));
    if (range.getConstantValue() && range.getConstantValue()->isOne())
      return success();
    guard(0, b.getBoolAttr(true));
  } else if (isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp,
                 arith::FloorDivSIOp, arith::CeilDivSIOp, arith::CeilDivUIOp>(
                 inner)) {
    ConstantIntRanges range = rangeOf(inner.getOperand(1));
    if (!range.smin().isStrictlyPositive())
      guard(1, b.getIntegerAttr(inner.getOperand(1).getType(), 1));
  } else if (isa<math::IPowIOp>(inner)) {
    // Zero to a negative power.
    guard(0, b.getIntegerAttr(inner.getOperand(0).getType(), 1));
  } else if (isa<arith::FPToSIOp, arith::FPToUIOp>(inner)) {
    guard(0, zeroOf(inner.getOperand(0).getType()));
  } else if (!isPure(&inner) || inner.getNumRegions()) {
    return padder.fail("has '" + inner.getName().getStringRef() +
                       "' in its body, which may fail or do more on padding");
  }
  Operation *copy = b.clone(inner, local);
  mapping.map(inner.getResults(), copy->getResults());
  return success();
}

LogicalResult Rebuild::cloneBody(PaddedGeneric &generic) {
  Block &body = *op.getBlock();
  for (unsigned i = 0, e = inputs.size(); i < e; ++i)
    mapping.map(body.getArgument(i), generic.input(i));
  for (unsigned i = 0, e = inits.size(); i < e; ++i)
    mapping.map(body.getArgument(inputs.size() + i), generic.init(i));
  for (Operation &inner : body.without_terminator())
    if (failed(cloneOp(generic, inner)))
      return failure();
  return success();
}

/// Whether the operation does on padding what it does on live slots: no index,
/// nothing from around it, nothing that may fail.
bool Rebuild::isPlain() {
  bool plain = true;
  op.getBlock()->walk([&](Operation *inner) {
    if (isa<linalg::YieldOp>(inner))
      return;
    plain &= isPure(inner) &&
             !isa<arith::FPToSIOp, arith::FPToUIOp, math::IPowIOp>(inner);
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      plain &= loops[index.getDim()].keepsIndices();
    for (Value operand : inner->getOperands())
      plain &= operand.getParentBlock() == inner->getBlock();
  });
  return plain;
}

LogicalResult Rebuild::cloneAsIs() {
  OpBuilder &b = padder.builder();
  SmallVector<Value> all(inputs);
  llvm::append_range(all, inits);
  SmallVector<Type> types;
  if (op.hasPureTensorSemantics())
    llvm::append_range(types, ValueRange(inits).getTypes());
  Operation *copy = clone(b, op, types, all);
  return defineResults(copy->getResults());
}

LogicalResult Rebuild::run() {
  if (!op.hasPureTensorSemantics())
    return padder.fail("has buffers");
  if (failed(findLoops()) || failed(takeOperands()))
    return failure();
  SmallVector<unsigned> reductions = paddedReductions();
  bool neutral = reductions.empty() || isNeutral(reductions);
  if (isPlain()) {
    if (neutral)
      return cloneAsIs();
    // Zeros times zeros add nothing; zeros times NaN would.
    if (linalg::isaContractionOpInterface(op) && allInputsRunOver(reductions)) {
      for (unsigned i = 0; i < inputs.size(); ++i) {
        SmallVector<unsigned> dims;
        for (auto [dim, expr] : llvm::enumerate(maps[i].getResults()))
          if (auto loop = dyn_cast<AffineDimExpr>(expr);
              loop && llvm::is_contained(reductions, loop.getPosition()))
            dims.push_back(dim);
        Type element = getElementTypeOrSelf(inputs[i].getType());
        auto masked = maskPadding(padder, op.getLoc(), operands[i], dims,
                                  zeroOf(element));
        if (failed(masked))
          return failure();
        operands[i] = *masked;
        inputs[i] = masked->value;
      }
      return cloneAsIs();
    }
  }
  PaddedGeneric generic(padder, op.getLoc(), loops, inputs, inits);
  if (failed(cloneBody(generic)))
    return failure();
  SmallVector<Value> results;
  for (auto [i, yielded] :
       llvm::enumerate(op.getBlock()->getTerminator()->getOperands())) {
    Value value = operandOf(generic, yielded);
    if (!value)
      return padder.fail("yields a value that the device doesn't know");
    if (!neutral)
      value =
          generic.select(generic.isLive(reductions), value, generic.init(i));
    results.push_back(value);
  }
  auto rebuilt = generic.finish(results, maps, iterators);
  return rebuilt ? defineResults(rebuilt.getResults()) : failure();
}

namespace {
template <typename OpT>
struct LinalgModel
    : public PaddingOpInterface::ExternalModel<LinalgModel<OpT>, OpT> {
  LogicalResult rebuildPadded(Operation *op, Padder &padder) const {
    return Rebuild(cast<linalg::LinalgOp>(op), padder).run();
  }
};

/// Contents that are all the same have no layout until somebody uses them.
struct FillModel
    : public PaddingOpInterface::ExternalModel<FillModel, linalg::FillOp> {
  LogicalResult rebuildPadded(Operation *op, Padder &padder) const {
    auto fill = cast<linalg::FillOp>(op);
    if (!op->getNumResults())
      return padder.fail("has buffers");
    PaddedTensor tensor = padder.lookup(fill.output());
    Value value = padder.hostValue(fill.value());
    if (!value)
      return fillOnDevice(fill, padder, tensor);
    if (!tensor.isFree())
      return Rebuild(fill, padder).run();
    tensor.fill = value;
    Attribute constant;
    if (matchPattern(fill.value(), m_Constant(&constant)))
      tensor.states.assign(tensor.layouts.size(), constant);
    return padder.define(op->getResult(0), tensor);
  }

  /// With a size, or a value that was read.
  static LogicalResult fillOnDevice(linalg::FillOp fill, Padder &padder,
                                    PaddedTensor tensor) {
    if (tensor.isFree())
      tensor.value = padder.materialize(
          tensor, getElementTypeOrSelf(fill.output().getType()),
          tensor.layouts);
    PaddedGeneric generic(padder, fill.getLoc(), tensor.layouts, {},
                          tensor.value);
    Value value = generic.hostValue(fill.value());
    if (!value)
      return padder.fail("takes a host value that the device doesn't know");
    unsigned rank = tensor.layouts.size();
    SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
    auto made = generic.finish(
        value, generic.body().getMultiDimIdentityMap(rank), loops);
    if (!made)
      return failure();
    tensor.value = made.getResult(0);
    tensor.fill = {};
    tensor.states.assign(rank, {});
    return padder.define(fill->getResult(0), tensor);
  }
};

template <typename... OpTs> void attach(MLIRContext *context) {
  (OpTs::template attachInterface<LinalgModel<OpTs>>(*context), ...);
}
} // namespace

void capstan::registerLinalgPaddingModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    linalg::FillOp::attachInterface<FillModel>(*context);
    attach<
#define GET_OP_LIST
#include "mlir/Dialect/Linalg/IR/LinalgStructuredOps.cpp.inc"
        >(context);
  });
}
