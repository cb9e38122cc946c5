//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Graphs of blocks (`cf`): reducible ones, joined at the postdominators of
// their branches; a natural loop with one exit is a while loop.
//
//===----------------------------------------------------------------------===//

#include "capstan/Verify/Executor.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::verify;
using Kind = Expr::Kind;

struct Executor::Graph {
  struct NaturalLoop {
    llvm::DenseSet<Block *> blocks;
    Block *exiting = nullptr; ///< the only block that leaves it
    Block *inside = nullptr;  ///< its successor in the loop
    Block *outside = nullptr; ///< and the one outside
  };
  /// Immediate postdominators; null: the end of the region.
  llvm::DenseMap<Block *, Block *> joins;
  llvm::DenseMap<Block *, NaturalLoop> loops;
  llvm::DenseSet<Block *> active; ///< headers of loops being run
};

bool Executor::analyze(Region &region, Graph &graph) {
  Operation *parent = region.getParentOp();
  DominanceInfo dominance(parent);
  PostDominanceInfo postDominance(parent);
  // Depth first, to find the edges that go back.
  enum Color { White, Open, Done };
  llvm::DenseMap<Block *, Color> color;
  SmallVector<std::pair<Block *, unsigned>> stack{{&region.front(), 0}};
  color[&region.front()] = Open;
  llvm::MapVector<Block *, SmallVector<Block *>> latches;
  while (!stack.empty()) {
    auto &[block, next] = stack.back();
    if (block->empty())
      return fail(parent, "block without terminator");
    if (next == block->getNumSuccessors()) {
      color[block] = Done;
      stack.pop_back();
      continue;
    }
    Block *from = block, *to = block->getSuccessor(next++);
    if (color[to] == White) {
      color[to] = Open;
      stack.push_back({to, 0});
    } else if (color[to] == Open) {
      if (!dominance.dominates(to, from))
        return fail(from->getTerminator(),
                    "can't decide: the control flow is irreducible here");
      latches[to].push_back(from);
    }
  }
  for (Block &block : region) {
    if (color[&block] == White)
      continue; // unreachable
    auto *node = postDominance.getNode(&block);
    if (!node)
      return fail(block.getTerminator(), "can't decide: this loop never ends");
    graph.joins[&block] =
        node->getIDom() ? node->getIDom()->getBlock() : nullptr;
  }
  for (auto &[header, from] : latches) {
    Graph::NaturalLoop &loop = graph.loops[header];
    loop.blocks.insert(header);
    SmallVector<Block *> work(from.begin(), from.end());
    while (!work.empty()) {
      Block *block = work.pop_back_val();
      if (color[block] != White && loop.blocks.insert(block).second)
        work.append(block->pred_begin(), block->pred_end());
    }
    for (Block *block : loop.blocks)
      for (Block *successor : block->getSuccessors())
        if (!loop.blocks.contains(successor)) {
          if (loop.exiting)
            return fail(block->getTerminator(),
                        "can't decide: the loop has several exits");
          loop.exiting = block;
          loop.outside = successor;
        }
    if (!loop.exiting || !isa<cf::CondBranchOp>(loop.exiting->getTerminator()))
      return fail(header->getTerminator(),
                  "can't decide: the loop has no exit of a known form");
    for (Block *successor : loop.exiting->getSuccessors())
      if (successor != loop.outside)
        loop.inside = successor;
    if (!loop.inside)
      return fail(header->getTerminator(), "can't decide: the loop never ends");
  }
  return true;
}

/// Gives the arguments of a successor their values.
bool Executor::enter(Operation *terminator, unsigned successor) {
  auto branch = dyn_cast<BranchOpInterface>(terminator);
  if (!branch)
    return fail(terminator, "can't decide: unknown terminator");
  SuccessorOperands operands = branch.getSuccessorOperands(successor);
  Block *to = terminator->getSuccessor(successor);
  if (operands.getProducedOperandCount())
    return fail(terminator, "can't decide: terminator that makes values");
  Exprs values;
  for (Value v : operands.getForwardedOperands()) {
    Expr *e = value(v);
    if (!e)
      return fail(terminator, "operand that is not known here");
    values.push_back(e);
  }
  for (auto [arg, e] : llvm::zip(to->getArguments(), values))
    set(arg, e);
  return true;
}

/// Runs all that follows a terminator with several successors up to `join`.
bool Executor::split(Graph &graph, Operation *terminator, Block *join,
                     Exprs &results) {
  // Values at the join: its arguments, or what the region gives.
  auto side = [&](unsigned successor, Exprs &values) {
    if (!enter(terminator, successor))
      return false;
    Exprs out;
    if (!runFrom(graph, terminator->getSuccessor(successor), join, out))
      return false;
    if (join)
      for (BlockArgument arg : join->getArguments())
        out.push_back(env.lookup(arg));
    values = std::move(out);
    return true;
  };
  Exprs values;
  if (auto cond = dyn_cast<cf::CondBranchOp>(terminator)) {
    Expr *e = value(cond.getCondition());
    if (!e)
      return fail(terminator, "operand that is not known here");
    if (!branch(
            terminator, e, [&] { return side(0, values); },
            [&] { return side(1, values); }, values))
      return false;
  } else if (auto cases = dyn_cast<cf::SwitchOp>(terminator)) {
    Expr *flag = value(cases.getFlag());
    if (!flag)
      return fail(terminator, "operand that is not known here");
    SmallVector<APInt> numbers;
    if (auto attr = cases.getCaseValues())
      numbers.assign(attr->begin(), attr->end());
    Type i1 = IntegerType::get(terminator->getContext(), 1);
    std::function<bool(unsigned)> run = [&](unsigned i) {
      if (i == numbers.size())
        return side(0, values);
      if (numbers[i].getBitWidth() > 64)
        return fail(terminator, "can't decide: case of more than 64 bits");
      Expr *taken =
          exprs.compare(Expr::Eq, i1, flag,
                        exprs.constant(flag->type, numbers[i].getSExtValue()));
      return branch(
          terminator, taken, [&] { return side(i + 1, values); },
          [&] { return run(i + 1); }, values);
    };
    if (numbers.size() > 10000)
      return fail(terminator, "can't decide: too many cases");
    if (!run(0))
      return false;
  } else {
    return fail(terminator, "can't decide: unknown terminator");
  }
  if (join)
    for (auto [arg, e] : llvm::zip(join->getArguments(), values))
      set(arg, e);
  else
    results = std::move(values);
  return true;
}

/// Runs from `block`, whose arguments have their values, until `stop`.
bool Executor::runFrom(Graph &graph, Block *block, Block *stop,
                       Exprs &results) {
  if (++depth > 5000)
    return fail(block->getParentOp(), "nesting is too deep");
  while (block != stop) {
    if (graph.active.contains(block))
      return fail(block->getTerminator(),
                  "can't decide: a path of the loop avoids its exit");
    if (graph.loops.count(block)) {
      Block *next = nullptr;
      if (!runLoop(graph, block, next))
        return false;
      block = next;
      continue;
    }
    if (!runOps(*block))
      return false;
    Operation *terminator = block->getTerminator();
    unsigned successors = terminator->getNumSuccessors();
    if (successors == 0) {
      if (!terminator->hasTrait<OpTrait::ReturnLike>())
        return fail(terminator, "can't decide: unknown terminator");
      for (Value v : terminator->getOperands()) {
        Expr *e = value(v);
        if (!e)
          return fail(terminator, "operand that is not known here");
        results.push_back(e);
      }
      if (stop)
        return fail(terminator, "can't decide: unexpected end of a path");
      break;
    }
    if (successors == 1) {
      if (!enter(terminator, 0))
        return false;
      block = terminator->getSuccessor(0);
      continue;
    }
    Block *join = graph.joins.lookup(block);
    if (!split(graph, terminator, join, results))
      return false;
    if (!join) {
      if (stop)
        return fail(terminator, "can't decide: paths that don't join");
      break;
    }
    block = join;
  }
  --depth;
  return true;
}

/// Runs the loop of `header`; `next` is where it leads, arguments set.
bool Executor::runLoop(Graph &graph, Block *header, Block *&next) {
  Graph::NaturalLoop &shape = graph.loops[header];
  Operation *terminator = shape.exiting->getTerminator();
  auto exit = cast<cf::CondBranchOp>(terminator);
  unsigned inside = exit.getTrueDest() == shape.inside ? 0 : 1;
  LoopSpec spec;
  spec.op = header->getTerminator();
  spec.isWhile = true;
  for (BlockArgument arg : header->getArguments())
    spec.inits.push_back(env.lookup(arg));
  spec.loop = exprs.get(Kind::Loop, 0, {}, {});
  spec.writes = false;
  for (Block *block : shape.blocks)
    for (Operation &op : *block)
      spec.writes |= effectsOf(&op).writes;
  // Values of the last trip that are used after it, and those passed on.
  SmallVector<Value> used;
  auto escapes = [&](Value v) {
    if (llvm::any_of(v.getUsers(), [&](Operation *user) {
          Block *at =
              header->getParent()->findAncestorBlockInRegion(*user->getBlock());
          return !at || !shape.blocks.contains(at);
        }))
      used.push_back(v);
  };
  for (Block &block : *header->getParent()) {
    if (!shape.blocks.contains(&block))
      continue;
    llvm::for_each(block.getArguments(), escapes);
    for (Operation &op : block)
      llvm::for_each(op.getResults(), escapes);
  }
  SuccessorOperands passed = exit.getSuccessorOperands(1 - inside);
  Exprs ignored;
  auto first = [&](LoopRun &run) {
    for (auto [arg, e] : llvm::zip(header->getArguments(), run.symbols))
      set(arg, e);
    graph.active.insert(header);
    // The header itself, then on to the exit.
    if (header != shape.exiting) {
      Operation *end = header->getTerminator();
      if (!runOps(*header))
        return false;
      Block *block = nullptr;
      if (end->getNumSuccessors() == 1) {
        if (!enter(end, 0))
          return false;
        block = end->getSuccessor(0);
      } else {
        block = graph.joins.lookup(header);
        if (!block || !split(graph, end, block, ignored))
          return fail(end, "can't decide: paths that don't join");
      }
      if (!runFrom(graph, block, shape.exiting, ignored))
        return false;
    }
    if (shape.exiting != header && graph.loops.count(shape.exiting))
      return fail(terminator, "can't decide: the exit is a loop itself");
    if (!runOps(*shape.exiting))
      return false;
    run.condition = value(exit.getCondition());
    if (!run.condition)
      return fail(terminator, "operand that is not known here");
    if (inside == 1)
      run.condition = exprs.negate(contents(run.condition));
    for (Value v : used) {
      Expr *e = env.lookup(v);
      if (!e)
        return fail(terminator, "can't decide: value from part of a loop");
      run.leaving.push_back(e);
    }
    for (Value v : passed.getForwardedOperands()) {
      Expr *e = value(v);
      if (!e)
        return fail(terminator, "operand that is not known here");
      run.leaving.push_back(e);
    }
    return true;
  };
  auto second = [&](LoopRun &run) {
    if (!enter(terminator, inside) ||
        !runFrom(graph, shape.inside, header, ignored))
      return false;
    for (BlockArgument arg : header->getArguments())
      run.next.push_back(env.lookup(arg));
    return true;
  };
  Exprs outs;
  bool good = loop(spec, first, second, outs);
  graph.active.erase(header);
  if (!good)
    return false;
  for (auto [v, e] : llvm::zip(used, outs))
    set(v, e);
  next = shape.outside;
  for (auto [arg, e] :
       llvm::zip(next->getArguments(), llvm::drop_begin(outs, used.size())))
    set(arg, e);
  return true;
}

bool Executor::graph(Region &region, Exprs &results) {
  auto &known = graphs[&region];
  if (!known) {
    known = std::make_shared<Graph>();
    if (!analyze(region, *known))
      return false;
  }
  std::shared_ptr<Graph> g = known;
  // Loops that an outer execution has open are not ours: calls don't recur.
  return runFrom(*g, &region.front(), nullptr, results);
}
