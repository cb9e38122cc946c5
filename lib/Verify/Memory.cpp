//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Memory: one version for all that others may see, one for each fresh storage
// that nobody else can reach.
//
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/Capstan.h"
#include "capstan/Verify/Executor.h"
#include "mlir/Interfaces/CallInterfaces.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::verify;
using Kind = Expr::Kind;

bool Executor::isContainer(Type type) {
  const ForeignTypeModel *m = sem.typeModel(type);
  return m && m->kind == TypeKind::List;
}

/// Whether values of `type` are storage that can change.
bool Executor::isMemory(Type type) {
  return sem.isMemory(type) && (ctx.listsChange || !isContainer(type));
}

/// The contents that `pointer` leads to.
Expr *Executor::version(Expr *pointer) {
  if (pointer->base)
    if (auto *it = state.objects.find(pointer->base); it != state.objects.end())
      return it->second;
  return state.world;
}

/// `pointer` where only what it leads to matters, not which storage that is:
/// of all of an object that nobody else can reach, the contents. Of anything
/// else also the way to them.
Expr *Executor::held(Expr *pointer) {
  if (pointer->base == pointer)
    if (auto *it = state.objects.find(pointer); it != state.objects.end())
      return it->second;
  return contents(pointer);
}

/// From here on others may reach `object`.
void Executor::escape(Expr *object) {
  auto *it = object ? state.objects.find(object) : state.objects.end();
  if (it == state.objects.end())
    return;
  // What nobody has written is what the pointer says: all that use it tell.
  if (it->second->kind != Kind::State || it->second->key != FirstContents)
    state.world = exprs.get(Kind::State, Escape, {},
                            {state.world, contents(object), it->second});
  state.objects.erase(it);
}

void Executor::escapeAll(ArrayRef<Expr *> pointers) {
  for (Expr *e : pointers)
    escape(e->base);
}

void Executor::writeWorld(Expr *what, StateKind kind, Operation *op) {
  state.world = make(op, Kind::State, kind, {}, {what, state.world});
  addEffect(op);
}

void Executor::write(Expr *pointer, Expr *what, Operation *op) {
  pointer = contents(pointer);
  if (pointer->base)
    if (auto *it = state.objects.find(pointer->base);
        it != state.objects.end()) {
      it->second =
          make(op, Kind::State, AfterWrite, {}, {what, pointer, it->second});
      return;
    }
  state.world =
      make(op, Kind::State, AfterWrite, {}, {what, pointer, state.world});
  addEffect(op);
}

/// An operation that may do anything with all memory that it can reach.
bool Executor::barrier(Operation *op, ArrayRef<Expr *> operands, uint64_t key) {
  escapeAll(operands);
  Exprs kids;
  for (Expr *e : operands)
    kids.push_back(contents(e));
  kids.push_back(state.world);
  kids.push_back(state.random);
  Expr *made = onDevice(op, make(op, Kind::Op, key, {}, kids));
  forgetDevice(made);
  writeWorld(made, AfterBarrier, op);
  state.random = exprs.get(Kind::State, AfterRandom, {}, {made});
  for (OpResult result : op->getResults()) {
    Expr *e = make(op, Kind::Result, result.getResultNumber(), result.getType(),
                   made);
    e->holdsMemory = sem.isMemory(result.getType());
    set(result, e);
  }
  return true;
}

Executor::RegionEffects Executor::effectsOf(Operation *op, unsigned depth) {
  auto it = effects.find(op);
  if (it != effects.end())
    return it->second;
  const RegionEffects all{true, true};
  if (depth > 5000)
    return all;
  effects[op] = all; // what a recursive call sees
  RegionEffects result;
  auto add = [&](RegionEffects other) {
    result.reads |= other.reads;
    result.writes |= other.writes;
  };
  bool structured = false;
  if (auto call = dyn_cast<func::CallOp>(op)) {
    auto callee =
        symbols.lookupNearestSymbolFrom<func::FuncOp>(op, call.getCalleeAttr());
    if (!callee || callee.isDeclaration())
      add(all);
    else
      add(effectsOf(callee, depth + 1));
  } else if (isa<func::FuncOp, scf::ExecuteRegionOp, scf::IndexSwitchOp,
                 DeviceCheckOp>(op)) {
    structured = true;
  } else {
    SmallVector<Effect> list;
    if (!sem.getEffects(op, list))
      add(all);
    for (const Effect &e : list) {
      if (e.value && !isMemory(e.value.getType()) &&
          isContainer(e.value.getType()))
        result.reads = true;
      else if (e.kind == Effect::Read)
        result.reads = true;
      else if (e.kind != Effect::Allocate)
        result.writes = true;
    }
    if (sem.isRandom(op))
      result.writes = true;
    structured = true;
  }
  if (structured)
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Operation &nested : block) {
          if (result.reads && result.writes)
            break;
          add(effectsOf(&nested, depth + 1));
        }
  return effects[op] = result;
}
