//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Moves what is computed of frozen weights alone to a function that runs once.
//
//   func.func @main(%x, %wq {capstan.frozen}, %wk {capstan.frozen}) {
//     %w = tensor.concat dim(0) %wq, %wk
//     ...
//   // becomes
//   func.func @main(%x, %w {capstan.frozen, capstan.name = "prepared.0"})
//   func.func @main.prepare(%wq, %wk) -> (... {capstan.name = "prepared.0"})
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/CallSites.h"
#include "capstan/Dialect/Capstan.h"
#include "capstan/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANPREPAREWEIGHTS
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {

/// Costs nothing, so that moving it alone is worth nothing.
bool isView(Operation *op) {
  return isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp,
             tensor::ExtractSliceOp, tensor::CastOp>(op);
}

class Preparation {
public:
  explicit Preparation(func::FuncOp function) : function(function) {}

  void run();

private:
  void findMovable();
  func::FuncOp outline();

  func::FuncOp function;
  /// Frozen arguments, and what depends on nothing else but constants.
  llvm::DenseSet<Value> frozen;
  /// Depend on constants only; both functions get them.
  llvm::DenseSet<Operation *> constants;
  SmallVector<Operation *> movable; // in order
  llvm::SetVector<Value> prepared;
};

void Preparation::findMovable() {
  for (BlockArgument argument : function.getArguments())
    if (function.getArgAttr(argument.getArgNumber(), kFrozenAttr))
      frozen.insert(argument);
  for (Operation &op : function.getBody().front()) {
    // A body that reads values from outside is none of a linalg operation.
    bool isolated = op.getNumRegions() == 0 || isa<linalg::LinalgOp>(op);
    if (!isolated || !isPure(&op) || op.getNumResults() == 0)
      continue;
    bool ofConstants = true, ofFrozen = true;
    op.walk([&](Operation *inner) {
      for (Value operand : inner->getOperands()) {
        if (op.isAncestor(operand.getParentRegion()->getParentOp()))
          continue; // its own
        Operation *def = operand.getDefiningOp();
        bool constant = def && constants.contains(def);
        ofConstants &= constant;
        ofFrozen &= constant || frozen.contains(operand);
      }
    });
    bool isStatic = llvm::all_of(op.getResultTypes(), [](Type type) {
      auto shaped = dyn_cast<RankedTensorType>(type);
      return !shaped || (shaped.hasStaticShape() && !isHostType(shaped));
    });
    if (ofConstants) {
      constants.insert(&op);
    } else if (ofFrozen && isStatic) {
      movable.push_back(&op);
      frozen.insert(op.result_begin(), op.result_end());
    }
  }
  llvm::DenseSet<Operation *> moves(movable.begin(), movable.end());
  for (Operation *op : movable)
    for (Value result : op->getResults()) {
      bool stays = llvm::any_of(result.getUsers(), [&](Operation *user) {
        return !moves.contains(
            function.getBody().front().findAncestorOpInBlock(*user));
      });
      // Views of what is computed, or of a weight, are made where they're used.
      if (stays && !isView(op) && isa<RankedTensorType>(result.getType()))
        prepared.insert(result);
    }
}

/// A function of the weights that gives what is prepared.
func::FuncOp Preparation::outline() {
  llvm::SetVector<Operation *> needed;
  llvm::SetVector<Value> weights;
  SmallVector<Value> open(prepared.begin(), prepared.end());
  while (!open.empty()) {
    Value value = open.pop_back_val();
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      if (argument.getOwner() == &function.getBody().front())
        weights.insert(value);
      continue;
    }
    Operation *op = value.getDefiningOp();
    if (op->getBlock() == &function.getBody().front() && needed.insert(op))
      op->walk([&](Operation *inner) {
        llvm::append_range(open, inner->getOperands());
      });
  }
  SmallVector<Value> arguments = weights.takeVector();
  llvm::sort(arguments, [](Value a, Value b) {
    return cast<BlockArgument>(a).getArgNumber() <
           cast<BlockArgument>(b).getArgNumber();
  });
  OpBuilder b(function);
  auto type = b.getFunctionType(ValueRange(arguments).getTypes(),
                                ValueRange(prepared.getArrayRef()).getTypes());
  auto prepare = func::FuncOp::create(
      b, function.getLoc(), (function.getName() + ".prepare").str(), type);
  Block *body = prepare.addEntryBlock();
  IRMapping map;
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    map.map(argument, body->getArgument(i));
    prepare.setArgAttrs(i, function.getArgAttrDict(
                               cast<BlockArgument>(argument).getArgNumber()));
  }
  b.setInsertionPointToStart(body);
  for (Operation &op : function.getBody().front())
    if (needed.contains(&op))
      b.clone(op, map);
  SmallVector<Value> results;
  for (auto [i, value] : llvm::enumerate(prepared)) {
    results.push_back(map.lookup(value));
    prepare.setResultAttr(i, kNameAttr,
                          b.getStringAttr("prepared." + Twine(i)));
  }
  func::ReturnOp::create(b, function.getLoc(), results);
  return prepare;
}

void Preparation::run() {
  findMovable();
  if (prepared.empty())
    return;
  outline();
  OpBuilder b(function.getContext());
  for (auto [i, value] : llvm::enumerate(prepared)) {
    unsigned at = function.getNumArguments();
    auto attributes = b.getDictionaryAttr(
        {b.getNamedAttr(kFrozenAttr, b.getUnitAttr()),
         b.getNamedAttr(kNameAttr, b.getStringAttr("prepared." + Twine(i)))});
    (void)function.insertArgument(at, value.getType(), attributes,
                                  value.getLoc());
    Value(value).replaceAllUsesWith(function.getArgument(at));
  }
  for (Operation *op : llvm::reverse(movable))
    if (op->use_empty())
      op->erase();
  // Nobody has to keep a weight that nobody reads.
  llvm::BitVector unused(function.getNumArguments());
  for (BlockArgument argument : function.getArguments())
    if (argument.use_empty() &&
        function.getArgAttr(argument.getArgNumber(), kFrozenAttr))
      unused.set(argument.getArgNumber());
  (void)function.eraseArguments(unused);
}

struct PrepareWeights
    : public capstan::impl::CapstanPrepareWeightsBase<PrepareWeights> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::FuncOp> functions;
    CallSites sites(module);
    for (func::FuncOp function : module.getOps<func::FuncOp>())
      // Callers give weights of their own.
      if (function.isPublic() && !function.isExternal() &&
          sites.isUnused(function))
        functions.push_back(function);
    for (func::FuncOp function : functions)
      Preparation(function).run();
  }
};
} // namespace
