//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Interfaces/Semantics.h"
#include "capstan/Dialect/DeviceContextOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace capstan;

const ForeignOpModel *Semantics::model(Operation *op) {
  // An op that is linked in says itself what it does. No kind of entry
  // describes a foreign op with successors.
  return op->isRegistered() || op->getNumSuccessors() ? nullptr
                                                      : models.lookup(op);
}

const ForeignTypeModel *Semantics::typeModel(Type type) {
  auto opaque = dyn_cast<OpaqueType>(type);
  if (!opaque)
    return nullptr;
  auto [it, inserted] = typeCache.try_emplace(type, nullptr);
  if (inserted) {
    StringRef data = opaque.getTypeData();
    std::string name = (opaque.getDialectNamespace().strref() + "." +
                        data.take_until([](char c) {
                          return c == '<';
                        })).str();
    it->second = models.lookup(name);
  }
  return it->second;
}

static OpKind registeredKind(Operation *op) {
  // A wait belongs to its start: it is no read of its own, but stays in place.
  if (isa<HostSyncOpInterface, FetchWaitOp>(op))
    return OpKind::HostSync;
  if (isa<cf::AssertOp, DeviceCheckOp>(op))
    return OpKind::Check;
  if (isa<CallOpInterface>(op))
    return OpKind::Call;
  if (op->hasTrait<OpTrait::ConstantLike>())
    return OpKind::Constant;
  if (op->hasTrait<OpTrait::IsTerminator>())
    return OpKind::Yield;
  if (isa<scf::IfOp>(op))
    return OpKind::Branch;
  if (isa<scf::ForOp, scf::WhileOp, scf::ForallOp>(op))
    return OpKind::Loop;
  if (isa<MemoryEffectOpInterface>(op) ||
      op->hasTrait<OpTrait::HasRecursiveMemoryEffects>())
    return OpKind::Compute;
  return OpKind::Barrier;
}

/// Two regions of one block; each ends in a yield with one operand per result.
static bool isWellFormedBranch(Semantics &semantics, Operation *op) {
  return op->getNumRegions() == 2 && semantics.condition(op) &&
         llvm::all_of(op->getRegions(), [&](Region &region) {
           if (!region.hasOneBlock() || region.front().empty())
             return false;
           Operation *yield = &region.front().back();
           return semantics.kind(yield) == OpKind::Yield &&
                  yield->getNumOperands() == op->getNumResults();
         });
}

/// If `op` is a call of a function that is known to be pure.
const PureCallees::Faults *Semantics::pureCallee(Operation *op) const {
  auto call = pure ? dyn_cast<func::CallOp>(op) : func::CallOp();
  if (!call)
    return nullptr;
  auto it = pure->faults.find(call.getCalleeAttr().getAttr());
  return it != pure->faults.end() &&
                 op->getParentOfType<ModuleOp>().getOperation() == pure->module
             ? &it->second
             : nullptr;
}

OpKind Semantics::kind(Operation *op) {
  if (op->isRegistered()) {
    auto [it, inserted] = kindCache.try_emplace(op->getName(), OpKind::Barrier);
    if (inserted)
      it->second = registeredKind(op);
    return it->second == OpKind::Call && pureCallee(op) ? OpKind::Compute
                                                        : it->second;
  }
  const ForeignOpModel *m = model(op);
  if (!m)
    return OpKind::Barrier;
  if (m->kind == OpKind::HostSync && !syncInfo(op))
    return OpKind::Compute;
  // An op that is not what its model says may do anything.
  if ((m->kind == OpKind::Loop && !loop(op)) ||
      (m->kind == OpKind::Branch && !isWellFormedBranch(*this, op)))
    return OpKind::Barrier;
  return m->kind;
}

bool Semantics::isUndefined(Operation *op) {
  if (const ForeignOpModel *m = model(op))
    return m->undefined;
  return isa<tensor::EmptyOp, bufferization::AllocTensorOp>(op);
}

bool Semantics::isRandom(Operation *op) {
  const ForeignOpModel *m = model(op);
  return m && m->random;
}

bool Semantics::isDeterministic(Operation *op) {
  if (const ForeignOpModel *m = model(op))
    return m->deterministic && !m->random && !m->undefined &&
           llvm::none_of(m->writes, [&](unsigned i) {
             return i < op->getNumOperands() &&
                    isMemory(op->getOperand(i).getType());
           });
  if (!op->isRegistered() || isUndefined(op))
    return false;
  switch (kind(op)) {
  case OpKind::Constant:
  case OpKind::HostSync:
    return true;
  case OpKind::Compute:
  case OpKind::Branch:
  case OpKind::Loop:
  case OpKind::Yield:
  case OpKind::Check:
    break;
  case OpKind::Call:
  case OpKind::Barrier:
    return false;
  }
  SmallVector<Effect> effects;
  return getEffects(op, effects) && llvm::all_of(effects, [](const Effect &e) {
           return e.kind == Effect::Read;
         });
}

bool Semantics::isTotal(Operation *op) {
  if (const ForeignOpModel *m = model(op))
    return m->total || m->kind == OpKind::Yield;
  // Upstream must not speculate a read; whether it can fail is another
  // question.
  if (auto item = dyn_cast<ItemOp>(op))
    return item.getIndices().empty();
  if (const PureCallees::Faults *faults = pureCallee(op))
    return faults->total;
  return op->isRegistered() &&
         (kind(op) == OpKind::Constant || isa<ToHostOp, FetchOp>(op) ||
          isSpeculatable(op));
}

/// Some index is not a constant within a known size.
static bool mayBeOutOfRange(ItemOp item) {
  auto type = cast<ShapedType>(item.getSource().getType());
  for (auto [size, value] : llvm::zip(type.getShape(), item.getIndices())) {
    std::optional<int64_t> index = getConstantIntValue(value);
    if (!index || *index < 0 || ShapedType::isDynamic(size) || *index >= size)
      return true;
  }
  return false;
}

static bool mayBeOutOfRange(tensor::ExtractSliceOp op) {
  for (auto [size, offset, count, stride] :
       llvm::zip(op.getSourceType().getShape(), op.getStaticOffsets(),
                 op.getStaticSizes(), op.getStaticStrides()))
    if (ShapedType::isDynamic(size) || ShapedType::isDynamic(offset) ||
        ShapedType::isDynamic(count) || ShapedType::isDynamic(stride) ||
        offset < 0 || stride < 0 || offset + (count - 1) * stride >= size)
      return true;
  return false;
}

bool Semantics::mayFault(Operation *op) {
  if (const ForeignOpModel *m = model(op))
    return !m->noFault && m->kind != OpKind::Yield && m->kind != OpKind::Loop &&
           m->kind != OpKind::Branch && m->kind != OpKind::Check &&
           kind(op) != OpKind::HostSync;
  if (!op->isRegistered())
    return true;
  if (const PureCallees::Faults *faults = pureCallee(op))
    return faults->mayFault;
  // Sizes that don't match fail as errors; what is looked up by computed
  // indices, or divided, may fault.
  if (auto item = dyn_cast<ItemOp>(op))
    return mayBeOutOfRange(item);
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return mayBeOutOfRange(slice);
  if (isa<tensor::ExtractOp, memref::LoadOp, memref::StoreOp>(op))
    return op->getNumOperands() > 1;
  return isa<ConditionallySpeculatable>(op) && op->getNumRegions() == 0 &&
         !isa<linalg::LinalgOp>(op) && !isSpeculatable(op);
}

bool Semantics::isMovable(Operation *op) {
  auto movable = [&](Operation *nested) {
    switch (kind(nested)) {
    case OpKind::Compute:
    case OpKind::Constant:
    case OpKind::Branch:
    case OpKind::Loop:
      return isDeterministic(nested) || isa<tensor::EmptyOp>(nested);
    case OpKind::Yield:
    case OpKind::Check:
      // Checks nested in a kernel body fail with their kernel; a terminator
      // goes with its op.
      return nested != op;
    case OpKind::HostSync:
    case OpKind::Call:
    case OpKind::Barrier:
      return false;
    }
    return false;
  };
  if (!movable(op))
    return false;
  // Elsewhere it might run under another current device.
  auto onDevice = [&](Type type) {
    return isDeviceType(type) || (!type.isIntOrIndexOrFloat() &&
                                  !isa<TensorType>(type) && isTensorLike(type));
  };
  if (!op->hasTrait<OpTrait::ConstantLike>() && !isa<tensor::DimOp>(op) &&
      llvm::any_of(op->getResultTypes(), onDevice))
    if (auto function = op->getParentOfType<func::FuncOp>();
        function && changesDevice(function))
      return false;
  if (op->getNumRegions() == 0)
    return true;
  return !op->walk([&](Operation *nested) {
              return movable(nested) ? WalkResult::advance()
                                     : WalkResult::interrupt();
            }).wasInterrupted();
}

bool Semantics::isMemory(Type type) {
  if (isa<BaseMemRefType>(type))
    return true;
  const ForeignTypeModel *m = typeModel(type);
  return m && (m->kind == TypeKind::Memory || m->kind == TypeKind::List);
}

bool Semantics::isTensorLike(Type type) {
  if (isa<TensorType>(type))
    return true;
  if (!isa<OpaqueType>(type))
    return false;
  const ForeignTypeModel *m = typeModel(type);
  return !m || m->kind == TypeKind::Tensor || m->kind == TypeKind::Memory ||
         m->kind == TypeKind::List;
}

bool Semantics::isHostScalar(Type type) {
  if (type.isIntOrIndexOrFloat())
    return true;
  const ForeignTypeModel *m = typeModel(type);
  return m && m->kind == TypeKind::Host;
}

bool Semantics::getEffects(Operation *op, SmallVectorImpl<Effect> &effects) {
  if (const ForeignOpModel *m = model(op)) {
    if (kind(op) == OpKind::Barrier)
      return false;
    if (m->kind == OpKind::Loop || m->kind == OpKind::Branch ||
        m->kind == OpKind::Yield || m->kind == OpKind::Constant)
      return true;
    // The shape of memory may change, too: `shape_only` counts as read.
    auto isRead = [&](unsigned i) {
      return !m->reads || llvm::is_contained(*m->reads, i) ||
             llvm::is_contained(m->shapeOnly, i);
    };
    for (OpOperand &operand : op->getOpOperands()) {
      unsigned i = operand.getOperandNumber();
      if (!isMemory(operand.get().getType()))
        continue;
      if (isRead(i))
        effects.push_back({Effect::Read, operand.get()});
      if (llvm::is_contained(m->writes, i))
        effects.push_back({Effect::Write, operand.get()});
    }
    return true;
  }
  if (!op->isRegistered())
    return false;
  OpKind k = kind(op);
  if (k == OpKind::Call || k == OpKind::Barrier)
    return false;
  if (k == OpKind::Check || k == OpKind::Constant || k == OpKind::Yield ||
      isa<CallOpInterface>(op))
    return true;
  auto interface = dyn_cast<MemoryEffectOpInterface>(op);
  if (!interface)
    return op->hasTrait<OpTrait::HasRecursiveMemoryEffects>() ||
           k == OpKind::Loop || k == OpKind::Branch;
  SmallVector<MemoryEffects::EffectInstance> instances;
  interface.getEffects(instances);
  for (const MemoryEffects::EffectInstance &e : instances) {
    if (e.getResource() == HostSyncResource::get())
      continue;
    Effect::Kind effect = Effect::Write;
    if (isa<MemoryEffects::Read>(e.getEffect()))
      effect = Effect::Read;
    else if (isa<MemoryEffects::Allocate>(e.getEffect()))
      effect = Effect::Allocate;
    else if (isa<MemoryEffects::Free>(e.getEffect()))
      effect = Effect::Free;
    effects.push_back({effect, e.getValue()});
  }
  return true;
}

bool Semantics::isFresh(OpResult result) {
  Operation *op = result.getOwner();
  if (const ForeignOpModel *m = model(op)) {
    if (llvm::is_contained(m->fresh, result.getResultNumber()))
      return true;
    // An alias of values that are no storage is storage of its own: a list of
    // immutable tensors.
    if (m->aliasesAll)
      return llvm::none_of(op->getOperandTypes(),
                           [&](Type type) { return isMemory(type); });
    std::optional<unsigned> operand = aliasedOperand(result);
    return operand && !isMemory(op->getOperand(*operand).getType());
  }
  SmallVector<Effect> effects;
  return op->isRegistered() && kind(op) == OpKind::Compute &&
         getEffects(op, effects) && llvm::any_of(effects, [&](const Effect &e) {
           return e.kind == Effect::Allocate && e.value == result;
         });
}

std::optional<unsigned> Semantics::aliasedOperand(OpResult result) {
  Operation *op = result.getOwner();
  if (const ForeignOpModel *m = model(op)) {
    for (auto [r, operand] : m->aliases)
      if (r == result.getResultNumber() && operand < op->getNumOperands())
        return operand;
    return std::nullopt;
  }
  if (auto view = dyn_cast<ViewLikeOpInterface>(op))
    if (result.getResultNumber() == 0)
      for (OpOperand &operand : op->getOpOperands())
        if (operand.get() == view.getViewSource())
          return operand.getOperandNumber();
  return std::nullopt;
}

bool Semantics::readsShapeOnly(OpOperand &operand) {
  Operation *op = operand.getOwner();
  if (const ForeignOpModel *m = model(op))
    return llvm::is_contained(m->shapeOnly, operand.getOperandNumber());
  if (isa<tensor::DimOp>(op))
    return operand.getOperandNumber() == 0;
  if (auto linalg = dyn_cast<linalg::LinalgOp>(op))
    return linalg.isDpsInit(&operand) &&
           isa<TensorType>(operand.get().getType()) &&
           !linalg.payloadUsesValueFromOperand(&operand);
  return false;
}

SmallVector<BoundOperand> Semantics::boundOperands(Operation *op) {
  if (const ForeignOpModel *m = model(op))
    return m->bounds;
  if (auto interface = dyn_cast<BoundOperandOpInterface>(op))
    return interface.getBoundOperands();
  return {};
}

/// The `value` string of the constant op that defines `value`, or null.
static StringAttr constantString(Value value) {
  Operation *def = value.getDefiningOp();
  return def && def->getNumOperands() == 0
             ? def->getAttrOfType<StringAttr>("value")
             : StringAttr();
}

/// Whether `value` is a tensor of elements of type `element`, or a list that
/// the op which makes it puts one in.
static bool holdsElement(Semantics &semantics, Value value, StringRef element) {
  auto matches = [&](Type type) {
    std::string text;
    if (auto opaque = dyn_cast<OpaqueType>(type))
      text = opaque.getTypeData().rsplit(',').second.rtrim('>').str();
    else if (auto shaped = dyn_cast<ShapedType>(type))
      llvm::raw_string_ostream(text) << shaped.getElementType();
    return text == element;
  };
  const ForeignTypeModel *m = semantics.typeModel(value.getType());
  Operation *def =
      m && m->kind == TypeKind::List ? value.getDefiningOp() : nullptr;
  return matches(value.getType()) ||
         (def && llvm::any_of(def->getOperandTypes(), matches));
}

std::optional<SyncInfo> Semantics::syncInfo(Operation *op) {
  SyncInfo info;
  if (const ForeignOpModel *m = model(op)) {
    if (!m->sync || m->sync->source >= op->getNumOperands())
      return std::nullopt;
    const SyncModel &sync = *m->sync;
    if (sync.whenCpu) {
      StringAttr device = *sync.whenCpu < op->getNumOperands()
                              ? constantString(op->getOperand(*sync.whenCpu))
                              : StringAttr();
      if (!device || !device.getValue().starts_with("cpu"))
        return std::nullopt;
    }
    if (sync.whenNone && *sync.whenNone < op->getNumOperands()) {
      Operation *def = op->getOperand(*sync.whenNone).getDefiningOp();
      const ForeignOpModel *none = def ? model(def) : nullptr;
      bool isNone = none && none->kind == OpKind::Constant &&
                    def->getDiscardableAttrDictionary().empty() &&
                    !def->getPropertiesAsAttribute();
      if (!isNone)
        return std::nullopt;
    }
    if (sync.whenElement &&
        (*sync.whenElement >= op->getNumOperands() ||
         !holdsElement(*this, op->getOperand(*sync.whenElement),
                       sync.element.getValue())))
      return std::nullopt;
    info.sources.push_back(&op->getOpOperand(sync.source));
    info.conversions.assign(op->getNumResults(), sync.conversion.getValue());
    info.hostKnownSizes = !sync.dynamicSize;
    return info;
  }
  auto interface = dyn_cast<HostSyncOpInterface>(op);
  if (!interface)
    return std::nullopt;
  for (OpOperand *source : interface.getSyncSources())
    info.sources.push_back(source);
  for (unsigned i = 0, e = op->getNumResults(); i < e; ++i)
    if (interface.isBlocking())
      info.conversions.push_back(interface.getSyncConversion(i));
  info.blocking = interface.isBlocking();
  info.hostKnownSizes = interface.hasHostKnownSizes();
  return info;
}

Value Semantics::condition(Operation *op) {
  if (const ForeignOpModel *m = model(op))
    return m->condition && *m->condition < op->getNumOperands()
               ? op->getOperand(*m->condition)
               : Value();
  if (auto check = dyn_cast<cf::AssertOp>(op))
    return check.getArg();
  if (auto check = dyn_cast<DeviceCheckOp>(op))
    return check.getCondition();
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return branch.getCondition();
  return {};
}

std::optional<LoopDesc> Semantics::loop(Operation *op) {
  LoopDesc desc;
  desc.op = op;
  if (const ForeignOpModel *m = model(op)) {
    if (!m->loop || op->getNumRegions() != 1 || !op->getRegion(0).hasOneBlock())
      return std::nullopt;
    const LoopModel &l = *m->loop;
    desc.model = &l;
    desc.body = &op->getRegion(0);
    Block &block = desc.body->front();
    if (block.empty())
      return std::nullopt;
    Operation *yield = &block.back();
    auto operand = [](Operation *from, std::optional<unsigned> i) {
      return i && *i < from->getNumOperands() ? from->getOperand(*i) : Value();
    };
    unsigned carried = op->getNumResults();
    if (op->getNumOperands() != l.firstInit + carried ||
        block.getNumArguments() != l.firstArg + carried ||
        yield->getNumOperands() != l.firstYield + carried ||
        kind(yield) != OpKind::Yield)
      return std::nullopt;
    auto exists = [](std::optional<unsigned> i, unsigned count) {
      return !i || *i < count;
    };
    if (!exists(l.condition, op->getNumOperands()) ||
        !exists(l.trip, op->getNumOperands()) ||
        !exists(l.yieldCondition, yield->getNumOperands()) ||
        !exists(l.induction, block.getNumArguments()))
      return std::nullopt;
    desc.inits = op->getOperands().drop_front(l.firstInit);
    desc.carried = block.getArguments().drop_front(l.firstArg);
    desc.yielded = yield->getOperands().drop_front(l.firstYield);
    desc.condition = operand(op, l.condition);
    desc.trip = operand(op, l.trip);
    desc.yieldCondition = operand(yield, l.yieldCondition);
    if (l.induction && *l.induction < block.getNumArguments())
      desc.induction = block.getArgument(*l.induction);
    return desc;
  }
  desc.isScf = true;
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    desc.body = &loop.getRegion();
    desc.inits = loop.getInitArgs();
    desc.carried = loop.getRegionIterArgs();
    desc.yielded = loop.getBody()->getTerminator()->getOperands();
    desc.induction = loop.getInductionVar();
    return desc;
  }
  if (auto loop = dyn_cast<scf::ForallOp>(op)) {
    desc.body = &loop.getRegion();
    desc.inits = loop.getOutputs();
    desc.carried = loop.getRegionIterArgs();
    return desc;
  }
  return std::nullopt;
}

Value Semantics::buildDefault(OpBuilder &b, Location loc, Type type) {
  if (type.isIntOrIndexOrFloat())
    return arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
  const ForeignTypeModel *m = typeModel(type);
  if (!m || !m->defaultOp)
    return {};
  OperationState state(loc, m->defaultOp);
  state.addTypes(type);
  // Ops of foreign dialects keep their attributes as properties, as in
  // `<{value = 0}>`.
  if (m->defaultAttrs && !m->defaultAttrs.empty())
    state.propertiesAttr = m->defaultAttrs;
  return b.create(state)->getResult(0);
}

//===----------------------------------------------------------------------===//
// The current device
//===----------------------------------------------------------------------===//

std::optional<DeviceContext> Semantics::deviceContext(Operation *op) {
  if (auto set = dyn_cast<SetDeviceOp>(op))
    return DeviceContext{set.getDevice(), {}, {}, {}};
  if (auto get = dyn_cast<CurrentDeviceOp>(op))
    return DeviceContext{{}, cast<OpResult>(get.getDevice()), {}, {}};
  if (auto query = dyn_cast<DeviceCapabilityOp>(op))
    return DeviceContext{{}, {}, query.getDevice(), {}};
  auto call = dyn_cast<func::CallOp>(op);
  const ForeignOpModel *m = call ? models.lookup(op) : model(op);
  if (!m || !m->deviceContext)
    return std::nullopt;
  if (call) {
    // A function of that name with a body does what its body says.
    auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
        op, call.getCalleeAttr());
    if (!callee || !callee.isDeclaration())
      return std::nullopt;
  }
  const DeviceContextModel &model = *m->deviceContext;
  auto exists = [](std::optional<unsigned> i, unsigned count) {
    return !i || *i < count;
  };
  if (!exists(model.set, op->getNumOperands()) ||
      !exists(model.query, op->getNumOperands()) ||
      !exists(model.get, op->getNumResults()) ||
      !exists(model.status, op->getNumResults()))
    return std::nullopt;
  DeviceContext context;
  if (model.set)
    context.set = op->getOperand(*model.set);
  if (model.query)
    context.query = op->getOperand(*model.query);
  if (model.get)
    context.get = op->getResult(*model.get);
  if (model.status)
    context.status = op->getResult(*model.status);
  return context;
}

bool Semantics::changesDevice(Operation *function) {
  auto [it, inserted] = changesDeviceCache.try_emplace(function, false);
  if (!inserted)
    return it->second;
  llvm::SetVector<Operation *> reached;
  reached.insert(function);
  bool changes = false;
  for (unsigned i = 0; i < reached.size() && !changes; ++i)
    changes =
        reached[i]
            ->walk([&](Operation *op) {
              if (isa<WithDeviceOp>(op))
                return WalkResult::interrupt();
              if (std::optional<DeviceContext> context = deviceContext(op))
                return context->set || context->get ? WalkResult::interrupt()
                                                    : WalkResult::advance();
              if (auto call = dyn_cast<func::CallOp>(op))
                if (auto callee =
                        SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
                            op, call.getCalleeAttr());
                    callee && !callee.isDeclaration())
                  reached.insert(callee);
              return WalkResult::advance();
            })
            .wasInterrupted();
  return changesDeviceCache[function] = changes;
}
