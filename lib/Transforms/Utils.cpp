//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Transforms/Utils.h"
#include "capstan/Analysis/DeadReads.h"
#include "capstan/Analysis/HostCode.h"
#include "capstan/Dialect/Capstan.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace capstan;

//===----------------------------------------------------------------------===//
// Guards
//===----------------------------------------------------------------------===//

Guard capstan::guardOf(Semantics &semantics, Region *region) {
  Operation *branch = region->getParentOp();
  Guard guard;
  guard.condition = semantics.condition(branch);
  guard.side = region->getRegionNumber();
  guard.like = isa<scf::IfOp>(branch) ? nullptr : branch;
  return guard;
}

/// Whether the default of `type` is the integer 0.
static bool defaultIsZero(Semantics &semantics, Type type) {
  const ForeignTypeModel *m = semantics.typeModel(type);
  auto value = m && m->defaultOp && m->defaultAttrs
                   ? m->defaultAttrs.getAs<IntegerAttr>("value")
                   : IntegerAttr();
  return value && value.getValue().isZero();
}

SmallVector<Operation *> capstan::rootsOf(Semantics &semantics,
                                          ArrayRef<Operation *> syncs) {
  SmallVector<Operation *> roots(syncs);
  llvm::SmallPtrSet<Operation *, 16> seen;
  for (Operation *sync : syncs)
    for (Operation *op = sync->getParentOp(); op && seen.insert(op).second;
         op = op->getParentOp())
      if (semantics.kind(op) == OpKind::Branch)
        if (Operation *def = semantics.condition(op).getDefiningOp())
          roots.push_back(def);
  return roots;
}

bool capstan::hasFirstTripGuard(Semantics &semantics, Operation *op) {
  if (isa<scf::ForOp>(op))
    return true;
  std::optional<LoopDesc> loop = semantics.loop(op);
  if (!loop || !loop->model || !loop->model->guardBranch ||
      !loop->model->guardYield)
    return false;
  bool tripKnown =
      !loop->trip || semantics.constant(loop->trip).value_or(0) > 0;
  return (loop->condition || loop->trip) &&
         (tripKnown || (loop->model->guardPositive && loop->model->guardBool &&
                        defaultIsZero(semantics, loop->trip.getType())));
}

SmallVector<Value> capstan::firstTripInputs(Semantics &semantics,
                                            Operation *op) {
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return {loop.getLowerBound(), loop.getUpperBound()};
  SmallVector<Value> inputs;
  std::optional<LoopDesc> loop = semantics.loop(op);
  for (Value value : {loop->condition, loop->trip})
    if (value)
      inputs.push_back(value);
  return inputs;
}

Type capstan::foreignType(MLIRContext *ctx, StringRef name) {
  auto [dialect, data] = name.split('.');
  return OpaqueType::get(StringAttr::get(ctx, dialect), data);
}

std::optional<SmallVector<Guard>>
capstan::firstTripGuards(Semantics &semantics, OpBuilder &b, Operation *op,
                         const IRMapping &map) {
  if (!hasFirstTripGuard(semantics, op))
    return std::nullopt;
  SmallVector<Guard> guards;
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    auto predicate = loop.getUnsignedCmp() ? arith::CmpIPredicate::ult
                                           : arith::CmpIPredicate::slt;
    Guard guard;
    guard.condition = arith::CmpIOp::create(
        b, op->getLoc(), predicate, map.lookupOrDefault(loop.getLowerBound()),
        map.lookupOrDefault(loop.getUpperBound()));
    return SmallVector<Guard>{guard};
  }
  std::optional<LoopDesc> loop = semantics.loop(op);
  auto add = [&](Value condition) {
    Guard guard;
    guard.condition = condition;
    guard.loop = loop->model;
    guards.push_back(guard);
  };
  if (loop->condition && semantics.constant(loop->condition).value_or(0) == 0)
    add(map.lookupOrDefault(loop->condition));
  if (loop->trip && semantics.constant(loop->trip).value_or(0) <= 0) {
    Value zero = semantics.buildDefault(b, op->getLoc(), loop->trip.getType());
    OperationState state(op->getLoc(), loop->model->guardPositive);
    state.addOperands({map.lookupOrDefault(loop->trip), zero});
    state.addTypes(foreignType(b.getContext(), loop->model->guardBool));
    add(b.create(state)->getResult(0));
  }
  return guards;
}

bool capstan::haveDefaults(Semantics &semantics, TypeRange types) {
  return llvm::all_of(types, [&](Type type) {
    const ForeignTypeModel *m = semantics.typeModel(type);
    return type.isIntOrIndexOrFloat() || (m && m->defaultOp);
  });
}

static void yieldForeign(OpBuilder &b, Location loc, StringRef name,
                         ValueRange values) {
  OperationState state(loc, name);
  state.addOperands(values);
  b.create(state);
}

/// The name of the terminator of the regions that `guard` makes.
static StringRef yieldName(const Guard &guard) {
  return guard.like
             ? guard.like->getRegion(0).front().back().getName().getStringRef()
             : guard.loop->guardYield.getValue();
}

SmallVector<Value> capstan::buildGuarded(
    Semantics &semantics, OpBuilder &b, Location loc, ArrayRef<Guard> guards,
    TypeRange types,
    llvm::function_ref<SmallVector<Value>(OpBuilder &)> build) {
  if (guards.empty())
    return build(b);
  const Guard &guard = guards.front();
  // Creates both regions with empty blocks, then fills them.
  Operation *branch;
  bool foreign = guard.like || guard.loop;
  if (!foreign) {
    branch = scf::IfOp::create(b, loc, types, guard.condition,
                               /*addThenBlock=*/true, /*addElseBlock=*/true);
  } else {
    OperationState state(loc, guard.like ? guard.like->getName().getStringRef()
                                         : guard.loop->guardBranch.getValue());
    state.addOperands(guard.condition);
    state.addTypes(types);
    for (int i = 0; i < 2; ++i)
      state.addRegion()->emplaceBlock();
    branch = b.create(state);
  }
  for (unsigned side = 0; side < 2; ++side) {
    OpBuilder inner = OpBuilder::atBlockEnd(&branch->getRegion(side).front());
    SmallVector<Value> values;
    if (side == guard.side) {
      values = buildGuarded(semantics, inner, loc, guards.drop_front(), types,
                            build);
    } else {
      for (Type type : types)
        values.push_back(semantics.buildDefault(inner, loc, type));
    }
    if (foreign)
      yieldForeign(inner, loc, yieldName(guard), values);
    else
      scf::YieldOp::create(inner, loc, values);
  }
  return SmallVector<Value>(branch->getResults());
}

SmallVector<Value> capstan::cloneUnderGuards(
    Semantics &semantics, OpBuilder &b, Operation *sync, ArrayRef<Level> levels,
    llvm::function_ref<void(OpBuilder &, ArrayRef<Value>, IRMapping &)>
        cloneSlice,
    IRMapping &map) {
  if (levels.empty()) {
    cloneSlice(b, SmallVector<Value>(sync->getOperands()), map);
    return SmallVector<Value>(b.clone(*sync, map)->getResults());
  }
  const Level &outermost = levels.back();
  SmallVector<Guard> guards;
  if (outermost.branch) {
    Guard guard = guardOf(semantics, outermost.branch);
    cloneSlice(b, guard.condition, map);
    guard.condition = map.lookupOrDefault(guard.condition);
    guards.push_back(guard);
  } else {
    cloneSlice(b, firstTripInputs(semantics, outermost.loop), map);
    guards = *firstTripGuards(semantics, b, outermost.loop, map);
  }
  return buildGuarded(semantics, b, sync->getLoc(), guards,
                      sync->getResultTypes(), [&](OpBuilder &inner) {
                        return cloneUnderGuards(semantics, inner, sync,
                                                levels.drop_back(), cloneSlice,
                                                map);
                      });
}

Operation *capstan::addBranchResults(
    Semantics &semantics, Operation *op, unsigned side, ValueRange values,
    llvm::function_ref<void(Operation *, Operation *)> replaced) {
  OpBuilder b(op);
  SmallVector<Type> types(op->getResultTypes());
  llvm::append_range(types, values.getTypes());
  OperationState state(op->getLoc(), op->getName());
  state.addOperands(op->getOperands());
  state.addTypes(types);
  state.addAttributes(op->getDiscardableAttrDictionary().getValue());
  state.propertiesAttr = op->getPropertiesAsAttribute();
  for (unsigned i = 0, e = op->getNumRegions(); i < e; ++i)
    state.addRegion();
  Operation *wide = b.create(state);
  for (unsigned i = 0, e = op->getNumRegions(); i < e; ++i) {
    Region &region = wide->getRegion(i);
    region.takeBody(op->getRegion(i));
    bool missing = region.empty();
    if (missing)
      region.emplaceBlock();
    OpBuilder inner = OpBuilder::atBlockEnd(&region.front());
    if (missing)
      scf::YieldOp::create(inner, op->getLoc());
    Operation *yield = &region.front().back();
    if (i == side) {
      yield->insertOperands(yield->getNumOperands(), values);
      continue;
    }
    inner.setInsertionPoint(yield);
    for (Type type : values.getTypes())
      yield->insertOperands(yield->getNumOperands(),
                            semantics.buildDefault(inner, op->getLoc(), type));
  }
  replaced(op, wide);
  op->replaceAllUsesWith(wide->getResults().take_front(op->getNumResults()));
  op->erase();
  return wide;
}

//===----------------------------------------------------------------------===//
// Host syncs
//===----------------------------------------------------------------------===//

SmallVector<Operation *> capstan::hostSyncsOf(Semantics &semantics,
                                              Operation *root) {
  SmallVector<Operation *> syncs;
  walkHostCode(root, [&](Operation *op) {
    if (semantics.kind(op) == OpKind::HostSync &&
        !isa<FetchStartOp, FetchWaitOp>(op))
      syncs.push_back(op);
  });
  return syncs;
}

std::optional<SmallVector<StringRef, 2>>
capstan::fetchConversions(Semantics &semantics, Operation *sync) {
  std::optional<SyncInfo> info = semantics.syncInfo(sync);
  if (!info || !info->blocking || !info->hostKnownSizes)
    return std::nullopt;
  for (OpOperand *source : info->sources)
    if (semantics.isMemory(source->get().getType()) ||
        (source->get().getDefiningOp() &&
         semantics.isUndefined(source->get().getDefiningOp())))
      return std::nullopt;
  if (!sync->isRegistered()) {
    if (sync->getNumResults() != 1)
      return std::nullopt;
    // Operands beside the source (a type, a device) must not change the value:
    // equal types say so if they name the element type.
    Type type = sync->getResult(0).getType();
    std::optional<ForeignShape> shape = foreignShape(type);
    bool plainCopy = info->conversions[0] == "copy" && shape &&
                     shape->element != "unk" &&
                     info->sources[0]->get().getType() == type;
    if (sync->getNumOperands() != 1 && !plainCopy)
      return std::nullopt;
    if (info->conversions[0] != "copy" && !semantics.isHostScalar(type))
      return std::nullopt;
  } else if (!isa<ItemOp, ToHostOp, FetchOp>(sync)) {
    return std::nullopt;
  }
  return info->conversions;
}

SmallVector<Value> capstan::buildFetchSources(OpBuilder &b, Operation *sync) {
  if (auto fetch = dyn_cast<FetchOp>(sync))
    return SmallVector<Value>(fetch.getSources());
  auto item = dyn_cast<ItemOp>(sync);
  if (!item || item.getIndices().empty())
    return {sync->getOperand(0)};
  auto type = cast<RankedTensorType>(item.getSource().getType());
  SmallVector<OpFoldResult> offsets = getAsOpFoldResult(item.getIndices());
  SmallVector<OpFoldResult> ones(type.getRank(), b.getIndexAttr(1));
  return {tensor::ExtractSliceOp::create(
      b, sync->getLoc(), RankedTensorType::get({}, type.getElementType()),
      item.getSource(), offsets, ones, ones)};
}

//===----------------------------------------------------------------------===//
// Remarks
//===----------------------------------------------------------------------===//

static std::string show(Location loc) {
  std::string text;
  llvm::raw_string_ostream os(text);
  loc.print(os);
  return text;
}

static StringRef functionName(Operation *op) {
  while (op && !op->hasAttr("sym_name"))
    op = op->getParentOp();
  auto name = op ? op->getAttrOfType<StringAttr>("sym_name") : StringAttr();
  return name ? name.getValue() : StringRef();
}

void capstan::remarkDone(Operation *sync, StringRef what, Location from,
                         Location to) {
  remark::passed(from,
                 remark::RemarkOpts::name(what).category("capstan").function(
                     functionName(sync)))
      << remark::add("{0}", sync->getName().getStringRef())
      << remark::metric("To", StringRef(show(to)));
}

void capstan::remarkKept(Operation *sync, StringRef reason,
                         Operation *blocker) {
  auto remark = remark::missed(
      sync->getLoc(),
      remark::RemarkOpts::name("kept").category("capstan").function(
          functionName(sync)));
  if (!remark)
    return;
  remark << remark::add("{0}", sync->getName().getStringRef())
         << remark::reason("{0}", reason.str());
  if (blocker)
    remark << remark::metric("BlockedBy", blocker->getName().getStringRef())
           << remark::metric("At", StringRef(show(blocker->getLoc())));
}
