//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Host code of a function that is padded: calls, loops, branches, checks and
// reads disappear, or are made anew around what they hold.
//
//===----------------------------------------------------------------------===//

#include "PaddedFunction.h"
#include "capstan/Analysis/HostCode.h"
#include "capstan/Dialect/Capstan.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace capstan;

LogicalResult PaddedFunction::walk(Block &block, Operation *end) {
  if (!end)
    end = block.getTerminator();
  for (Operation &op : block) {
    current = &op;
    if (&op == end)
      break;
    if (op.getParentOp() == original)
      outermost = &op;
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
  return success();
}

LogicalResult PaddedFunction::visit(Operation *op) {
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
LogicalResult PaddedFunction::cloneUnpadded(Operation *op) {
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
LogicalResult PaddedFunction::visitRead(Value result, Value source) {
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
LogicalResult PaddedFunction::visitAssert(cf::AssertOp check) {
  std::optional<bool> known = sizes.condition(check.getArg());
  sizes.visit(check);
  if (known && *known)
    return success();
  openChecks.insert(outermost);
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
LogicalResult PaddedFunction::carry(Value from, Value to) {
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

LogicalResult PaddedFunction::visitCall(func::CallOp call) {
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

LogicalResult PaddedFunction::visitFor(scf::ForOp loop) {
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
LogicalResult PaddedFunction::visitIf(scf::IfOp branch) {
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
