//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/MemoryClasses.h"
#include "capstan/Analysis/HostCode.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace capstan;

MemoryClasses::MemoryClasses(Semantics &semantics, Operation *function)
    : semantics(semantics), noWriter(!hasWriter(function)) {
  if (!noWriter) {
    walkHostCode(function, [&](Operation *op) {
      for (OpResult result : op->getResults())
        if (semantics.isMemory(result.getType()) && semantics.isFresh(result))
          classify(result);
    });
  }
  collectWrites(function);
}

/// Whether some op, checks aside, may write memory.
bool MemoryClasses::hasWriter(Operation *function) {
  return function
      ->walk([&](Operation *op) {
        if (op == function)
          return WalkResult::advance();
        if (const ForeignOpModel *m = semantics.model(op)) {
          bool control = m->kind == OpKind::Loop || m->kind == OpKind::Branch;
          if (control ? semantics.kind(op) != OpKind::Barrier
                      : m->kind != OpKind::Barrier && m->writes.empty())
            return WalkResult::advance();
        }
        SmallVector<Effect> effects;
        bool writes = !semantics.getEffects(op, effects) ||
                      llvm::any_of(effects, [](const Effect &effect) {
                        return effect.kind == Effect::Write ||
                               effect.kind == Effect::Free;
                      });
        return writes ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

MemoryClass MemoryClasses::classOf(Value value) const {
  if (noWriter)
    return kImmutable;
  auto it = classes.find(value);
  return it == classes.end() ? kWorld : it->second;
}

static bool isList(Semantics &semantics, Value value) {
  const ForeignTypeModel *m = semantics.typeModel(value.getType());
  return m && m->kind == TypeKind::List;
}

/// Follows the storage through its views. It stays private if every use is an
/// op whose effects are known and that hands it nowhere.
void MemoryClasses::classify(OpResult fresh) {
  SmallVector<Value> aliases = {fresh};
  bool written = false;
  for (unsigned i = 0; i < aliases.size(); ++i) {
    for (OpOperand &use : aliases[i].getUses()) {
      Operation *user = use.getOwner();
      SmallVector<Effect> effects;
      if (!semantics.getEffects(user, effects) ||
          user->hasTrait<OpTrait::IsTerminator>() || user->getNumRegions() != 0)
        return; // escapes: stays in the world
      OpKind kind = semantics.kind(user);
      if (kind == OpKind::Yield || kind == OpKind::Call)
        return;
      bool viewed = false;
      for (OpResult result : user->getResults())
        if (semantics.isMemory(result.getType()) &&
            semantics.aliasedOperand(result) == use.getOperandNumber()) {
          aliases.push_back(result);
          viewed = true;
        }
      bool known = viewed || semantics.readsShapeOnly(use);
      for (const Effect &effect : effects) {
        bool writes =
            effect.kind == Effect::Write || effect.kind == Effect::Free;
        // A list that is written may hold anything, what is written into one
        // may be found there.
        if (writes && effect.value && isList(semantics, effect.value))
          return;
        if (effect.value == use.get()) {
          known = true;
          written |= writes;
        }
      }
      // Storage that is neither new nor a view may be this one or hold it.
      for (OpResult result : user->getResults())
        if (semantics.isMemory(result.getType()) &&
            semantics.aliasedOperand(result) != use.getOperandNumber() &&
            !semantics.isFresh(result))
          known = false;
      if (!known)
        return;
    }
  }
  MemoryClass id = written ? next++ : kImmutable;
  for (Value alias : aliases)
    classes[alias] = id;
}

void MemoryClasses::effectsOf(Operation *op, Set &reads, Set &writes) const {
  if (semantics.mayFault(op))
    reads.insert(kChecks);
  if (noWriter) {
    if (semantics.kind(op) == OpKind::Check)
      writes.insert(kChecks);
    return;
  }
  SmallVector<Effect> effects;
  // An unknown op may check, too.
  if (!semantics.getEffects(op, effects)) {
    reads.insert(kWorld);
    writes.insert(kWorld);
    writes.insert(kChecks);
    return;
  }
  if (semantics.kind(op) == OpKind::Check)
    writes.insert(kChecks);
  for (const Effect &effect : effects) {
    MemoryClass id = effect.value ? classOf(effect.value) : kWorld;
    if (id == kImmutable || effect.kind == Effect::Allocate)
      continue;
    (effect.kind == Effect::Read ? reads : writes).insert(id);
  }
}

bool MemoryClasses::identityMatters(OpResult result) const {
  if (!semantics.isMemory(result.getType()) || classOf(result) == kImmutable)
    return false;
  // Views of linked-in dialects never copy; foreign ones may where they must.
  if (semantics.aliasedOperand(result))
    return !result.getOwner()->isRegistered() &&
           writtenThrough.contains(result);
  return true;
}

/// Notes values of memory types that `op` may write, or that leave it by other
/// ways than reading, with the values that they are views of.
void MemoryClasses::markWrittenThrough(Operation *op) {
  if (llvm::none_of(op->getOperandTypes(),
                    [&](Type type) { return semantics.isMemory(type); }))
    return;
  SmallVector<Effect> effects;
  bool known = semantics.getEffects(op, effects) && op->getNumRegions() == 0 &&
               semantics.kind(op) != OpKind::Yield;
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    if (!semantics.isMemory(value.getType()))
      continue;
    bool escapes = !known;
    for (const Effect &effect : effects)
      escapes |= effect.kind != Effect::Read &&
                 (!effect.value || effect.value == value ||
                  isList(semantics, effect.value));
    for (OpResult result : op->getResults())
      escapes |= semantics.isMemory(result.getType()) &&
                 !semantics.isFresh(result) &&
                 semantics.aliasedOperand(result) != operand.getOperandNumber();
    while (escapes && writtenThrough.insert(value).second) {
      auto result = dyn_cast<OpResult>(value);
      std::optional<unsigned> source =
          result ? semantics.aliasedOperand(result) : std::nullopt;
      escapes = source.has_value();
      if (source)
        value = result.getOwner()->getOperand(*source);
    }
  }
}

/// Bottom-up: an op writes what the ops in its regions write.
void MemoryClasses::collectWrites(Operation *function) {
  function->walk([&](Operation *op) {
    Set reads, own;
    if (noWriter) {
      if (semantics.kind(op) == OpKind::Check)
        own.insert(kChecks);
    } else if (op != function) {
      effectsOf(op, reads, own);
      markWrittenThrough(op);
    }
    auto nested = writes.find(op);
    if (nested != writes.end())
      own.insert(nested->second.begin(), nested->second.end());
    if (own.empty())
      return;
    writes[op] = own;
    if (op != function) {
      Set &parent = writes[op->getParentOp()];
      parent.insert(own.begin(), own.end());
    }
  });
}

const MemoryClasses::Set &MemoryClasses::written(Operation *op) const {
  auto it = writes.find(op);
  return it == writes.end() ? none : it->second;
}

MemoryClasses::Set MemoryClasses::read(Operation *op) const {
  Set reads, ignored;
  if (op->getNumRegions() == 0) {
    effectsOf(op, reads, ignored);
    return reads;
  }
  op->walk([&](Operation *nested) { effectsOf(nested, reads, ignored); });
  return reads;
}

void MemoryClasses::rename(Operation *from, Operation *to) {
  auto it = writes.find(from);
  if (it == writes.end())
    return;
  Set set = it->second;
  writes.erase(it);
  writes[to] = set;
}
