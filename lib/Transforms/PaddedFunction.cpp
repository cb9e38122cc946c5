//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The clone that --capstan-pad-to-static makes: its arguments, its results, and
// what operations ask for while they are made anew.
//
//===----------------------------------------------------------------------===//

#include "PaddedFunction.h"
#include "capstan/Analysis/TensorMemory.h"
#include "capstan/Dialect/Dims.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace capstan;

//===----------------------------------------------------------------------===//
// Services
//===----------------------------------------------------------------------===//

LogicalResult PaddedFunction::fail(const Twine &why) {
  if (looking) {
    obstacle = {outermost, current, why.str()};
    return failure();
  }
  InFlightDiagnostic error = current->emitOpError("can't be padded: ") << why;
  if (calls.size() > 1)
    error.attachNote(original.getLoc()) << "in a bucket of this function";
  return failure();
}

PaddedTensor PaddedFunction::lookup(Value tensor) {
  auto it = tensors.find(tensor);
  if (it != tensors.end())
    return it->second;
  // What has no padded form has no padding: a constant, made when needed.
  PaddedTensor result;
  Attribute constant;
  if (matchPattern(tensor, m_Constant(&constant))) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(entry);
    result.value = arith::ConstantOp::create(b, tensor.getLoc(),
                                             cast<TypedAttr>(constant));
    for (int64_t size : cast<RankedTensorType>(tensor.getType()).getShape())
      result.layouts.push_back(DimLayout::fixed(size));
    result.states.resize(result.layouts.size());
  }
  return tensors[tensor] = result;
}

Value PaddedFunction::materialize(const PaddedTensor &tensor, Type elementType,
                                  ArrayRef<DimLayout> layouts) {
  SmallVector<int64_t> shape;
  for (const DimLayout &layout : layouts)
    shape.push_back(layout.padded());
  Location loc = current->getLoc();
  Value result = tensor::EmptyOp::create(b, loc, shape, elementType);
  if (tensor.fill)
    result = linalg::FillOp::create(b, loc, tensor.fill, result).getResult(0);
  return result;
}

std::optional<DimLayout> PaddedFunction::layoutFor(const SizeExpr &size) {
  SizeRange range = table.range(size);
  if (!range.hasMax())
    return std::nullopt;
  // A check may say more of a size later: the first answer stays.
  auto [it, isNew] = paddedSizes.try_emplace(table.str(size), range.max);
  return DimLayout(size, std::max<int64_t>(it->second, 0));
}

Value PaddedFunction::hostValue(Value value) {
  if (Value known = hosts.lookupOrNull(value)) {
    // Made in a region that may be left by now.
    Region *region = known.getParentRegion();
    if (region->isAncestor(b.getInsertionBlock()->getParent()))
      return known;
  }
  Value result;
  Attribute constant;
  Operation *op = value.getDefiningOp();
  if (matchPattern(value, m_Constant(&constant))) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(entry);
    result = b.clone(*op)->getResult(0);
  } else if (value.getType().isIntOrIndex() && sizes.size(value).constant()) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(entry);
    result = arith::ConstantOp::create(
        b, value.getLoc(),
        b.getIntegerAttr(value.getType(), *sizes.size(value).constant()));
  } else if (op && op->getNumRegions() == 0 && isMemoryEffectFree(op) &&
             op->getNumOperands() > 0 &&
             !isa<tensor::TensorDialect>(op->getDialect())) {
    IRMapping operands;
    for (Value operand : op->getOperands()) {
      Value mapped =
          isa<ShapedType>(operand.getType()) ? Value() : hostValue(operand);
      if (!mapped)
        return {};
      operands.map(operand, mapped);
    }
    result = b.clone(*op, operands)
                 ->getResult(cast<OpResult>(value).getResultNumber());
  }
  if (result)
    hosts.map(value, result);
  return result;
}

Value PaddedFunction::symbolValue(SymbolId id) {
  if (table[id].kind == SizeSymbol::Declared)
    return extents.lookup(table[id].name);
  return symbolSources.lookup(id);
}

Value PaddedFunction::readSource(Value value) {
  return readSources.lookup(value);
}

/// NaN, or -1, where nothing is promised: a test that nobody relies on it.
LogicalResult PaddedFunction::addPoison(PaddedTensor &tensor,
                                        Type elementType) {
  SmallVector<unsigned> dims;
  for (auto [i, layout] : llvm::enumerate(tensor.layouts))
    if (layout.hasPadding() && !tensor.states[i])
      dims.push_back(i);
  TypedAttr attribute;
  if (auto type = dyn_cast<FloatType>(elementType))
    attribute = b.getFloatAttr(type, APFloat::getNaN(type.getFloatSemantics()));
  else
    attribute = b.getIntegerAttr(elementType, -1);
  unsigned masks = numMasks;
  Location loc = current->getLoc();
  auto poisoned = maskPadding(*this, loc, tensor, dims, attribute);
  // What is promised of a dimension holds where another is padded, too.
  for (auto [i, state] : llvm::enumerate(tensor.states)) {
    if (failed(poisoned) || !state || dims.empty())
      continue;
    poisoned->states[i] = {};
    poisoned = maskPadding(*this, loc, *poisoned, i, cast<TypedAttr>(state));
  }
  numMasks = masks;
  if (failed(poisoned))
    return failure();
  tensor.value = poisoned->value;
  return success();
}

LogicalResult PaddedFunction::define(Value result, PaddedTensor tensor) {
  auto type = cast<RankedTensorType>(result.getType());
  Type element = type.getElementType();
  SmallVector<int64_t> shape;
  for (const DimLayout &layout : tensor.layouts)
    shape.push_back(layout.padded());
  int64_t bytes = bytesOf(shape, element);
  // Without padding it is a weight, or as large in every bucket.
  if (memoryLimit > 0 && bytes > memoryLimit && tensor.hasPadding())
    return fail("a buffer of " + Twine(bytes) +
                " bytes is over the memory limit of " + Twine(memoryLimit));
  if (poison && !tensor.isFree() && tensor.hasPadding() &&
      element.isIntOrFloat() && failed(addPoison(tensor, element)))
    return failure();
  tensors[result] = std::move(tensor);
  return success();
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

/// Declared symbols are at most what the bucket says.
LogicalResult PaddedFunction::setBounds() {
  sizes.enter(original);
  for (auto [name, size] : bucket) {
    auto symbol = table.lookup(name);
    if (!symbol)
      return original.emitError("declares no symbol '") << name << "'";
    SizeRange range = table.range(*symbol);
    int64_t unit = symbol->getTerms().begin()->second;
    if (size < 1 || size < range.min || size > range.max || size % unit != 0)
      return original.emitError("a bucket of ")
             << name << " = " << size << " is not allowed: " << name << " is "
             << range.min << " to " << range.max << ", in steps of " << unit;
    if (!extents.try_emplace(name, Value()).second)
      return original.emitError("a bucket gives '") << name << "' twice";
    table.restrict(*symbol, {range.min, size});
  }
  for (SymbolId id = 0; id < table.size(); ++id)
    if (table[id].kind == SizeSymbol::Declared &&
        !extents.contains(table[id].name))
      return original.emitError("a bucket has no size for symbol '")
             << table[id].name << "'";
  return success();
}

LogicalResult PaddedFunction::addArguments() {
  entry = clone.addEntryBlock();
  b.setInsertionPointToStart(entry);
  unsigned next = original.getNumArguments();
  for (auto [name, size] : bucket)
    extents[name] = entry->getArgument(next++);
  current = original;
  outermost = &original.getBody().front().front();
  for (auto [from, to] :
       llvm::zip(original.getArguments(), entry->getArguments())) {
    auto type = dyn_cast<RankedTensorType>(from.getType());
    if (!type) {
      // A size differs from batch to batch: the device has it.
      if (!original.getArgAttr(from.getArgNumber(), kSizeAttr))
        hosts.map(from, to);
      continue;
    }
    PaddedTensor tensor;
    tensor.value = to;
    for (const SizeExpr &size : sizes.dims(from))
      tensor.layouts.push_back(*layoutFor(size));
    tensor.states.resize(tensor.layouts.size());
    if (failed(define(from, tensor)))
      return failure();
  }
  return success();
}

/// What is live in a tensor that is handed to host code; none if that isn't in
/// one piece.
std::optional<ArrayAttr> PaddedFunction::liveDims(const PaddedTensor &tensor) {
  SmallVector<Attribute> dims;
  for (const DimLayout &layout : tensor.layouts) {
    if (!layout.keepsIndices())
      return std::nullopt;
    SizeExpr live = *layout.live();
    if (auto constant = live.constant())
      dims.push_back(b.getI64IntegerAttr(*constant));
    else
      dims.push_back(DimAttr::get(b.getContext(), table.str(live), {}, {}, {}));
  }
  return b.getArrayAttr(dims);
}

LogicalResult PaddedFunction::visitReturn(const StaticPart &part) {
  SmallVector<Value> results;
  SmallVector<Type> types;
  SmallVector<ArrayAttr> live; // of tensors
  current = outermost = part.end;
  for (auto [i, operand] : llvm::enumerate(part.results)) {
    if (!isa<RankedTensorType>(operand.getType())) {
      results.push_back(hostValue(operand));
      if (!results.back())
        return fail("it returns a host value that only the device knows");
      types.push_back(operand.getType());
      live.push_back({});
      continue;
    }
    PaddedTensor tensor = lookup(operand);
    if (tensor.isFree())
      tensor.value = materialize(
          tensor, getElementTypeOrSelf(operand.getType()), tensor.layouts);
    auto dims = liveDims(tensor);
    if (!dims)
      return fail("the live elements of a result are not in one piece");
    results.push_back(tensor.value);
    types.push_back(tensor.value.getType());
    live.push_back(*dims);
  }
  func::ReturnOp::create(b, part.end->getLoc(), results);
  clone.setFunctionType(
      b.getFunctionType(clone.getFunctionType().getInputs(), types));
  bool isWhole = isa<func::ReturnOp>(part.end);
  for (auto [i, dims] : llvm::enumerate(live)) {
    NamedAttrList attributes;
    if (isWhole)
      attributes = original.getResultAttrDict(i);
    attributes.erase(kDimsAttr);
    if (dims)
      attributes.set(kLiveAttr, dims);
    clone.setResultAttrs(i, attributes.getDictionary(b.getContext()));
  }
  return success();
}

/// The clone without its body; null after an error.
func::FuncOp PaddedFunction::declare() {
  std::string name = original.getName().str();
  NamedAttrList sizesOf;
  SmallVector<Type> inputs;
  SmallVector<DictionaryAttr> attributes;
  for (BlockArgument argument : original.getArguments()) {
    unsigned n = argument.getArgNumber();
    NamedAttrList kept(original.getArgAttrDict(n));
    Type type = argument.getType();
    if (auto tensor = dyn_cast<RankedTensorType>(type)) {
      SmallVector<int64_t> shape;
      for (auto [i, size] : llvm::enumerate(sizes.dims(argument))) {
        auto layout = layoutFor(size);
        if (!layout) {
          original.emitError("can't be padded: argument ")
              << n << " has no bound for dimension " << i << ", "
              << table.str(size);
          return {};
        }
        shape.push_back(layout->padded());
      }
      type = tensor.clone(shape);
      if (Attribute dims = kept.erase(kDimsAttr))
        kept.set(kLiveAttr, dims);
      kept.erase(kLengthsAttr);
    }
    inputs.push_back(type);
    attributes.push_back(kept.getDictionary(b.getContext()));
  }
  for (auto [symbol, size] : bucket) {
    name += ("_" + symbol + Twine(size)).str();
    sizesOf.set(symbol, b.getI64IntegerAttr(size));
    inputs.push_back(RankedTensorType::get({}, b.getI64Type()));
    attributes.push_back(b.getDictionaryAttr(
        b.getNamedAttr(kExtentAttr, b.getStringAttr(symbol))));
  }
  b.setInsertionPointAfter(original);
  auto made = func::FuncOp::create(b, original.getLoc(), name,
                                   b.getFunctionType(inputs, {}),
                                   ArrayRef<NamedAttribute>(), attributes);
  made->setAttr(kBucketAttr, sizesOf.getDictionary(b.getContext()));
  made->setAttr(kBucketOfAttr, FlatSymbolRefAttr::get(original));
  return made;
}

/// Inputs are padded in memory of their own; buffers may share theirs.
LogicalResult PaddedFunction::checkMemory() {
  if (memoryLimit <= 0)
    return success();
  SmallVector<BlockArgument> staged;
  for (auto [from, to] :
       llvm::zip(original.getArguments(), entry->getArguments()))
    if (from.getType() != to.getType())
      staged.push_back(to);
  TensorPeak peak = findTensorPeak(clone, staged);
  if (peak.bytes <= memoryLimit)
    return success();
  InFlightDiagnostic error = original.emitError("can't be padded: bucket ");
  llvm::interleave(
      bucket, [&](auto &size) { error << size.first << '=' << size.second; },
      [&] { error << '/'; });
  error << " needs " << peak.bytes
        << " bytes at one moment, over the memory limit of " << memoryLimit;
  constexpr unsigned named = 3;
  for (auto [value, bytes] : ArrayRef(peak.alive).take_front(named))
    error.attachNote(value.getLoc())
        << bytes << " of them are this " << value.getType();
  return failure();
}

func::FuncOp PaddedFunction::run(const StaticPart &part) {
  if (failed(setBounds()) || !(clone = declare()))
    return {};
  calls.push_back(original);
  if (succeeded(addArguments()) &&
      succeeded(walk(original.getBody().front(), part.end)) &&
      succeeded(visitReturn(part)) && succeeded(checkMemory()))
    return clone;
  clone.erase();
  return {};
}

func::FuncOp PaddedFunction::run() {
  Operation *end = original.getBody().front().getTerminator();
  return run({end, llvm::to_vector(end->getOperands())});
}
