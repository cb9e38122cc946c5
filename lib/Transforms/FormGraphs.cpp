//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Groups the work of a block on the device into as few graphs as possible.
//
//   %a = linalg.exp ins(%x : tensor<64xf32>) ...
//   %n = capstan.item %count[] : tensor<i32>
//   %b = linalg.mul ins(%a, %y : tensor<64xf32>, tensor<64xf32>) ...
//   // becomes
//   %n = capstan.item %count[] : tensor<i32>
//   %b = capstan.graph(%x, %y : tensor<64xf32>, tensor<64xf32>) ->
//   tensor<64xf32> { ^bb0(%0: tensor<64xf32>, %1: tensor<64xf32>):
//     %2 = linalg.exp ins(%0 : tensor<64xf32>) ...
//     %3 = linalg.mul ins(%2, %1 : tensor<64xf32>, tensor<64xf32>) ...
//     capstan.yield %3 : tensor<64xf32>
//   }
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/HostCode.h"
#include "capstan/Dialect/Dims.h"
#include "capstan/Dialect/GraphOps.h"
#include "capstan/Interfaces/CaptureSafeOpInterface.h"
#include "capstan/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANFORMGRAPHS
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {
/// Orders the operations of a block in phases, work of graphs and host code in
/// turn: even phases are the host's.
class Phases {
public:
  explicit Phases(Block &block);

  /// Operations of each phase, in their order.
  std::vector<SmallVector<Operation *>> phases;
  /// What each graph that needs it gets a copy of.
  SmallVector<Operation *> copied;

private:
  void addDependencies(Block &block);

  struct Node {
    Operation *op;
    bool inGraph;
    SmallVector<unsigned> after; // nodes that this one follows
    unsigned phase = 0;
  };
  std::vector<Node> nodes;
  DenseMap<Operation *, unsigned> numbers;
};
} // namespace

/// Constants, fresh memory and arithmetic on constants.
static bool isCopied(Operation *op) {
  if (isa<tensor::EmptyOp>(op))
    return captureObstacle(op).empty();
  return op->getNumResults() && isMemoryEffectFree(op) &&
         llvm::all_of(op->getResults(), [](Value result) {
           return matchPattern(result, m_Constant()) ||
                  (result.getType().isIntOrIndexOrFloat() &&
                   isSameEachReplay(result));
         });
}

static SetVector<Value> valuesUsedBy(Operation *op) {
  SetVector<Value> used(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), used);
  return used;
}

Phases::Phases(Block &block) {
  for (Operation &op : block.without_terminator()) {
    if (isCopied(&op)) {
      copied.push_back(&op);
      continue;
    }
    numbers[&op] = nodes.size();
    nodes.push_back({&op, captureObstacle(&op).empty(), {}});
  }
  addDependencies(block);
  // As early as possible, which gives the least number of phases ...
  unsigned last = 1;
  for (Node &node : nodes) {
    node.phase = node.inGraph;
    for (unsigned i : node.after)
      node.phase = std::max(node.phase, nodes[i].phase +
                                            (nodes[i].inGraph != node.inGraph));
    last = std::max(last, node.phase | 1);
  }
  // ... and then work as late as its users allow: less falls into early graphs.
  std::vector<unsigned> latest(nodes.size(), last);
  for (unsigned n = nodes.size(); n-- > 0;) {
    if (nodes[n].inGraph)
      nodes[n].phase = latest[n];
    for (unsigned i : nodes[n].after)
      latest[i] = std::min(
          latest[i], nodes[n].phase - (nodes[i].inGraph != nodes[n].inGraph));
  }
  phases.resize(last + 1);
  for (Node &node : nodes)
    phases[node.phase].push_back(node.op);
}

/// Whether others see that `op` ran, though the program fails afterwards.
static bool isVisible(Operation *op) {
  return !isMemoryEffectFree(op) && !isa<HostSyncOpInterface, cf::AssertOp>(op);
}

void Phases::addDependencies(Block &block) {
  std::optional<unsigned> effect, check;
  SmallVector<unsigned>
      failing; // work of graphs, since the last visible effect
  for (auto [n, node] : llvm::enumerate(nodes)) {
    for (Value value : valuesUsedBy(node.op))
      if (Operation *def = value.getDefiningOp())
        if (auto it = numbers.find(block.findAncestorOpInBlock(*def));
            it != numbers.end())
          node.after.push_back(it->second);
    if (node.inGraph) {
      // What may fail stays below the checks and above the visible effects
      // that it was, and checks on the device stay in order.
      if (!isSpeculatable(node.op)) {
        if (effect)
          node.after.push_back(*effect);
        failing.push_back(n);
      }
      if (!isMemoryEffectFree(node.op)) {
        if (check)
          node.after.push_back(*check);
        check = n;
      }
    } else if (!isMemoryEffectFree(node.op) || !isSpeculatable(node.op)) {
      if (effect)
        node.after.push_back(*effect);
      effect = n;
      if (isVisible(node.op))
        node.after.append(std::exchange(failing, {}));
    }
  }
}

/// Says why an operation interrupts the work on the device.
static void remarkCut(Operation *op) {
  auto isTensor = [](Type type) { return isa<TensorType>(type); };
  if (isMemoryEffectFree(op) &&
      llvm::none_of(op->getOperandTypes(), isTensor) &&
      llvm::none_of(op->getResultTypes(), isTensor))
    return;
  remark::missed(op->getLoc(),
                 remark::RemarkOpts::name("cut").category("capstan"))
      << remark::add("{0}", op->getName().getStringRef())
      << remark::reason("{0}", captureObstacle(op));
}

namespace {
struct FormGraphs : public capstan::impl::CapstanFormGraphsBase<FormGraphs> {
  using Base = capstan::impl::CapstanFormGraphsBase<FormGraphs>;
  using Base::Base;

  void runOnOperation() override {
    if (bucketsOnly && !getOperation()->hasAttr(kBucketAttr))
      return;
    SmallVector<Block *> blocks;
    walkHostCode(getOperation(), [&](Operation *op) {
      if (op->getNumRegions() == 0 || !holdsHostCode(op) ||
          (!isa<func::FuncOp>(op) && captureObstacle(op).empty()))
        return;
      for (Region &region : op->getRegions())
        for (Block &block : region)
          blocks.push_back(&block);
    });
    for (Block &block : getOperation().getBody())
      blocks.push_back(&block);
    for (Block *block : blocks)
      run(*block);
  }

  void run(Block &block);
  void form(Block &block, ArrayRef<Operation *> work,
            ArrayRef<Operation *> copied);
};
} // namespace

void FormGraphs::run(Block &block) {
  Phases order(block);
  auto hasWork = [](ArrayRef<Operation *> ops) {
    return llvm::any_of(ops, enqueuesWork);
  };
  bool any = false;
  for (auto [phase, ops] : llvm::enumerate(order.phases)) {
    any |= phase % 2 && hasWork(ops);
    if (phase % 2 == 0)
      llvm::for_each(ops, remarkCut);
  }
  if (!any)
    return;
  Operation *end = block.getTerminator();
  for (Operation *op : order.copied)
    op->moveBefore(end);
  for (auto [phase, ops] : llvm::enumerate(order.phases)) {
    for (Operation *op : ops)
      op->moveBefore(end);
    if (phase % 2 && hasWork(ops))
      form(block, ops, order.copied);
  }
}

/// Makes a graph of `work`, which stands together at the end of the block.
void FormGraphs::form(Block &block, ArrayRef<Operation *> work,
                      ArrayRef<Operation *> copied) {
  DenseSet<Operation *> inside(work.begin(), work.end());
  DenseSet<Operation *> cheap(copied.begin(), copied.end());
  auto isInside = [&](Operation *op) {
    return inside.contains(block.findAncestorOpInBlock(*op));
  };
  SetVector<Value> inputs, results, constants;
  SmallVector<Value> left;
  for (Operation *op : work) {
    for (Value value : valuesUsedBy(op)) {
      Operation *def = value.getDefiningOp();
      if (def && isInside(def))
        continue;
      // Constants of blocks around are copied as well.
      bool same = value.getType().isIntOrIndexOrFloat() ||
                  matchPattern(value, m_Constant()) ||
                  (def && cheap.contains(def));
      (same ? constants : inputs).insert(value);
    }
    for (Value result : op->getResults())
      if (!llvm::all_of(result.getUsers(), isInside))
        results.insert(result);
  }
  if (results.empty())
    return;

  OpBuilder b(work.front());
  SmallVector<Location> locs;
  for (Operation *op : work)
    locs.push_back(op->getLoc());
  Location loc = work.front()->getLoc();
  auto graph = GraphOp::create(b, loc, TypeRange(results.getArrayRef()),
                               inputs.getArrayRef());
  Block *body = b.createBlock(&graph.getBody());
  IRMapping map;
  for (Value input : inputs)
    map.map(input, body->addArgument(input.getType(), input.getLoc()));
  // What makes the constants, in order.
  SetVector<Operation *> makers;
  std::function<void(Value)> collect = [&](Value value) {
    Operation *def = value.getDefiningOp();
    if (!def || makers.contains(def))
      return;
    llvm::for_each(def->getOperands(), collect);
    makers.insert(def);
  };
  llvm::for_each(constants, collect);
  for (Operation *maker : makers)
    b.clone(*maker, map);
  for (Operation *op : work)
    b.clone(*op, map);
  SmallVector<Value> yielded;
  for (Value result : results)
    yielded.push_back(map.lookup(result));
  YieldOp::create(b, loc, yielded);
  for (auto [i, result] : llvm::enumerate(results.takeVector()))
    result.replaceAllUsesWith(graph.getResult(i));
  for (Operation *op : llvm::reverse(work))
    op->erase();

  unsigned launches = llvm::count_if(
      body->without_terminator(), [](auto &op) { return enqueuesWork(&op); });
  ++numGraphs;
  numCaptured += launches;
  remark::passed(graph.getLoc(),
                 remark::RemarkOpts::name("graph").category("capstan"))
      << remark::metric("Inputs", inputs.size())
      << remark::metric("Results", graph.getNumResults())
      << remark::metric("Work", launches);
}
