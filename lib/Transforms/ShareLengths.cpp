//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Says which attention of a forward has the same documents, so that what is
// computed of their lengths is computed once.
//
//   %a = capstan.varlen_attention ins(..., %cu, %cu, ...)
//   %b = capstan.varlen_attention ins(..., %cu, %cu, ...)
//   // become
//   %a = capstan.varlen_attention ins(..., %cu, %cu, ...) {lengths = 1 : i32}
//   %b = capstan.varlen_attention ins(..., %cu, %cu, ...) {lengths = 1 : i32}
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/CallSites.h"
#include "capstan/Dialect/Capstan.h"
#include "capstan/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANSHARELENGTHS
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {

/// Knows what a forward runs at most once.
class Once {
public:
  explicit Once(ModuleOp module) : sites(module) {}

  /// Whether the block is reached at most once in a forward.
  bool reaches(Block *block) {
    auto function = dyn_cast<func::FuncOp>(block->getParentOp());
    if (function)
      return block->isEntryBlock() && calls(function);
    // What isn't a branch may run its regions again and again.
    Operation *parent = block->getParentOp();
    return isa<scf::IfOp, scf::IndexSwitchOp>(parent) &&
           reaches(parent->getBlock());
  }

private:
  bool calls(func::FuncOp function) {
    auto [it, isNew] =
        known.try_emplace(function, false); // a cycle calls often
    if (!isNew)
      return it->second;
    bool once = findOut(function);
    known[function] = once;
    return once;
  }

  bool findOut(func::FuncOp function) {
    if (sites.isUnused(function))
      return function.isPublic();
    return function.isPrivate() && sites.onlyCalled(function) &&
           llvm::hasSingleElement(sites.callsOf(function)) &&
           reaches(sites.callsOf(function).front()->getBlock());
  }

  CallSites sites;
  llvm::DenseMap<func::FuncOp, bool> known;
};

struct ShareLengths
    : public capstan::impl::CapstanShareLengthsBase<ShareLengths> {
  void runOnOperation() override {
    Once once(getOperation());
    llvm::DenseMap<std::pair<Value, Value>, int32_t> numbers;
    getOperation().walk([&](VarlenAttentionOp op) {
      Value q = op.getCuSeqlensQ(), k = op.getCuSeqlensK();
      // The contents of a buffer may change.
      op.setLengths(0);
      if (isa<RankedTensorType>(q.getType()) &&
          once.reaches(q.getParentBlock()) && once.reaches(k.getParentBlock()))
        op.setLengths(
            numbers.try_emplace({q, k}, numbers.size() + 1).first->second);
    });
  }
};
} // namespace
