//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Clones a function with every dimension at a bucket's size. Walks the original
// in program order, into calls, and has each operation made anew on padded
// tensors (PaddingOpInterface). Host integers disappear: sizes are static, and
// where a body needs a live value, the device has it.
//
//   func.func @main(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max =
//   64>]})
//   // becomes, beside it
//   func.func @main_T64(%x: tensor<64xf32>, %T: tensor<i64>)
//
//===----------------------------------------------------------------------===//

#include "PaddedGeneric.h"
#include "capstan/Analysis/HostCode.h"
#include "capstan/Analysis/SizeAnalysis.h"
#include "capstan/Dialect/Dims.h"
#include "capstan/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANPADTOSTATIC
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

using Bucket = SmallVector<std::pair<StringRef, int64_t>>;

namespace {

class Clone : public Padder {
public:
  Clone(func::FuncOp original, const Bucket &bucket, int64_t memoryLimit,
        bool poison)
      : original(original), bucket(bucket), memoryLimit(memoryLimit),
        poison(poison), sizes(table), b(original.getContext()) {}

  /// The clone, after the original; null after an error.
  func::FuncOp run();
  unsigned numMasks = 0;

  OpBuilder &builder() override { return b; }
  SizeSymbols &symbols() override { return table; }
  PaddedTensor lookup(Value tensor) override;
  Value materialize(const PaddedTensor &tensor, Type elementType,
                    ArrayRef<DimLayout> layouts) override;
  ArrayRef<SizeExpr> dims(Value tensor) override { return sizes.dims(tensor); }
  SizeExpr size(OpFoldResult value) override { return sizes.size(value); }
  std::optional<DimLayout> layoutFor(const SizeExpr &size) override;
  Value hostValue(Value value) override;
  Value symbolValue(SymbolId symbol) override;
  Value readSource(Value value) override;
  LogicalResult define(Value result, PaddedTensor tensor) override;
  LogicalResult fail(const Twine &why) override;
  void countMask() override { ++numMasks; }

private:
  LogicalResult setBounds();
  LogicalResult addArguments();
  LogicalResult walk(Block &block);
  LogicalResult visit(Operation *op);
  LogicalResult visitCall(func::CallOp call);
  LogicalResult visitFor(scf::ForOp loop);
  LogicalResult visitIf(scf::IfOp branch);
  LogicalResult visitAssert(cf::AssertOp check);
  LogicalResult visitRead(Value result, Value source);
  LogicalResult visitReturn(func::ReturnOp op);
  LogicalResult cloneUnpadded(Operation *op);
  LogicalResult carry(Value from, Value to);
  void forget(Value value) {
    tensors.erase(value);
    hosts.erase(value);
    readSources.erase(value);
  }
  LogicalResult addPoison(PaddedTensor &tensor, Type elementType);

  func::FuncOp original, clone;
  const Bucket &bucket;
  int64_t memoryLimit;
  bool poison;
  SizeSymbols table;
  SizeAnalysis sizes;
  OpBuilder b;
  Operation *current = nullptr;
  DenseMap<Value, PaddedTensor> tensors;
  IRMapping hosts;
  DenseMap<StringRef, Value> extents;      // of declared symbols
  DenseMap<Value, Value> readSources;      // of values that reads give
  DenseMap<SymbolId, Value> symbolSources; // of the symbols that they make
  llvm::StringMap<int64_t> paddedSizes;
  SmallVector<func::FuncOp> calls;
  Block *entry = nullptr;
};

} // namespace

//===----------------------------------------------------------------------===//
// Services
//===----------------------------------------------------------------------===//

LogicalResult Clone::fail(const Twine &why) {
  InFlightDiagnostic error = current->emitOpError("can't be padded: ") << why;
  if (calls.size() > 1)
    error.attachNote(original.getLoc()) << "in a bucket of this function";
  return failure();
}

PaddedTensor Clone::lookup(Value tensor) {
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

Value Clone::materialize(const PaddedTensor &tensor, Type elementType,
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

std::optional<DimLayout> Clone::layoutFor(const SizeExpr &size) {
  SizeRange range = table.range(size);
  if (!range.hasMax())
    return std::nullopt;
  // A check may say more of a size later: the first answer stays.
  auto [it, isNew] = paddedSizes.try_emplace(table.str(size), range.max);
  return DimLayout(size, std::max<int64_t>(it->second, 0));
}

Value Clone::hostValue(Value value) {
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

Value Clone::symbolValue(SymbolId id) {
  if (table[id].kind == SizeSymbol::Declared)
    return extents.lookup(table[id].name);
  return symbolSources.lookup(id);
}

Value Clone::readSource(Value value) { return readSources.lookup(value); }

/// NaN, or -1, where nothing is promised: a test that nobody relies on it.
LogicalResult Clone::addPoison(PaddedTensor &tensor, Type elementType) {
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

LogicalResult Clone::define(Value result, PaddedTensor tensor) {
  auto type = cast<RankedTensorType>(result.getType());
  Type element = type.getElementType();
  int64_t bytes = llvm::divideCeil(
      element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 64, 8);
  for (const DimLayout &layout : tensor.layouts)
    if (__builtin_mul_overflow(bytes, layout.padded(), &bytes))
      bytes = std::numeric_limits<int64_t>::max();
  if (memoryLimit > 0 && bytes > memoryLimit)
    return fail("a buffer of " + Twine(bytes) +
                " bytes is over the memory limit of " + Twine(memoryLimit));
  if (poison && !tensor.isFree() && tensor.hasPadding() &&
      element.isIntOrFloat() && failed(addPoison(tensor, element)))
    return failure();
  tensors[result] = std::move(tensor);
  return success();
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

LogicalResult Clone::walk(Block &block) {
  for (Operation &op : block.without_terminator()) {
    current = &op;
    LogicalResult result =
        TypeSwitch<Operation *, LogicalResult>(&op)
            .Case([&](func::CallOp call) { return visitCall(call); })
            .Case([&](scf::ForOp loop) { return visitFor(loop); })
            .Case([&](scf::IfOp branch) { return visitIf(branch); })
            .Case([&](cf::AssertOp check) { return visitAssert(check); })
            .Default([&](Operation *) { return visit(&op); });
    if (failed(result))
      return failure();
  }
  current = block.getTerminator();
  return success();
}

LogicalResult Clone::visit(Operation *op) {
  sizes.visit(op);
  for (Value result : op->getResults())
    forget(result); // of an earlier call
  if (auto item = dyn_cast<ItemOp>(op); item && item.getIndices().empty())
    return visitRead(item.getResult(), item.getSource());
  if (auto extract = dyn_cast<tensor::ExtractOp>(op);
      extract && isUnraisedSync(op) && extract.getIndices().empty())
    return visitRead(extract.getResult(), extract.getTensor());
  if (auto fetch = dyn_cast<FetchOp>(op)) {
    for (auto [result, source] :
         llvm::zip(fetch.getResults(), fetch.getSources()))
      if (failed(visitRead(result, source)))
        return failure();
    return success();
  }
  if (isa<FetchStartOp>(op))
    return success();
  if (auto wait = dyn_cast<FetchWaitOp>(op)) {
    auto start = wait.getFuture().getDefiningOp<FetchStartOp>();
    if (!start)
      return fail("its fetch starts elsewhere");
    for (auto [result, source] :
         llvm::zip(wait.getResults(), start.getSources()))
      if (failed(visitRead(result, source)))
        return failure();
    return success();
  }
  auto isTensor = [](Type type) { return isa<TensorType>(type); };
  bool anyTensor = llvm::any_of(op->getOperandTypes(), isTensor) ||
                   llvm::any_of(op->getResultTypes(), isTensor);
  // Host code: what is needed of it is made where it is.
  if (isa<tensor::DimOp>(op) || op->hasTrait<OpTrait::ConstantLike>() ||
      (!anyTensor && op->getNumRegions() == 0 && isMemoryEffectFree(op)))
    return success();
  // A shape for reshapes says nothing that the sizes don't.
  if (isa<tensor::FromElementsOp>(op) &&
      llvm::all_of(op->getUsers(), [&](Operation *user) {
        auto reshape = dyn_cast<tensor::ReshapeOp>(user);
        return reshape && reshape.getSource() != op->getResult(0);
      }))
    return success();
  if (auto padding = dyn_cast<PaddingOpInterface>(op))
    return padding.rebuildPadded(*this);
  return cloneUnpadded(op);
}

/// Any other operation, if it has nothing to do with padding.
LogicalResult Clone::cloneUnpadded(Operation *op) {
  if (op->getNumRegions())
    return fail("it has regions, and no PaddingOpInterface");
  IRMapping mapping;
  for (Value operand : op->getOperands()) {
    Value mapped;
    if (isa<TensorType>(operand.getType())) {
      PaddedTensor tensor = lookup(operand);
      if (tensor.hasPadding())
        return fail("it takes padded tensors, and has no PaddingOpInterface");
      mapped =
          tensor.value
              ? tensor.value
              : materialize(tensor, getElementTypeOrSelf(operand.getType()),
                            tensor.layouts);
    } else {
      mapped = hostValue(operand);
      if (!mapped)
        return fail("it takes a host value that only the device knows");
    }
    mapping.map(operand, mapped);
  }
  Operation *copy = b.clone(*op, mapping);
  for (auto [result, value] : llvm::zip(op->getResults(), copy->getResults())) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type) {
      hosts.map(result, value);
      continue;
    }
    PaddedTensor tensor;
    tensor.value = value;
    if (!type.hasStaticShape())
      return fail("it gives dynamic sizes, and has no PaddingOpInterface");
    for (int64_t size : type.getShape())
      tensor.layouts.push_back(DimLayout::fixed(size));
    tensor.states.resize(tensor.layouts.size());
    if (failed(define(result, tensor)))
      return failure();
  }
  return success();
}

/// A read: nothing is read, the device keeps the value.
LogicalResult Clone::visitRead(Value result, Value source) {
  auto type = cast<RankedTensorType>(source.getType());
  if (isa<ShapedType>(result.getType()) ||
      result.getType() != type.getElementType())
    return fail("it reads a whole tensor to the host");
  PaddedTensor tensor = lookup(source);
  if (tensor.hasPadding())
    return fail("it reads from a padded tensor");
  Value value = tensor.value
                    ? tensor.value
                    : materialize(tensor, result.getType(), tensor.layouts);
  if (type.getRank() != 0)
    value = tensor::CollapseShapeOp::create(
        b, result.getLoc(), RankedTensorType::get({}, result.getType()), value,
        ArrayRef<ReassociationIndices>());
  readSources[result] = value;
  if (!result.getType().isIntOrIndex())
    return success();
  SizeExpr symbol = sizes.size(result);
  symbolSources[symbol.getTerms().begin()->first.front()] = value;
  // The size that the bucket has for it must be large enough.
  SizeRange range = table.range(symbol);
  if (!range.hasMax() ||
      range.max == SizeAnalysis::typeRange(result.getType()).max)
    return success();
  Value init = tensor::EmptyOp::create(b, result.getLoc(), ArrayRef<int64_t>{},
                                       b.getI1Type());
  PaddedGeneric generic(*this, result.getLoc(), {}, {}, init);
  OpBuilder &body = generic.body();
  Value most = arith::ConstantOp::create(
      body, result.getLoc(), body.getIntegerAttr(result.getType(), range.max));
  Value fits =
      arith::CmpIOp::create(body, result.getLoc(), arith::CmpIPredicate::sle,
                            generic.hostValue(result), most);
  auto check = generic.finish(fits, AffineMap::get(b.getContext()), {});
  if (!check)
    return failure();
  DeviceCheckOp::create(b, result.getLoc(), check.getResult(0),
                        b.getStringAttr("a size read from the data is over "
                                        "the bound of this bucket"));
  return success();
}

/// A check on what only the device knows is one of the device.
LogicalResult Clone::visitAssert(cf::AssertOp check) {
  std::optional<bool> known = sizes.condition(check.getArg());
  sizes.visit(check);
  if (known && *known)
    return success();
  Value init = tensor::EmptyOp::create(b, check.getLoc(), ArrayRef<int64_t>{},
                                       b.getI1Type());
  PaddedGeneric generic(*this, check.getLoc(), {}, {}, init);
  Value condition = generic.hostValue(check.getArg());
  if (!condition)
    return fail("its condition is not known on the device");
  auto made = generic.finish(condition, AffineMap::get(b.getContext()), {});
  if (!made)
    return failure();
  DeviceCheckOp::create(b, check.getLoc(), made.getResult(0),
                        check.getMsgAttr());
  return success();
}

/// `to`, of another function or region, is `from`.
LogicalResult Clone::carry(Value from, Value to) {
  sizes.bind(from, to);
  forget(to);
  if (isa<TensorType>(from.getType())) {
    PaddedTensor tensor = lookup(from);
    tensors[to] = std::move(tensor);
  } else if (Value value = hostValue(from)) {
    hosts.map(to, value);
  } else if (Value source = readSource(from)) {
    readSources[to] = source;
  } else if (!from.getType().isIntOrIndex()) {
    return fail("it hands on a host value that only the device knows");
  }
  return success();
}

LogicalResult Clone::visitCall(func::CallOp call) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      call, call.getCalleeAttr());
  if (!callee || !llvm::hasSingleElement(callee.getBody()))
    return fail("its callee has no body of one block");
  if (llvm::is_contained(calls, callee))
    return fail("it is recursive");
  Block &body = callee.getBody().front();
  for (auto [from, to] : llvm::zip(call.getOperands(), body.getArguments()))
    if (failed(carry(from, to)))
      return failure();
  calls.push_back(callee);
  if (failed(walk(body)))
    return failure();
  current = call;
  for (auto [from, to] :
       llvm::zip(body.getTerminator()->getOperands(), call.getResults())) {
    if (failed(carry(from, to)))
      return failure();
    // Host code of the callee is made anew by the next call.
    if (!isa<TensorType>(to.getType()) && !hosts.contains(to) &&
        !readSources.contains(to))
      return fail("it returns a host value that only the device knows");
  }
  calls.pop_back();
  return success();
}

LogicalResult Clone::visitFor(scf::ForOp loop) {
  SmallVector<Value> bounds;
  for (Value bound :
       {loop.getLowerBound(), loop.getUpperBound(), loop.getStep()}) {
    bounds.push_back(hostValue(bound));
    if (!bounds.back())
      return fail("the number of its trips is only known on the device");
  }
  SmallVector<PaddedTensor> carried;
  SmallVector<Value> inits;
  for (Value init : loop.getInitArgs()) {
    PaddedTensor tensor;
    if (isa<RankedTensorType>(init.getType())) {
      tensor = lookup(init);
      if (tensor.isFree())
        tensor.value = materialize(tensor, getElementTypeOrSelf(init.getType()),
                                   tensor.layouts);
      // What a trip leaves in padded slots is anything.
      tensor.fill = {};
      tensor.states.assign(tensor.layouts.size(), {});
    } else {
      tensor.value = hostValue(init);
      if (!tensor.value)
        return fail("it carries a host value that only the device knows");
    }
    carried.push_back(tensor);
    inits.push_back(tensor.value);
  }
  auto made = scf::ForOp::create(b, loop.getLoc(), bounds[0], bounds[1],
                                 bounds[2], inits);
  if (inits.empty())
    made.getBody()->getTerminator()->erase();
  sizes.enterLoop(loop);
  hosts.map(loop.getInductionVar(), made.getInductionVar());
  for (auto [init, from, to, tensor] :
       llvm::zip(loop.getInitArgs(), loop.getRegionIterArgs(),
                 made.getRegionIterArgs(), carried)) {
    if (isa<RankedTensorType>(from.getType())) {
      sizes.bind(init, from);
      PaddedTensor inside = tensor;
      inside.value = to;
      tensors[from] = inside;
    } else {
      sizes.forget(from);
      hosts.map(from, to);
    }
  }
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(made.getBody());
  if (failed(walk(*loop.getBody())))
    return failure();
  current = loop;
  SmallVector<Value> yielded;
  for (auto [value, from, tensor] :
       llvm::zip(loop.getYieldedValues(), loop.getRegionIterArgs(), carried)) {
    if (!isa<RankedTensorType>(value.getType())) {
      yielded.push_back(hostValue(value));
      if (!yielded.back())
        return fail("it carries a host value that only the device knows");
      continue;
    }
    PaddedTensor next = lookup(value);
    if ((!next.isFree() && next.layouts != tensor.layouts) ||
        !sizes.sameSizes(value, from))
      return fail("a trip changes the sizes of what it carries");
    if (next.isFree())
      next.value = materialize(next, getElementTypeOrSelf(value.getType()),
                               tensor.layouts);
    yielded.push_back(next.value);
  }
  scf::YieldOp::create(b, loop.getLoc(), yielded);
  sizes.leaveRegion();
  for (auto [from, result, value, tensor] :
       llvm::zip(loop.getRegionIterArgs(), loop.getResults(), made.getResults(),
                 carried)) {
    sizes.bind(from, result);
    PaddedTensor after = tensor;
    after.value = value;
    if (isa<RankedTensorType>(result.getType()))
      tensors[result] = after;
    else
      hosts.map(result, value);
  }
  return success();
}

/// Only the branch that certainly runs.
LogicalResult Clone::visitIf(scf::IfOp branch) {
  std::optional<bool> known = sizes.condition(branch.getCondition());
  if (!known)
    return fail("its condition is only known on the device");
  Region &region = *known ? branch.getThenRegion() : branch.getElseRegion();
  if (region.empty())
    return success();
  Block &block = region.front();
  if (failed(walk(block)))
    return failure();
  current = branch;
  for (auto [from, to] :
       llvm::zip(block.getTerminator()->getOperands(), branch.getResults()))
    if (failed(carry(from, to)))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

/// Declared symbols are at most what the bucket says.
LogicalResult Clone::setBounds() {
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

LogicalResult Clone::addArguments() {
  entry = clone.addEntryBlock();
  b.setInsertionPointToStart(entry);
  unsigned next = original.getNumArguments();
  for (auto [name, size] : bucket)
    extents[name] = entry->getArgument(next++);
  current = original;
  for (auto [from, to] :
       llvm::zip(original.getArguments(), entry->getArguments())) {
    auto type = dyn_cast<RankedTensorType>(from.getType());
    if (!type) {
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

LogicalResult Clone::visitReturn(func::ReturnOp op) {
  SmallVector<Value> results;
  SmallVector<Type> types;
  for (auto [i, operand] : llvm::enumerate(op.getOperands())) {
    if (!isa<RankedTensorType>(operand.getType())) {
      results.push_back(hostValue(operand));
      if (!results.back())
        return fail("it returns a host value that only the device knows");
      types.push_back(operand.getType());
      continue;
    }
    PaddedTensor tensor = lookup(operand);
    if (tensor.isFree())
      tensor.value = materialize(
          tensor, getElementTypeOrSelf(operand.getType()), tensor.layouts);
    SmallVector<Attribute> dims;
    for (const DimLayout &layout : tensor.layouts) {
      if (!layout.keepsIndices())
        return fail("the live elements of a result are not in one piece");
      SizeExpr live = *layout.live();
      if (auto constant = live.constant())
        dims.push_back(b.getI64IntegerAttr(*constant));
      else
        dims.push_back(
            DimAttr::get(b.getContext(), table.str(live), {}, {}, {}));
    }
    results.push_back(tensor.value);
    types.push_back(tensor.value.getType());
    clone.setResultAttr(i, kLiveAttr, b.getArrayAttr(dims));
  }
  func::ReturnOp::create(b, op.getLoc(), results);
  clone.setFunctionType(
      b.getFunctionType(clone.getFunctionType().getInputs(), types));
  return success();
}

func::FuncOp Clone::run() {
  if (failed(setBounds()))
    return {};
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
        b.getNamedAttr("capstan.extent", b.getStringAttr(symbol))));
  }
  b.setInsertionPointAfter(original);
  clone =
      func::FuncOp::create(b, original.getLoc(), name,
                           b.getFunctionType(inputs, original.getResultTypes()),
                           ArrayRef<NamedAttribute>(), attributes);
  clone->setAttr("capstan.bucket", sizesOf.getDictionary(b.getContext()));
  clone->setAttr("capstan.bucket_of", FlatSymbolRefAttr::get(original));
  for (unsigned i = 0, e = original.getNumResults(); i < e; ++i) {
    NamedAttrList kept(original.getResultAttrDict(i));
    kept.erase(kDimsAttr);
    clone.setResultAttrs(i, kept.getDictionary(b.getContext()));
  }

  calls.push_back(original);
  Block &body = original.getBody().front();
  if (succeeded(addArguments()) && succeeded(walk(body)) &&
      succeeded(visitReturn(cast<func::ReturnOp>(body.getTerminator()))))
    return clone;
  clone.erase();
  return {};
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// "T=512/B=8"
static LogicalResult parseBucket(Operation *op, StringRef text,
                                 Bucket &bucket) {
  SmallVector<StringRef> parts;
  text.split(parts, '/');
  for (StringRef part : parts) {
    auto [name, number] = part.split('=');
    int64_t size;
    if (name.empty() || number.getAsInteger(10, size))
      return op->emitError("a bucket is written as T=512/B=8, not '")
             << text << "'";
    bucket.push_back({name, size});
  }
  return success();
}

namespace {
struct PadToStatic : public capstan::impl::CapstanPadToStaticBase<PadToStatic> {
  using Base = capstan::impl::CapstanPadToStaticBase<PadToStatic>;
  using Base::Base;

  void runOnOperation() override {
    SmallVector<func::FuncOp> functions;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      SizeSymbols symbols;
      declareDimSymbols(function, symbols);
      if (function.isPublic() && !function.isExternal() && symbols.size())
        functions.push_back(function);
    }
    for (func::FuncOp function : functions) {
      if (!llvm::hasSingleElement(function.getBody())) {
        function.emitError("can't be padded: it has several blocks");
        return signalPassFailure();
      }
      for (const std::string &text : buckets) {
        Bucket bucket;
        if (failed(parseBucket(function, text, bucket)))
          return signalPassFailure();
        Clone clone(function, bucket, memoryLimit, poison);
        if (!clone.run())
          return signalPassFailure();
        ++numFunctions;
        numMasks += clone.numMasks;
      }
    }
  }
};
} // namespace
