//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/CurrentDevice.h"
#include "capstan/Analysis/CallSites.h"
#include "capstan/Dialect/DeviceContextOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

using namespace mlir;
using namespace capstan;

//===----------------------------------------------------------------------===//
// States
//===----------------------------------------------------------------------===//

bool DeviceState::operator==(const DeviceState &other) const {
  return reached == other.reached && unchanged == other.unchanged &&
         tentative == other.tentative && names == other.names;
}

bool DeviceState::meet(const DeviceState &other) {
  if (!other.reached)
    return false;
  DeviceState before = *this;
  if (!reached) {
    *this = other;
  } else {
    unchanged &= other.unchanged;
    tentative |= other.tentative;
    llvm::erase_if(names, [&](DeviceName name) { return !other.holds(name); });
  }
  return !(*this == before);
}

static DeviceState unknownDevice() {
  DeviceState state;
  state.reached = true;
  return state;
}

static void add(DeviceState &state, DeviceName name) {
  if (!llvm::is_contained(state.names, name))
    state.names.push_back(name);
}

/// A number, and the value that has it.
void CurrentDevice::addDevice(DeviceState &state, Value device) {
  add(state, name(device));
  add(state, device);
}

DeviceName CurrentDevice::name(Value device) {
  if (std::optional<int64_t> ordinal = semantics.constant(device))
    return DeviceName(Attribute(
        IntegerAttr::get(IntegerType::get(device.getContext(), 64), *ordinal)));
  return device;
}

bool CurrentDevice::isValid(Value device) {
  // A forward runs on some device.
  if (semantics.constant(device) == 0)
    return true;
  Operation *op = device.getDefiningOp();
  std::optional<DeviceContext> context =
      op ? semantics.deviceContext(op) : std::nullopt;
  return context && context->get == device;
}

/// What `state` says on the other end of an edge that hands `from` on as `to`:
/// of values, those that `keep` says are the same there.
DeviceState CurrentDevice::translate(const DeviceState &state, ValueRange from,
                                     ValueRange to,
                                     llvm::function_ref<bool(Value)> keep) {
  DeviceState result = state;
  llvm::erase_if(result.names, [&](DeviceName name) {
    auto value = dyn_cast<Value>(name);
    return value && !keep(value);
  });
  for (auto [operand, argument] : llvm::zip(from, to))
    if (state.holds(name(operand)))
      add(result, name(argument));
  return result;
}

/// The same for an edge to, between, or from the regions of `op`.
DeviceState CurrentDevice::across(Operation *op, const DeviceState &state,
                                  ValueRange from, ValueRange to) {
  return translate(state, from, to, [&](Value value) {
    return !op->isAncestor(value.getParentBlock()->getParentOp());
  });
}

//===----------------------------------------------------------------------===//
// The module
//===----------------------------------------------------------------------===//

CurrentDevice::CurrentDevice(ModuleOp module, Semantics &semantics)
    : semantics(semantics) {
  module.walk([&](Operation *op) {
    if (!matters(op))
      return;
    for (; op && interesting.insert(op).second; op = op->getParentOp())
      ;
  });
  CallSites calls(module);
  module.walk([&](func::FuncOp function) {
    if (function.isDeclaration() ||
        (function.isPrivate() && calls.onlyCalled(function)))
      return;
    summaries[function].entry = unknownDevice();
    worklist.insert(function);
  });
  while (!worklist.empty())
    run(cast<func::FuncOp>(worklist.pop_back_val()));
}

/// Whether the current device may change or be asked for at `op` itself.
bool CurrentDevice::matters(Operation *op) {
  if (semantics.deviceContext(op) || isa<WithDeviceOp, func::CallOp>(op))
    return true;
  switch (semantics.kind(op)) {
  case OpKind::Barrier:
    return !isa<func::FuncOp, ModuleOp>(op);
  case OpKind::Call:
    return true;
  case OpKind::Compute: {
    // Of operations of others: whatever they write, without saying what.
    SmallVector<Effect> effects;
    return !isa_and_nonnull<CapstanDialect>(op->getDialect()) &&
           (!semantics.getEffects(op, effects) ||
            llvm::any_of(effects, [](const Effect &effect) {
              return effect.kind == Effect::Write && !effect.value;
            }));
  }
  default:
    return false;
  }
}

func::FuncOp CurrentDevice::calleeOf(func::CallOp call) {
  auto callee =
      symbols.lookupNearestSymbolFrom<func::FuncOp>(call, call.getCalleeAttr());
  return callee && !callee.isDeclaration() ? callee : func::FuncOp();
}

const DeviceState &CurrentDevice::before(Operation *op) const {
  static const DeviceState none;
  auto it = states.find(op);
  return it == states.end() ? none : it->second;
}

void CurrentDevice::run(func::FuncOp function) {
  current = function;
  DeviceState entry = summaries[function].entry;
  entry.unchanged = true;
  DeviceState left;
  std::optional<SmallVector<unsigned>> results;
  for (auto &[terminator, state] : run(function.getBody(), entry)) {
    SmallVector<unsigned> returned;
    for (OpOperand &operand : terminator->getOpOperands())
      if (state.holds(name(operand.get())))
        returned.push_back(operand.getOperandNumber());
    if (results)
      llvm::erase_if(*results, [&](unsigned i) {
        return !llvm::is_contained(returned, i);
      });
    else
      results = std::move(returned);
    left.meet(translate(state, {}, {}, [&](Value value) {
      return isa<BlockArgument>(value) &&
             value.getParentBlock() == &function.getBody().front();
    }));
  }
  Summary &summary = summaries[function];
  if (!results || (left == summary.exit && *results == summary.results))
    return;
  summary.exit = std::move(left);
  summary.results = std::move(*results);
  worklist.insert(summary.callers.begin(), summary.callers.end());
}

CurrentDevice::Exits CurrentDevice::run(Region &region,
                                        const DeviceState &entry) {
  Exits exits;
  if (region.empty())
    return exits;
  llvm::MapVector<Block *, DeviceState> in;
  in[&region.front()] = entry;
  SetVector<Block *> open;
  open.insert(&region.front());
  llvm::MapVector<Operation *, DeviceState> left;
  while (!open.empty()) {
    Block *block = open.front();
    open.erase(open.begin());
    DeviceState state = in[block];
    run(*block, state);
    if (!state.reached || block->empty())
      continue;
    Operation *terminator = &block->back();
    states[terminator] = state;
    if (terminator->getNumSuccessors() == 0)
      left[terminator] = state;
    auto branch = dyn_cast<BranchOpInterface>(terminator);
    for (auto [i, successor] : llvm::enumerate(terminator->getSuccessors())) {
      SmallVector<Value> from, to;
      if (branch) {
        SuccessorOperands operands = branch.getSuccessorOperands(i);
        for (BlockArgument argument : successor->getArguments())
          if (Value operand = operands[argument.getArgNumber()]) {
            from.push_back(operand);
            to.push_back(argument);
          }
      }
      // A value whose definition may run again before it is used there isn't
      // the one that was meant.
      DeviceState handed = translate(state, from, to, [&](Value value) {
        Block *defined = value.getParentBlock();
        return defined->getParent() != &region ||
               dominance.properlyDominates(defined, successor);
      });
      if (in[successor].meet(handed))
        open.insert(successor);
    }
  }
  exits.assign(left.begin(), left.end());
  return exits;
}

void CurrentDevice::run(Block &block, DeviceState &state) {
  for (Operation &op : block)
    if (state.reached && interesting.contains(&op))
      visit(&op, state);
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

void CurrentDevice::visit(Operation *op, DeviceState &state) {
  states[op] = state;
  if (std::optional<DeviceContext> context = semantics.deviceContext(op))
    return visitContext(*context, state);
  if (auto call = dyn_cast<func::CallOp>(op))
    return visitCall(call, state);
  // A function in a function, or what is inside unknown operations, runs at
  // some time or other.
  if (op->getNumRegions() != 0 && !isa<func::FuncOp>(op))
    return visitRegions(op, state);
  if (matters(op))
    state = unknownDevice();
}

void CurrentDevice::visitContext(const DeviceContext &context,
                                 DeviceState &state) {
  if (context.get && state.tentative)
    state = unknownDevice();
  if (context.get) {
    auto [it, inserted] = isStart.try_emplace(context.get, state.unchanged);
    if (it->second && !state.unchanged) {
      it->second = false;
      worklist.insert(current); // what was concluded from it
    }
  }
  if (context.get && !context.set)
    addDevice(state, context.get);
  if (!context.set)
    return;
  // The same once more fails again, or does nothing.
  if (state.holds(name(context.set))) {
    state.tentative &= bool(context.status);
    return;
  }
  state = unknownDevice();
  addDevice(state, context.set);
  state.tentative = context.status && !isValid(context.set);
  state.unchanged = !state.tentative && isStart.lookup(context.set);
}

void CurrentDevice::visitRegions(Operation *op, DeviceState &state) {
  if (auto with = dyn_cast<WithDeviceOp>(op)) {
    DeviceState inside = unknownDevice();
    addDevice(inside, with.getDevice());
    run(with.getBody(), inside);
    return; // whatever the body did
  }
  OpKind kind = semantics.kind(op);
  auto branch = dyn_cast<RegionBranchOpInterface>(op);
  if (branch && !isa<scf::ForallOp, scf::ParallelOp>(op))
    return visitBranch(branch, state);
  if (!op->isRegistered() && (kind == OpKind::Branch || kind == OpKind::Loop))
    return visitForeign(op, state);
  // Other threads may run the regions.
  for (Region &region : op->getRegions())
    run(region, unknownDevice());
  state = unknownDevice();
}

void CurrentDevice::visitBranch(RegionBranchOpInterface op,
                                DeviceState &state) {
  DenseMap<Region *, DeviceState> in;
  DeviceState after;
  SetVector<Region *> open;
  auto enter = [&](const RegionSuccessor &successor, const DeviceState &from,
                   ValueRange operands) {
    DeviceState handed =
        across(op, from, operands, successor.getSuccessorInputs());
    if (successor.isParent())
      after.meet(handed);
    else if (in[successor.getSuccessor()].meet(handed))
      open.insert(successor.getSuccessor());
  };
  SmallVector<RegionSuccessor> successors;
  op.getSuccessorRegions(RegionBranchPoint::parent(), successors);
  bool runs = isa<LoopLikeOpInterface>(op.getOperation()) &&
              semantics.kind(op) == OpKind::Loop &&
              semantics.runsAtLeastOnce(op);
  for (const RegionSuccessor &successor : successors)
    if (!successor.isParent() || !runs)
      enter(successor, state, op.getEntrySuccessorOperands(successor));
  while (!open.empty()) {
    Region *region = open.pop_back_val();
    for (auto &[terminator, left] : run(*region, DeviceState(in[region]))) {
      auto yield = dyn_cast<RegionBranchTerminatorOpInterface>(terminator);
      if (!yield)
        continue;
      successors.clear();
      op.getSuccessorRegions(RegionBranchPoint(yield), successors);
      for (const RegionSuccessor &successor : successors)
        enter(successor, left, yield.getSuccessorOperands(successor));
    }
  }
  state = after;
}

void CurrentDevice::visitForeign(Operation *op, DeviceState &state) {
  std::optional<LoopDesc> loop = semantics.loop(op);
  DeviceState after;
  if (!loop) {
    for (Region &region : op->getRegions())
      for (auto &[yield, left] : run(region, state))
        after.meet(across(op, left, yield->getOperands(), op->getResults()));
    state = after;
    return;
  }
  DeviceState in = across(op, state, loop->inits, loop->carried);
  if (!semantics.runsAtLeastOnce(op))
    after = across(op, state, loop->inits, op->getResults());
  for (bool again = true; again;) {
    again = false;
    for (auto &[yield, left] : run(*loop->body, DeviceState(in))) {
      after.meet(across(op, left, loop->yielded, op->getResults()));
      again |= in.meet(across(op, left, loop->yielded, loop->carried));
    }
  }
  state = after;
}

void CurrentDevice::visitCall(func::CallOp call, DeviceState &state) {
  func::FuncOp callee = calleeOf(call);
  if (!callee || callee.getNumArguments() != call.getNumOperands()) {
    state = unknownDevice();
    return;
  }
  Summary &summary = summaries[callee];
  summary.callers.insert(current);
  if (summary.entry.meet(translate(state, call.getOperands(),
                                   callee.getArguments(),
                                   [](Value) { return false; })))
    worklist.insert(callee);
  // Nothing is known to come back until the callee was looked at.
  DeviceState after =
      translate(summary.exit, callee.getArguments(), call.getOperands(),
                [](Value) { return false; });
  for (unsigned i : summary.results)
    add(after, name(call.getResult(i)));
  if (after.reached && summary.exit.unchanged) {
    // The names here are as good as they were.
    for (DeviceName known : state.names)
      add(after, known);
    after.unchanged = state.unchanged;
    after.tentative = state.tentative;
  }
  state = after;
}

//===----------------------------------------------------------------------===//
// What depends on it
//===----------------------------------------------------------------------===//

bool CurrentDevice::dependsOnDevice(Operation *op) {
  auto it = depends.find(op);
  if (it != depends.end())
    return it->second;
  auto onDevice = [](Type type) { return isDeviceType(type); };
  auto answer = [&] {
    if (std::optional<DeviceContext> context = semantics.deviceContext(op))
      return context->set || context->get;
    if (isa<WithDeviceOp, func::CallOp>(op))
      return true;
    if (op->hasTrait<OpTrait::ConstantLike>() ||
        isa<tensor::DimOp, memref::DimOp>(op))
      return false;
    bool terminator = op->hasTrait<OpTrait::IsTerminator>();
    OpKind kind = semantics.kind(op);
    bool control = isa<RegionBranchOpInterface>(op) || kind == OpKind::Loop ||
                   kind == OpKind::Branch || kind == OpKind::Yield;
    if (!control && !terminator &&
        (matters(op) || kind == OpKind::HostSync ||
         llvm::any_of(op->getOperandTypes(), onDevice) ||
         llvm::any_of(op->getResultTypes(), onDevice)))
      return true;
    if (!op->isRegistered() && !control &&
        (llvm::any_of(op->getOperandTypes(),
                      [&](Type t) { return !semantics.isHostScalar(t); }) ||
         llvm::any_of(op->getResultTypes(),
                      [&](Type t) { return !semantics.isHostScalar(t); })))
      return true;
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Operation &nested : block)
          if (dependsOnDevice(&nested))
            return true;
    return false;
  };
  bool result = answer();
  return depends[op] = result;
}
