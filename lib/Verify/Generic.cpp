//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Operations without control flow of their own, kernels included.
//
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/Capstan.h"
#include "capstan/Verify/Executor.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::verify;
using Kind = Expr::Kind;

bool Executor::generic(Operation *op) {
  Exprs operands;
  for (Value v : op->getOperands()) {
    Expr *e = value(v);
    if (!e)
      return fail(op, "operand that is not known here");
    operands.push_back(e);
  }
  const KeyTable::OpKey &key = ctx.keys.get(op);
  if (ctx.keys.tooDeep)
    return fail(op, "nesting is too deep");
  Exprs captures;
  for (Value v : key.captures) {
    Expr *e = value(v);
    if (!e)
      return fail(op, "captured value that is not known here");
    captures.push_back(contents(e));
  }
  // What it does to memory, its regions included.
  SmallVector<Effect> list;
  bool modelled = sem.getEffects(op, list);
  RegionEffects nested;
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (Operation &inner : block) {
        RegionEffects e = effectsOf(&inner);
        nested.reads |= e.reads;
        nested.writes |= e.writes;
      }
  if (!modelled || nested.writes) {
    Exprs all(operands);
    all.append(captures);
    return barrier(op, all, key.key);
  }
  if (op->getNumResults() == 1 && list.empty() && !op->getNumRegions())
    if (Expr *e = simplify(op, operands)) {
      set(op->getResult(0), e);
      return true;
    }
  if (auto structured = dyn_cast<linalg::LinalgOp>(op);
      structured && structured.hasPureTensorSemantics() && list.empty() &&
      !nested.reads) {
    kernel(op, operands);
    for (Value result : op->getResults())
      set(result, onDevice(op, env.lookup(result)));
    return true;
  }
  // Storage put in a container may be reached through it.
  if (llvm::any_of(op->getResultTypes(),
                   [&](Type t) { return isContainer(t); }))
    escapeAll(operands);

  SmallVector<BoundOperand> bounds = sem.boundOperands(op);
  auto isBound = [&](unsigned i) {
    return llvm::any_of(bounds,
                        [&](const BoundOperand &b) { return b.operand == i; });
  };
  // No result leads to the operand's storage, and nothing is written to it.
  auto isReadOnly = [&](unsigned i) {
    Value v = op->getOperand(i);
    return llvm::all_of(
               op->getResultTypes(),
               [&](Type t) { return !isMemory(t) && !isContainer(t); }) &&
           llvm::all_of(list, [&](const Effect &e) {
             return e.kind == Effect::Read || (e.value && e.value != v);
           });
  };
  Exprs kids;
  for (OpOperand &operand : op->getOpOperands()) {
    unsigned i = operand.getOperandNumber();
    kids.push_back(isBound(i) ? exprs.get(Kind::Hole, 0, {}, {})
                   : sem.readsShapeOnly(operand) ? exprs.shape(operands[i])
                   : isReadOnly(i)               ? held(operands[i])
                                                 : contents(operands[i]));
  }
  kids.append(captures);
  // What it reads of memory.
  llvm::SmallSetVector<Expr *, 4> versions;
  auto reads = [&](Expr *e) {
    if (e->holdsMemory)
      versions.insert(version(e));
  };
  bool writes = false;
  for (const Effect &e : list) {
    if (e.kind == Effect::Read && e.value)
      reads(value(e.value));
    else if (e.kind == Effect::Read)
      versions.insert(state.world);
    writes |= e.kind == Effect::Write || e.kind == Effect::Free;
    writes |= e.kind == Effect::Allocate && !e.value;
    if ((e.kind == Effect::Read && !e.value))
      llvm::for_each(operands, reads);
  }
  if (nested.reads) {
    versions.insert(state.world);
    llvm::for_each(captures, reads);
  }
  kids.append(versions.begin(), versions.end());
  bool random = sem.isRandom(op);
  if (random)
    kids.push_back(state.random);

  Type type = op->getNumResults() == 1 ? op->getResult(0).getType() : Type();
  Expr *made = onDevice(op, make(op, Kind::Op, key.key, type, kids));
  if (random)
    state.random = exprs.get(Kind::State, AfterRandom, {}, {made});
  const ForeignOpModel *m = sem.model(op);
  if (m && !m->deterministic && !random && !m->undefined)
    made = instance(perTrip(made), op);
  std::optional<DeviceContext> context = sem.deviceContext(op);
  bool answered = context && context->query && wasCurrent(context->query) &&
                  !sem.mayFault(op);
  if (!writes && !sem.isTotal(op) && !answered)
    addPartial(made, op);
  for (const BoundOperand &b : bounds) {
    if (b.operand >= operands.size())
      continue;
    BoundRecord record{made,    b.operand, operands[b.operand], nullptr, 0,
                       guard(), op};
    if (b.atMost && b.atMost->first < operands.size()) {
      record.shape = exprs.shape(operands[b.atMost->first]);
      record.dim = b.atMost->second;
    }
    records.bounds.push_back(record);
  }
  for (const Effect &e : list) {
    if (e.kind == Effect::Read || (e.kind == Effect::Allocate && e.value))
      continue;
    if (e.value) {
      write(value(e.value), made, op);
      continue;
    }
    for (Expr *operand : operands)
      if (operand->holdsMemory && operand->base)
        write(operand, made, op);
    writeWorld(made, AfterBarrier, op);
  }
  bindResults(op, made, operands);
  return true;
}

void Executor::bindResults(Operation *op, Expr *made,
                           ArrayRef<Expr *> operands) {
  bool cpu = resultsOnCpu(op, operands);
  for (OpResult result : op->getResults()) {
    Type type = result.getType();
    unsigned i = result.getResultNumber();
    Expr *e =
        op->getNumResults() == 1 ? made : make(op, Kind::Result, i, type, made);
    if (isMemory(type)) {
      Expr *pointer = e;
      std::optional<unsigned> aliased = sem.aliasedOperand(result);
      if (const ForeignOpModel *m = sem.model(op))
        if (llvm::count_if(m->aliases,
                           [&](auto pair) { return pair.first == i; }) != 1)
          aliased = std::nullopt; // one of several
      if (sem.isFresh(result)) {
        // The storage is not what is in it: one for each execution, numbered
        // where it comes to matter which one it is.
        pointer = make(op, Kind::Raw, ++ctx.instances, type, perTrip(e));
        pointer->base = pointer;
        Expr *first = sem.isUndefined(op) ? contents(pointer) : e;
        state.objects[pointer] =
            make(op, Kind::State, FirstContents, {}, first);
      } else if (aliased) {
        pointer->base = operands[*aliased]->base;
      } else {
        escapeAll(operands);
      }
      pointer->holdsMemory = true;
      e = pointer;
    } else if (isContainer(type)) {
      e->holdsMemory = llvm::any_of(
          operands, [](Expr *operand) { return operand->holdsMemory; });
    } else if (sem.isUndefined(op)) {
      e = make(op, Kind::Raw, ++ctx.instances, type, perTrip(e));
    } else {
      annotate(op, e, operands);
    }
    e->onCpu = cpu;
    set(result, e);
  }
}

//===----------------------------------------------------------------------===//
// Where a foreign tensor is (docs/op-models.md)
//===----------------------------------------------------------------------===//

bool Executor::resultsOnCpu(Operation *op, ArrayRef<Expr *> operands) {
  const ForeignOpModel *m = sem.model(op);
  if (!m)
    return false;
  if (m->alwaysCpu)
    return true;
  if (m->sync && !m->sync->dynamicSize && sem.syncInfo(op))
    return true;
  if (m->deviceOperand && *m->deviceOperand < operands.size()) {
    Operation *def = operands[*m->deviceOperand]->op();
    if (!def || operands[*m->deviceOperand]->kind != Kind::Op)
      return false;
    if (auto device = def->getAttrOfType<StringAttr>("value"))
      return device.getValue().starts_with("cpu");
  }
  bool any = false;
  for (Expr *e : operands) {
    if (!e->type || !sem.isTensorLike(e->type))
      continue;
    // A list of host values says nothing about where the result is.
    if (isContainer(e->type) && !e->onCpu && e->kind == Kind::Op &&
        llvm::none_of(e->kids, [&](Expr *kid) {
          return kid->type && sem.isTensorLike(kid->type);
        }))
      continue;
    if (!e->onCpu && !isHostType(e->type))
      return false;
    any = true;
  }
  return any;
}
