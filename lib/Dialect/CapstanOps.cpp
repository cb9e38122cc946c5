//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Verifiers, folds and canonicalizations of the host-sync operations.
//
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/Capstan.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace capstan;

using EffectList = SmallVectorImpl<MemoryEffects::EffectInstance>;

/// A sync reads the HostSync resource, and its source where that is a memref.
static void addSyncEffects(MutableOperandRange sources, EffectList &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), HostSyncResource::get());
  for (OpOperand &source : sources)
    if (isa<BaseMemRefType>(source.get().getType()))
      effects.emplace_back(MemoryEffects::Read::get(), &source);
}

/// Buffers that a sync gives are memory of its own. That they are filled in,
/// too, keeps upstream from erasing the sync with the deallocation of one of
/// them.
static void addAllocations(ResultRange results, EffectList &effects) {
  for (OpResult result : results)
    if (isa<BaseMemRefType>(result.getType())) {
      effects.emplace_back(MemoryEffects::Allocate::get(), result);
      effects.emplace_back(MemoryEffects::Write::get(), result);
    }
}

static SmallVector<OpOperand *> pointers(MutableOperandRange operands) {
  SmallVector<OpOperand *> result;
  for (OpOperand &operand : operands)
    result.push_back(&operand);
  return result;
}

/// Same element type and shape.
static bool sameContents(Type a, Type b) {
  auto x = dyn_cast<ShapedType>(a), y = dyn_cast<ShapedType>(b);
  return x && y && x.getElementType() == y.getElementType() &&
         x.getShape() == y.getShape();
}

//===----------------------------------------------------------------------===//
// item
//===----------------------------------------------------------------------===//

LogicalResult ItemOp::verify() {
  auto type = cast<ShapedType>(getSource().getType());
  if (isHostType(type))
    return emitOpError("reads a host tensor, which is no host sync; use "
                       "tensor.extract or memref.load");
  if (static_cast<int64_t>(getIndices().size()) != type.getRank())
    return emitOpError("expects ")
           << type.getRank() << " indices for a source of rank "
           << type.getRank() << ", got " << getIndices().size();
  return success();
}

SmallVector<OpOperand *> ItemOp::getSyncSources() {
  return {&getSourceMutable()};
}
StringRef ItemOp::getSyncConversion(unsigned) { return "item"; }
void ItemOp::getEffects(EffectList &effects) {
  addSyncEffects(MutableOperandRange(getOperation(), 0, 1), effects);
}

OpFoldResult ItemOp::fold(FoldAdaptor adaptor) {
  // item of a constant
  if (auto elements =
          dyn_cast_if_present<DenseElementsAttr>(adaptor.getSource())) {
    if (elements.isSplat())
      return elements.getSplatValue<Attribute>();
    SmallVector<uint64_t> index;
    for (Attribute i : adaptor.getIndices()) {
      auto value = dyn_cast_if_present<IntegerAttr>(i);
      if (!value || value.getInt() < 0)
        return {};
      index.push_back(value.getInt());
    }
    if (ElementsAttr::isValidIndex(elements.getType(), index))
      return elements.getValues<Attribute>()[index];
    return {};
  }
  // item of tensor.from_elements
  if (auto from = getSource().getDefiningOp<tensor::FromElementsOp>()) {
    int64_t flat = 0;
    auto type = cast<RankedTensorType>(from.getType());
    for (auto [dim, i] : llvm::zip(type.getShape(), adaptor.getIndices())) {
      auto value = dyn_cast_if_present<IntegerAttr>(i);
      if (!value || value.getInt() < 0 || value.getInt() >= dim)
        return {};
      flat = flat * dim + value.getInt();
    }
    return from.getElements()[flat];
  }
  return {};
}

//===----------------------------------------------------------------------===//
// to_host
//===----------------------------------------------------------------------===//

LogicalResult ToHostOp::verify() {
  if (!isHostType(getType()))
    return emitOpError("result must be a tensor with encoding #capstan.host");
  if (!sameContents(getSource().getType(), getType()))
    return emitOpError("source and result must have the same shape and element "
                       "type");
  return success();
}

SmallVector<OpOperand *> ToHostOp::getSyncSources() {
  return {&getSourceMutable()};
}
StringRef ToHostOp::getSyncConversion(unsigned) { return "copy"; }
void ToHostOp::getEffects(EffectList &effects) {
  addSyncEffects(MutableOperandRange(getOperation(), 0, 1), effects);
  addAllocations(getOperation()->getResults(), effects);
}

OpFoldResult ToHostOp::fold(FoldAdaptor) {
  if (getSource().getType() == getType())
    return getSource();
  return {};
}

//===----------------------------------------------------------------------===//
// fetch, fetch.start, fetch.wait
//===----------------------------------------------------------------------===//

/// What `fetch` and `fetch.start` have in common.
static LogicalResult verifyFetch(Operation *op, ValueRange sources,
                                 ArrayAttr conversions, TypeRange results) {
  if (sources.size() != results.size() || sources.size() != conversions.size())
    return op->emitOpError("expects one conversion and one result for each "
                           "source; got ")
           << sources.size() << " sources, " << conversions.size()
           << " conversions, " << results.size() << " results";
  for (auto [i, source] : llvm::enumerate(sources)) {
    StringRef conversion = cast<StringAttr>(conversions[i]).getValue();
    ShapedType from;
    if (isa<RankedTensorType, MemRefType>(source.getType()))
      from = cast<ShapedType>(source.getType());
    if (isHostType(source.getType()))
      return op->emitOpError("source #") << i << " is already on the host";
    if (!from) {
      if (isa<ShapedType>(source.getType()))
        return op->emitOpError("source #")
               << i
               << " must be a ranked tensor or memref, or a value of a "
                  "foreign type";
      continue;
    }
    if (conversion == "item") {
      if (!from.hasStaticShape() || from.getNumElements() != 1)
        return op->emitOpError("source #")
               << i
               << " must have exactly one element to be fetched as \"item\"";
      if (results[i] != from.getElementType())
        return op->emitOpError("result #")
               << i << " must have the element type of its source, "
               << from.getElementType();
    } else if (conversion == "copy") {
      if (!isHostType(results[i]) || !sameContents(from, results[i]))
        return op->emitOpError("result #")
               << i
               << " must be a #capstan.host tensor of the shape and element "
               << "type of its source";
    } else {
      return op->emitOpError("conversion \"")
             << conversion << "\" is not one for a builtin tensor; expected "
             << "\"item\" or \"copy\"";
    }
  }
  return success();
}

LogicalResult FetchOp::verify() {
  return verifyFetch(*this, getSources(), getConversions(), getResultTypes());
}

SmallVector<OpOperand *> FetchOp::getSyncSources() {
  return pointers(getSourcesMutable());
}
StringRef FetchOp::getSyncConversion(unsigned index) {
  return cast<StringAttr>(getConversions()[index]).getValue();
}
void FetchOp::getEffects(EffectList &effects) {
  addSyncEffects(getSourcesMutable(), effects);
  addAllocations(getOperation()->getResults(), effects);
}

namespace {
/// Drops results without uses and fetches equal sources once.
struct SimplifyFetch : OpRewritePattern<FetchOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(FetchOp op,
                                PatternRewriter &rewriter) const override {
    SmallVector<Value> sources, replacements;
    SmallVector<Attribute> conversions;
    SmallVector<Type> types;
    SmallVector<int64_t> newIndex(op.getNumResults(), -1);
    for (unsigned i = 0, e = op.getNumResults(); i < e; ++i) {
      if (op.getResult(i).use_empty())
        continue;
      for (unsigned j = 0, f = sources.size(); j < f; ++j)
        if (sources[j] == op.getSources()[i] &&
            conversions[j] == op.getConversions()[i] &&
            types[j] == op.getResult(i).getType())
          newIndex[i] = j;
      if (newIndex[i] >= 0)
        continue;
      newIndex[i] = sources.size();
      sources.push_back(op.getSources()[i]);
      conversions.push_back(op.getConversions()[i]);
      types.push_back(op.getResult(i).getType());
    }
    if (sources.size() == op.getSources().size())
      return failure();
    if (sources.empty()) {
      rewriter.eraseOp(op);
      return success();
    }
    auto slim = FetchOp::create(rewriter, op.getLoc(), types, sources,
                                rewriter.getArrayAttr(conversions));
    slim->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    for (auto [i, result] : llvm::enumerate(op.getResults()))
      if (newIndex[i] >= 0)
        rewriter.replaceAllUsesWith(result, slim.getResult(newIndex[i]));
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

void FetchOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                          MLIRContext *context) {
  patterns.add<SimplifyFetch>(context);
}

LogicalResult FetchStartOp::verify() {
  return verifyFetch(*this, getSources(), getConversions(),
                     getFuture().getType().getTypes());
}

SmallVector<OpOperand *> FetchStartOp::getSyncSources() {
  return pointers(getSourcesMutable());
}
StringRef FetchStartOp::getSyncConversion(unsigned index) {
  return cast<StringAttr>(getConversions()[index]).getValue();
}
bool FetchStartOp::isBlocking() { return false; }
void FetchStartOp::getEffects(EffectList &effects) {
  addSyncEffects(getSourcesMutable(), effects);
  // Each future is waited for at most once: two equal starts are not one.
  effects.emplace_back(MemoryEffects::Allocate::get(),
                       cast<OpResult>(getFuture()), HostSyncResource::get());
}

LogicalResult FetchWaitOp::verify() {
  ArrayRef<Type> expected = getFuture().getType().getTypes();
  if (expected != ArrayRef<Type>(SmallVector<Type>(getResultTypes())))
    return emitOpError("result types must be those of the future");
  return success();
}
void FetchWaitOp::getEffects(EffectList &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), HostSyncResource::get());
  addAllocations(getOperation()->getResults(), effects);
}

//===----------------------------------------------------------------------===//
// device_check
//===----------------------------------------------------------------------===//

LogicalResult DeviceCheckOp::verify() {
  Type type = getCondition().getType();
  if (isHostType(type))
    return emitOpError("condition is on the host; use cf.assert");
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    if (!tensor.getElementType().isInteger(1))
      return emitOpError("condition must be a device tensor of i1");
  if (type.isIntOrIndexOrFloat())
    return emitOpError("condition is a host value; use cf.assert");
  return success();
}

void DeviceCheckOp::getEffects(EffectList &effects) {
  effects.emplace_back(MemoryEffects::Write::get());
}

#define GET_OP_CLASSES
#include "capstan/Dialect/CapstanOps.cpp.inc"
