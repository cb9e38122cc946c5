//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/PureFunctions.h"
#include "capstan/Analysis/Slice.h"

using namespace mlir;
using namespace capstan;

/// Chains of calls that are longer count as effects.
static constexpr unsigned kMaxDepth = 64;

PureFunctions::PureFunctions(ModuleOp module) {
  const OpModels *models = OpModels::get(module.getContext());
  for (auto function : module.getOps<func::FuncOp>())
    byName[function.getSymNameAttr()] = function;
  // A module of one function has no call to look at.
  if (!models || byName.size() < 2)
    return;
  pure.module = module;
  Semantics semantics(*models, &pure);
  for (auto function : module.getOps<func::FuncOp>())
    visit(semantics, function, 0);
}

bool PureFunctions::update(func::FuncOp function) {
  const OpModels *models = OpModels::get(function.getContext());
  if (!models || byName.size() < 2)
    return false;
  bool wasPure = pure.faults.erase(function.getSymNameAttr());
  visited.erase(function);
  Semantics semantics(*models, &pure);
  return visit(semantics, function, 0) && !wasPure;
}

/// Whether memory that `op` reads is none that others reach, and it checks
/// nothing.
static bool isLocal(Semantics &semantics, Operation *op) {
  SmallVector<Effect> effects;
  return semantics.kind(op) != OpKind::Check &&
         semantics.getEffects(op, effects) &&
         llvm::all_of(effects, [](const Effect &e) { return bool(e.value); }) &&
         llvm::all_of(op->getResults(), [&](OpResult result) {
           return !semantics.isMemory(result.getType()) ||
                  semantics.isFresh(result) || semantics.aliasedOperand(result);
         });
}

/// Recursion is met as a call that is no pure one (yet).
bool PureFunctions::visit(Semantics &semantics, func::FuncOp function,
                          unsigned depth) {
  StringAttr name = function.getSymNameAttr();
  if (!visited.insert(function).second || depth > kMaxDepth)
    return pure.faults.contains(name);
  auto isMemory = [&](Type type) { return semantics.isMemory(type); };
  if (function.isExternal() ||
      llvm::any_of(function.getArgumentTypes(), isMemory) ||
      llvm::any_of(function.getResultTypes(), isMemory))
    return false;
  PureCallees::Faults faults;
  bool good = true;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op == function)
      return WalkResult::advance();
    if (auto call = dyn_cast<func::CallOp>(op)) {
      auto callee = byName.lookup(call.getCalleeAttr().getAttr());
      good = callee && visit(semantics, callee, depth + 1);
    }
    bool isYield = semantics.kind(op) == OpKind::Yield;
    if (op->getParentOp() == function)
      good = good && (isYield || semantics.isMovable(op));
    good = good && isLocal(semantics, op);
    faults.total &= isYield || semantics.isTotal(op);
    faults.mayFault |= semantics.mayFault(op);
    return good ? WalkResult::advance() : WalkResult::interrupt();
  });
  if (!good || looksAtUndefined(semantics, function))
    return false;
  pure.faults[name] = faults;
  return true;
}
