//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Questions about devices: equal ones become one, outside of loops, and for a
// known chip they are answered.
//
//===----------------------------------------------------------------------===//

#include "DeviceContext.h"
#include "capstan/Dialect/DeviceContextOps.h"
#include "capstan/Transforms/Utils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace capstan;

namespace {
/// What is asked: operation, attributes, and operands, constants by what they
/// are.
struct Question {
  OperationName name;
  Attribute attributes;
  SmallVector<DeviceName> operands;

  bool operator==(const Question &other) const {
    return name == other.name && attributes == other.attributes &&
           operands == other.operands;
  }
};

class Queries {
public:
  Queries(Semantics &semantics, CurrentDevice &devices)
      : semantics(semantics), devices(devices) {}

  void run(func::FuncOp function);
  QueryCounts counts;

private:
  bool isQuestion(Operation *op);
  Question questionOf(Operation *op);
  bool leave(Operation *op);
  bool joinBranches(Operation *op);
  void replace(Operation *op, Operation *by);

  Semantics &semantics;
  CurrentDevice &devices;
};
} // namespace

/// The answer depends on nothing but the operands.
bool Queries::isQuestion(Operation *op) {
  std::optional<DeviceContext> context = semantics.deviceContext(op);
  if (!context || !context->query || context->set || context->get ||
      op->getNumRegions() != 0)
    return false;
  SmallVector<Effect> effects;
  return isa<DeviceCapabilityOp>(op) ||
         (!isa<func::CallOp>(op) && semantics.isDeterministic(op) &&
          semantics.getEffects(op, effects) && effects.empty());
}

Question Queries::questionOf(Operation *op) {
  Question question{op->getName(), op->getAttrDictionary(), {}};
  for (Value operand : op->getOperands())
    question.operands.push_back(devices.name(operand));
  return question;
}

void Queries::replace(Operation *op, Operation *by) {
  remarkDone(op, "merged", op->getLoc(), by->getLoc());
  op->replaceAllUsesWith(by);
  op->erase();
  ++counts.removed;
}

/// Moves `op` in front of what holds it, if it may run there.
bool Queries::leave(Operation *op) {
  Operation *parent = op->getParentOp();
  if (!isa<WithDeviceOp, scf::ForOp, scf::WhileOp, scf::IfOp>(parent))
    return false;
  SmallVector<Operation *> constants;
  for (Value operand : op->getOperands()) {
    if (!parent->isAncestor(operand.getParentBlock()->getParentOp()))
      continue;
    Operation *constant = operand.getDefiningOp();
    if (!constant || !constant->hasTrait<OpTrait::ConstantLike>())
      return false;
    constants.push_back(constant);
  }
  Value device = semantics.deviceContext(op)->query;
  bool runs = isa<WithDeviceOp>(parent) ||
              (isa<scf::WhileOp>(parent) &&
               op->getParentRegion()->getRegionNumber() == 0) ||
              (isa<scf::ForOp>(parent) && semantics.runsAtLeastOnce(parent));
  // Asking more often than before may be dearer where no loop is left.
  bool worth =
      !isa<scf::IfOp>(parent) || parent->getParentOfType<LoopLikeOpInterface>();
  if (!runs && !(worth && devices.isValid(device)))
    return false;
  for (Operation *constant : constants)
    if (parent->isAncestor(constant))
      constant->moveBefore(parent);
  op->moveBefore(parent);
  return true;
}

/// Moves `op` in front of its branch if the other side asks the same.
bool Queries::joinBranches(Operation *op) {
  auto branch = dyn_cast<scf::IfOp>(op->getParentOp());
  if (!branch || branch.getElseRegion().empty() ||
      llvm::any_of(op->getOperands(), [&](Value operand) {
        return branch->isAncestor(operand.getParentBlock()->getParentOp());
      }))
    return false;
  bool isThen = op->getParentRegion() == &branch.getThenRegion();
  Block *other = isThen ? branch.elseBlock() : branch.thenBlock();
  for (Operation &same : *other)
    if (isQuestion(&same) && questionOf(&same) == questionOf(op)) {
      op->moveBefore(branch);
      return true;
    }
  return false;
}

void Queries::run(func::FuncOp function) {
  SmallVector<Operation *> questions;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isQuestion(op))
      questions.push_back(op);
  });
  for (Operation *op : questions) {
    Location from = op->getLoc();
    bool moved = false;
    while (leave(op) || joinBranches(op))
      moved = true;
    if (moved) {
      remarkDone(op, "hoisted", from, op->getParentOp()->getLoc());
      ++counts.hoisted;
    }
  }
  // Where they stand now.
  questions.clear();
  function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isQuestion(op))
      questions.push_back(op);
  });
  DominanceInfo dominance(function);
  SmallVector<std::pair<Question, Operation *>> asked;
  for (Operation *op : questions) {
    Question question = questionOf(op);
    auto *same = llvm::find_if(asked, [&](auto &before) {
      return before.first == question &&
             dominance.properlyDominates(before.second, op);
    });
    if (same != asked.end())
      replace(op, same->second);
    else
      asked.push_back({std::move(question), op});
  }
}

QueryCounts capstan::mergeCapabilityQueries(ModuleOp module,
                                            Semantics &semantics,
                                            CurrentDevice &devices) {
  Queries queries(semantics, devices);
  for (func::FuncOp function : llvm::to_vector(module.getOps<func::FuncOp>()))
    queries.run(function);
  return queries.counts;
}

//===----------------------------------------------------------------------===//
// A known chip
//===----------------------------------------------------------------------===//

FailureOr<unsigned> capstan::foldCapabilities(ModuleOp module, StringRef chip) {
  std::string name = chipName(chip);
  if (auto other = module->getAttrOfType<StringAttr>(kChipAttr);
      other && other.getValue() != name)
    return module.emitError("the module is folded for the chip ")
           << other.getValue() << " already";
  SmallVector<std::pair<DeviceCapabilityOp, int64_t>> known;
  module.walk([&](DeviceCapabilityOp op) {
    if (std::optional<int64_t> value = capabilityOf(name, op.getName()))
      known.push_back({op, *value});
    else
      remarkKept(op, "devices of the chip differ in it");
  });
  if (known.empty())
    return 0;
  module->setAttr(kChipAttr, StringAttr::get(module.getContext(), name));
  for (auto [op, value] : known) {
    remarkDone(op, "answered", op.getLoc(), op.getLoc());
    OpBuilder b(op);
    Value constant = arith::ConstantIntOp::create(b, op.getLoc(), value, 64);
    op.replaceAllUsesWith(constant);
    op.erase();
  }
  RewritePatternSet patterns(module.getContext());
  scf::IfOp::getCanonicalizationPatterns(patterns, module.getContext());
  cf::CondBranchOp::getCanonicalizationPatterns(patterns, module.getContext());
  cf::SwitchOp::getCanonicalizationPatterns(patterns, module.getContext());
  scf::IndexSwitchOp::getCanonicalizationPatterns(patterns,
                                                  module.getContext());
  if (failed(applyPatternsGreedily(module, std::move(patterns))))
    return module.emitError("branches on capabilities don't fold to an end");
  return static_cast<unsigned>(known.size());
}
