//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/CallSites.h"

using namespace mlir;
using namespace capstan;

CallSites::CallSites(ModuleOp module) {
  for (Operation &op : *module.getBody())
    if (auto function = dyn_cast<func::FuncOp>(op)) {
      byName[function.getSymNameAttr()] = function;
      order.push_back(function);
    }
  // A module of one function has nothing to look for.
  if (order.size() < 2)
    return;
  // References inside nested attributes count as other uses.
  DenseMap<Attribute, SmallVector<StringAttr, 0>> symbolsIn;
  auto symbols = [&](Attribute attr) -> ArrayRef<StringAttr> {
    auto [it, inserted] = symbolsIn.try_emplace(attr);
    if (inserted)
      attr.walk([&](SymbolRefAttr ref) {
        it->second.push_back(ref.getRootReference());
        if (!ref.getNestedReferences().empty())
          it->second.push_back(ref.getLeafReference());
      });
    return it->second;
  };
  module.walk([&](Operation *op) {
    if (auto call = dyn_cast<func::CallOp>(op)) {
      auto callee = call.getCalleeAttr().getAttr();
      auto target = byName.find(callee);
      auto caller = call->getParentOfType<func::FuncOp>();
      bool direct = caller && target != byName.end() &&
                    target->second.getNumArguments() == call.getNumOperands();
      if (!direct)
        otherUses.insert(callee);
      else if (call->getParentOfType<ModuleOp>() == module) {
        calls[callee].push_back(call);
        callees[caller].push_back(target->second);
      }
      for (NamedAttribute attr : call->getDiscardableAttrs())
        for (StringAttr name : symbols(attr.getValue()))
          otherUses.insert(name);
      return;
    }
    if (isa<func::FuncOp>(op) && op->getDiscardableAttrs().empty())
      return;
    for (NamedAttribute attr : op->getAttrDictionary())
      for (StringAttr name : symbols(attr.getValue()))
        otherUses.insert(name);
  });
  sort();
}

/// Depth first, without recursion: call chains are as long as the input makes
/// them.
void CallSites::sort() {
  SmallVector<func::FuncOp> all = std::move(order);
  order.clear();
  // Tarjan's algorithm; a component of several functions, or one that calls
  // itself, is recursive. Components come out callees first.
  DenseMap<Operation *, unsigned> index, low;
  llvm::DenseSet<Operation *> onStack;
  SmallVector<func::FuncOp> component;
  struct Frame {
    func::FuncOp function;
    unsigned next = 0;
  };
  SmallVector<Frame> path;
  unsigned counter = 0;
  auto open = [&](func::FuncOp function) {
    index[function] = low[function] = ++counter;
    onStack.insert(function);
    component.push_back(function);
    path.push_back({function});
  };
  for (func::FuncOp root : all) {
    if (index.count(root))
      continue;
    open(root);
    while (!path.empty()) {
      Frame &frame = path.back();
      func::FuncOp function = frame.function;
      auto &targets = callees[function];
      if (frame.next < targets.size()) {
        func::FuncOp target = targets[frame.next++];
        if (!index.count(target))
          open(target);
        else if (onStack.contains(target))
          low[function] = std::min(low[function], index[target]);
        if (target == function)
          recursive.insert(function);
        continue;
      }
      path.pop_back();
      if (!path.empty())
        low[path.back().function] =
            std::min(low[path.back().function], low[function]);
      if (low[function] != index[function])
        continue;
      bool several = component.back() != function;
      func::FuncOp member;
      do {
        member = component.pop_back_val();
        onStack.erase(member);
        order.push_back(member);
        if (several)
          recursive.insert(member);
      } while (member != function);
    }
  }
}

ArrayRef<func::CallOp> CallSites::callsOf(func::FuncOp function) const {
  auto it = calls.find(function.getSymNameAttr());
  return it == calls.end() ? ArrayRef<func::CallOp>() : it->second;
}

bool CallSites::isUnused(func::FuncOp function) const {
  if (!onlyCalled(function) || !callsOf(function).empty())
    return false;
  // The only function of a module hasn't been looked at.
  return !function
              .walk([&](func::CallOp call) {
                return call.getCallee() == function.getSymName()
                           ? WalkResult::interrupt()
                           : WalkResult::advance();
              })
              .wasInterrupted();
}

bool CallSites::onlyCalled(func::FuncOp function) const {
  return !otherUses.contains(function.getSymNameAttr());
}
