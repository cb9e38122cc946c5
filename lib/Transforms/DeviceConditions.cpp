//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Transforms/DeviceConditions.h"
#include "capstan/Analysis/DeadReads.h"
#include "capstan/Dialect/Capstan.h"
#include "capstan/Transforms/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace capstan;

StringRef capstan::checkMessage(Operation *check) {
  if (auto assertion = dyn_cast<cf::AssertOp>(check))
    return assertion.getMsg();
  for (Value operand : check->getOperands())
    if (Operation *def = operand.getDefiningOp())
      if (auto text = def->getAttrOfType<StringAttr>("value"))
        return text.getValue();
  return check->getName().getStringRef();
}

bool SyncSlice::collect(ArrayRef<Value> values) {
  // Operands before users, found in depth: `topologicalSort` walks the block.
  llvm::SetVector<Operation *> slice;
  llvm::SetVector<Value> found;
  SmallVector<std::pair<Operation *, bool>> stack;
  auto add = [&](ValueRange more) {
    for (Value value : more) {
      Operation *op = value.getDefiningOp();
      if (!dependent.contains(value))
        continue;
      if (!op || op->getNumRegions() != 0)
        return false;
      if (op == sync)
        found.insert(value);
      else
        stack.push_back({op, false});
    }
    return true;
  };
  if (!add(values))
    return false;
  while (!stack.empty()) {
    auto [op, complete] = stack.pop_back_val();
    if (complete) {
      slice.insert(op);
    } else if (!slice.contains(op)) {
      stack.push_back({op, true});
      if (!add(op->getOperands()))
        return false;
    }
  }
  ops = slice.takeVector();
  leaves = found.takeVector();
  return true;
}

/// Whether `tensor` may be storage that something writes through a memref. What
/// branches, loops and calls give isn't followed.
static bool sharesMemory(Value tensor) {
  SmallVector<Value> worklist = {tensor};
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    Operation *op = value.getDefiningOp();
    if (isa_and_present<tensor::CastOp, tensor::ExtractSliceOp,
                        tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
      worklist.push_back(op->getOperand(0));
    else if (auto choice = dyn_cast_if_present<arith::SelectOp>(op))
      worklist.append({choice.getTrueValue(), choice.getFalseValue()});
    else if (op ? op->getNumRegions() != 0 && !isa<linalg::LinalgOp>(op)
                : !isa<FunctionOpInterface>(
                      value.getParentBlock()->getParentOp()) ||
                      !value.getParentBlock()->isEntryBlock())
      return true;
    else if (op && (isa<CallOpInterface>(op) ||
                    llvm::any_of(op->getOperandTypes(), [](Type type) {
                      return isa<BaseMemRefType>(type);
                    })))
      return true;
  }
  return false;
}

Value SyncSlice::source(Value result) {
  std::optional<SyncInfo> info = semantics.syncInfo(sync);
  unsigned number = cast<OpResult>(result).getResultNumber();
  if (!info || number >= info->conversions.size() ||
      (sync->isRegistered() && !isa<ItemOp, FetchOp>(sync)))
    return {};
  Value from = isa<FetchOp>(sync) ? sync->getOperand(number)
                                  : info->sources.front()->get();
  StringRef conversion = info->conversions[number];
  if (isa<RankedTensorType>(from.getType()))
    return conversion == "item" && !isHostType(from.getType()) &&
                   !sharesMemory(from)
               ? from
               : Value();
  std::optional<ForeignShape> shape = foreignShape(from.getType());
  if (!shape || !shape->sizes.empty() || semantics.isMemory(from.getType()))
    return {};
  // The host value must be the integer that the device holds.
  bool same = conversion == "int" || conversion == "item" ||
              conversion == "scalar" ||
              (conversion == "bool" && shape->element == "i1");
  return same && shape->integerWidth() ? from : Value();
}

Value SyncSlice::buildSource(OpBuilder &b, Value result) {
  Value from = source(result);
  auto type = dyn_cast<RankedTensorType>(from.getType());
  if (!type || type.getRank() == 0)
    return from;
  if (isa<ItemOp>(sync))
    return buildFetchSources(b, sync).front();
  SmallVector<OpFoldResult> zeros(type.getRank(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> ones(type.getRank(), b.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(
      b, sync->getLoc(), RankedTensorType::get({}, type.getElementType()), from,
      zeros, ones, ones);
}

static bool holds(const ForeignShape &shape, int64_t value) {
  unsigned width = shape.integerWidth();
  return shape.element.starts_with("s")
             ? llvm::isIntN(width, value)
             : value >= 0 && llvm::isUIntN(width, value);
}

/// At most one comparison with a constant; all else keeps a truth value.
bool DeviceCondition::isForeignBuildable() {
  ForeignShape shape = *foreignShape(source(leaves[0]).getType());
  bool boolean = shape.element == "i1", compared = false;
  for (Operation *op : ops) {
    const ForeignOpModel *m = semantics.model(op);
    if (!m || !dependent.contains(op->getOperand(0)))
      return false;
    using K = FoldModel::Kind;
    if (op->getNumOperands() == 1 && m->fold.lhs == 0 &&
        (m->fold.kind == K::Same || (m->fold.kind == K::ToBool && boolean)))
      continue;
    if (!m->deviceOp || compared || op->getNumOperands() != 2)
      return false;
    std::optional<int64_t> other = semantics.constant(op->getOperand(1));
    if (!other || !holds(shape, *other))
      return false;
    compared = boolean = true;
  }
  return boolean;
}

/// A host scalar as a tensor of rank 0.
static Value toTensor(OpBuilder &b, Value scalar) {
  auto type = RankedTensorType::get({}, scalar.getType());
  Attribute value;
  if (matchPattern(scalar, m_Constant(&value)))
    return arith::ConstantOp::create(b, scalar.getLoc(),
                                     DenseElementsAttr::get(type, value));
  return tensor::FromElementsOp::create(b, scalar.getLoc(), type, scalar);
}

bool DeviceCondition::canBuild(Value condition) {
  if (!collect(condition) || leaves.empty())
    return false;
  for (Value leaf : leaves)
    if (!source(leaf))
      return false;
  if (llvm::all_of(leaves, [&](Value leaf) {
        return isa<RankedTensorType>(source(leaf).getType());
      }))
    return condition.getType().isInteger(1) &&
           llvm::all_of(ops, [](Operation *op) {
             return OpTrait::hasElementwiseMappableTraits(op);
           });
  return leaves.size() == 1 && isForeignBuildable();
}

Value DeviceCondition::build(OpBuilder &b, Value condition) {
  collect(condition);
  Location loc = condition.getLoc();
  SmallVector<Value> sources = llvm::map_to_vector(
      leaves, [&](Value leaf) { return buildSource(b, leaf); });
  if (!isa<RankedTensorType>(sources[0].getType())) {
    for (Operation *op : ops) {
      const ForeignOpModel *m = semantics.model(op);
      if (!m->deviceOp)
        continue;
      OperationState state(loc, m->deviceOp);
      state.addOperands({sources[0], op->getOperand(1)});
      state.addTypes(foreignType(b.getContext(), m->deviceType));
      return b.create(state)->getResult(0);
    }
    return sources[0];
  }
  // The same operations on tensors of one element.
  IRMapping map;
  for (auto [leaf, from] : llvm::zip(leaves, sources))
    map.map(leaf, from);
  for (Operation *op : ops) {
    for (Value operand : op->getOperands())
      if (!map.contains(operand))
        map.map(operand, toTensor(b, operand));
    Operation *onDevice = op->clone(map, Operation::CloneOptions::all());
    for (Value result : onDevice->getResults())
      result.setType(RankedTensorType::get({}, result.getType()));
    b.insert(onDevice);
    map.map(op->getResults(), onDevice->getResults());
  }
  return map.lookup(condition);
}
