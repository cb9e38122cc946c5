//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Which slots the loops of a linalg operation run over, what padded slots hold,
// and what has to be masked for that.
//
//===----------------------------------------------------------------------===//

#include "PaddedLinalg.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace capstan;

//===----------------------------------------------------------------------===//
// Loops and operands
//===----------------------------------------------------------------------===//

/// Each loop runs over the slots of the dimensions that it indexes, which must
/// be live in the same places.
LogicalResult PaddedLinalg::findLoops() {
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
LogicalResult PaddedLinalg::checkSums(ArrayRef<bool> found) {
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

LogicalResult PaddedLinalg::takeOperands() {
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

//===----------------------------------------------------------------------===//
// What padded slots hold
//===----------------------------------------------------------------------===//

/// What the body yields where `loop` is padded, as far as the states of the
/// operands decide it; and whether it yields its init.
SmallVector<Attribute> PaddedLinalg::fold(unsigned loop,
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

bool PaddedLinalg::isNeutral(ArrayRef<unsigned> reductions) {
  for (unsigned loop : reductions) {
    SmallVector<bool> keeps(op.getNumDpsInits(), false);
    fold(loop, &keeps);
    if (!llvm::all_of(keeps, [](bool keep) { return keep; }))
      return false;
  }
  return true;
}

bool PaddedLinalg::allInputsRunOver(ArrayRef<unsigned> reductions) {
  return llvm::all_of(reductions, [&](unsigned loop) {
    return llvm::all_of(
        ArrayRef(maps).take_front(inputs.size()),
        [&](AffineMap map) { return map.isFunctionOfDim(loop); });
  });
}

//===----------------------------------------------------------------------===//
// The operation
//===----------------------------------------------------------------------===//

SmallVector<unsigned> PaddedLinalg::paddedReductions() {
  SmallVector<unsigned> result;
  for (auto [i, iterator] : llvm::enumerate(iterators))
    if (iterator != utils::IteratorType::parallel && loops[i].hasPadding())
      result.push_back(i);
  return result;
}

LogicalResult PaddedLinalg::defineResults(ValueRange results) {
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

LogicalResult PaddedLinalg::cloneAsIs() {
  OpBuilder &b = padder.builder();
  SmallVector<Value> all(inputs);
  llvm::append_range(all, inits);
  SmallVector<Type> types;
  if (op.hasPureTensorSemantics())
    llvm::append_range(types, ValueRange(inits).getTypes());
  Operation *copy = clone(b, op, types, all);
  return defineResults(copy->getResults());
}

LogicalResult PaddedLinalg::run() {
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
