//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/SyncWeights.h"
#include "capstan/Analysis/HostCode.h"
#include "capstan/Dialect/Capstan.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/RegionGraphTraits.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/SCCIterator.h"

using namespace mlir;
using namespace capstan;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

static constexpr int64_t kMany = std::numeric_limits<int64_t>::max();

static int64_t multiply(int64_t a, int64_t b) {
  int64_t result;
  return llvm::MulOverflow(a, b, result) ? kMany : result;
}

static int64_t add(int64_t a, int64_t b) {
  int64_t result;
  return llvm::AddOverflow(a, b, result) ? kMany : result;
}

static void note(SyncWeight &weight, ArrayRef<StringAttr> unknown) {
  for (StringAttr factor : unknown)
    if (!llvm::is_contained(weight.unknown, factor))
      weight.unknown.push_back(factor);
}

static SyncWeight multiply(SyncWeight a, const SyncWeight &b) {
  a.most = multiply(a.most, b.most);
  a.least = multiply(a.least, b.least);
  note(a, b.unknown);
  return a;
}

static void add(SyncWeight &a, const SyncWeight &b) {
  a.most = add(a.most, b.most);
  a.least = add(a.least, b.least);
  note(a, b.unknown);
}

static StringAttr functionName(Operation *op) {
  Operation *function =
      isa<FunctionOpInterface>(op)
          ? op
          : op->getParentOfType<FunctionOpInterface>().getOperation();
  return function ? SymbolTable::getSymbolName(function) : StringAttr();
}

static StringAttr factor(const Twine &what, Operation *op) {
  StringAttr name = functionName(op);
  return StringAttr::get(op->getContext(),
                         name ? what + " in @" + name.getValue() : what);
}

static std::optional<int64_t> trips(std::optional<int64_t> lb,
                                    std::optional<int64_t> ub,
                                    std::optional<int64_t> step) {
  if (!lb || !ub || !step || *step <= 0)
    return std::nullopt;
  if (*lb >= *ub)
    return 0;
  __int128 span = static_cast<__int128>(*ub) - *lb;
  __int128 count = (span + *step - 1) / *step;
  return count > kMany ? kMany : static_cast<int64_t>(count);
}

std::optional<int64_t> capstan::knownTripCount(Semantics &semantics,
                                               Operation *op) {
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    auto lb = semantics.constant(loop.getLowerBound());
    auto ub = semantics.constant(loop.getUpperBound());
    if (loop.getUnsignedCmp() && (lb.value_or(-1) < 0 || ub.value_or(-1) < 0))
      return std::nullopt;
    return trips(lb, ub, semantics.constant(loop.getStep()));
  }
  if (auto loop = dyn_cast<scf::ForallOp>(op)) {
    std::optional<int64_t> product = 1;
    for (auto [lb, ub, step] :
         llvm::zip(loop.getMixedLowerBound(), loop.getMixedUpperBound(),
                   loop.getMixedStep())) {
      auto count = trips(getConstantIntValue(lb), getConstantIntValue(ub),
                         getConstantIntValue(step));
      if (!count)
        return std::nullopt;
      product = multiply(*product, *count);
    }
    return product;
  }
  std::optional<LoopDesc> desc = semantics.loop(op);
  if (!desc || desc->isScf)
    return std::nullopt;
  if (desc->condition) {
    std::optional<int64_t> condition = semantics.constant(desc->condition);
    if (condition == 0)
      return 0;
    if (!condition)
      return std::nullopt;
  }
  std::optional<int64_t> trip =
      desc->trip ? semantics.constant(desc->trip) : std::nullopt;
  if (!trip || *trip <= 0)
    return trip ? std::optional<int64_t>(0) : std::nullopt;
  // The yielded condition may end the loop before.
  if (desc->yieldCondition &&
      semantics.constant(desc->yieldCondition).value_or(0) == 0)
    return std::nullopt;
  return trip;
}

//===----------------------------------------------------------------------===//
// Within a function
//===----------------------------------------------------------------------===//

SyncWeight SyncWeights::local(Operation *op) const {
  return blocks.lookup_or(op->getBlock(), SyncWeight());
}

/// Weighs the blocks of a region with several: those on a cycle run unknown
/// times, those off some path may not run.
static void weighBlocks(Region &region, const SyncWeight &weight,
                        DenseMap<Block *, SyncWeight> &blocks) {
  PostDominanceInfo postDominance(region.getParentOp());
  Block *entry = &region.front();
  SyncWeight never;
  never.most = never.least = 0;
  for (Block &block : region)
    blocks[&block] = never; // unreachable
  for (auto it = llvm::scc_begin(entry); !it.isAtEnd(); ++it)
    for (Block *block : *it) {
      SyncWeight own = weight;
      if (!postDominance.postDominates(block, entry))
        own.least = 0;
      if (it.hasCycle())
        note(own, factor("trips of a loop of branches", region.getParentOp()));
      blocks[block] = own;
    }
}

void SyncWeights::weighRegions(Operation *op) {
  if (op->getNumRegions() == 0 || isa<ModuleOp>(op))
    return;
  SyncWeight outer;
  bool isFunction = isa<FunctionOpInterface>(op);
  if (!isFunction)
    outer = local(op);
  for (Region &region : op->getRegions()) {
    if (region.empty())
      continue;
    SyncWeight weight = outer;
    if (isFunction || isa<scf::ExecuteRegionOp>(op)) {
      // Once.
    } else if (semantics.kind(op) != OpKind::Loop) {
      weight.least = 0;
    } else if (auto count = knownTripCount(semantics, op)) {
      weight.most = multiply(weight.most, *count);
      weight.least = multiply(weight.least, *count);
    } else {
      bool isBefore = isa<scf::WhileOp>(op) && region.getRegionNumber() == 0;
      if (!isBefore && !semantics.runsAtLeastOnce(op))
        weight.least = 0;
      note(weight, factor("trips of " + op->getName().getStringRef(), op));
    }
    if (!region.hasOneBlock())
      weighBlocks(region, weight, blocks);
    else if (weight.most != 1 || weight.least != 1 || !weight.unknown.empty())
      blocks[&region.front()] = std::move(weight);
  }
}

//===----------------------------------------------------------------------===//
// Syncs
//===----------------------------------------------------------------------===//

static StringRef kindOf(Operation *op, Semantics &semantics) {
  if (isUnraisedSync(op))
    return "item";
  if (isa<FetchOp, FetchWaitOp>(op))
    return "fetch";
  if (const ForeignOpModel *model = semantics.model(op))
    return model->sync->conversion.getValue();
  std::optional<SyncInfo> info = semantics.syncInfo(op);
  return info->conversions.empty() ? op->getName().getStringRef()
                                   : info->conversions.front();
}

void SyncWeights::collect(ModuleOp module) {
  Placement placement(semantics, module);
  Operation *function = nullptr;
  auto isBlocking = [&](Operation *op) {
    if (isa<FetchWaitOp>(op) || isUnraisedSync(op))
      return true;
    return placement.isSync(op) && semantics.syncInfo(op)->blocking;
  };
  walkHostCode(module, [&](Operation *op) {
    weighRegions(op);
    if (isa<FunctionOpInterface>(op)) {
      function = op;
      if (holdsHostCode(op) && !op->getRegion(0).empty())
        functions.push_back(op);
      return;
    }
    if (function && !function->isProperAncestor(op))
      function = nullptr;
    // A symbol that is used anywhere but in a direct call may be called from
    // anywhere.
    auto resolve = [&](SymbolRefAttr symbol) {
      Operation *target = symbols.lookupNearestSymbolFrom(op, symbol);
      return isa_and_nonnull<FunctionOpInterface>(target) ? target : nullptr;
    };
    SymbolRefAttr direct;
    if (auto call = dyn_cast<CallOpInterface>(op))
      direct = dyn_cast_if_present<SymbolRefAttr>(call.getCallableForCallee());
    if (Operation *target = direct ? resolve(direct) : nullptr) {
      if (function && target->getNumRegions() && !target->getRegion(0).empty())
        callees[op] = target;
    } else {
      op->getAttrDictionary().walk([&](SymbolRefAttr symbol) {
        if (Operation *target = resolve(symbol))
          escaping.insert(target);
      });
    }
    if (isBlocking(op))
      found.push_back(
          {op, function, kindOf(op, semantics), isa<FetchWaitOp>(op), {}});
  });
}

//===----------------------------------------------------------------------===//
// Across functions
//===----------------------------------------------------------------------===//

namespace {
/// A function in the call graph.
struct Node {
  Operation *function = nullptr;
  SmallVector<std::pair<Operation *, Node *>> calls;
  SmallVector<Node *> successors;
};
} // namespace

template <> struct llvm::GraphTraits<Node *> {
  using NodeRef = Node *;
  using ChildIteratorType = SmallVector<Node *>::iterator;
  static NodeRef getEntryNode(Node *node) { return node; }
  static ChildIteratorType child_begin(Node *n) {
    return n->successors.begin();
  }
  static ChildIteratorType child_end(Node *n) { return n->successors.end(); }
};

void SyncWeights::weighFunctions() {
  Node root;
  DenseMap<Operation *, std::unique_ptr<Node>> nodes;
  for (Operation *function : functions) {
    auto &node = nodes[function] = std::make_unique<Node>();
    node->function = function;
    root.successors.push_back(node.get());
  }
  for (auto [call, target] : callees) {
    auto caller = nodes.find(call->getParentOfType<FunctionOpInterface>());
    auto callee = nodes.find(target);
    if (caller == nodes.end() || callee == nodes.end())
      continue;
    caller->second->calls.push_back({call, callee->second.get()});
    caller->second->successors.push_back(callee->second.get());
  }

  // Callers before callees.
  SmallVector<std::pair<SmallVector<Node *>, bool>> components;
  for (auto it = llvm::scc_begin(&root); !it.isAtEnd(); ++it)
    components.push_back(
        {SmallVector<Node *>(it->begin(), it->end()), it.hasCycle()});
  for (auto &[component, cyclic] : llvm::reverse(components)) {
    if (component.front() == &root)
      continue;
    auto isPublic = [](Node *node) {
      return cast<FunctionOpInterface>(node->function).isPublic();
    };
    bool called = llvm::any_of(
        component, [&](Node *node) { return bodies.contains(node->function); });
    for (Node *node : component) {
      SyncWeight once;
      if (!called && isPublic(node)) {
        entryFunctions.push_back(node->function);
        bodies[node->function] = once;
      } else if (escaping.contains(node->function)) {
        once.least = 0;
        once.unknown.push_back(factor("indirect calls", node->function));
        auto [it, inserted] = bodies.try_emplace(node->function, once);
        if (!inserted)
          note(it->second, once.unknown);
      }
    }
    if (cyclic) {
      // Each function of a cycle runs at least as often as it is called from
      // outside; how often in all is unknown.
      SyncWeight all;
      all.most = 0;
      bool runs = false;
      for (Node *node : component)
        if (auto it = bodies.find(node->function); it != bodies.end()) {
          add(all, it->second);
          runs = true;
        }
      for (Node *node : component) {
        for (auto [call, callee] : node->calls)
          if (llvm::is_contained(component, callee))
            recursiveCalls.insert(call);
        if (!runs)
          continue;
        auto it = bodies.find(node->function);
        all.least = it == bodies.end() ? 0 : it->second.least;
        SyncWeight own = all;
        note(own, factor("recursion", node->function));
        bodies[node->function] = own;
      }
    }
    for (Node *node : component) {
      auto it = bodies.find(node->function);
      if (it == bodies.end())
        continue;
      SyncWeight caller = it->second;
      for (auto [call, callee] : node->calls) {
        if (recursiveCalls.contains(call))
          continue;
        SyncWeight zero;
        zero.most = zero.least = 0;
        auto [at, inserted] = bodies.try_emplace(callee->function, zero);
        add(at->second, multiply(caller, local(call)));
      }
    }
  }
}

const SyncWeight *SyncWeights::weight(Operation *function) const {
  auto it = bodies.find(function);
  return it == bodies.end() ? nullptr : &it->second;
}

SyncWeights::SyncWeights(ModuleOp module, Semantics &semantics)
    : semantics(semantics) {
  collect(module);
  weighFunctions();
  llvm::SmallPtrSet<Operation *, 4> entries(llvm::from_range, entryFunctions);
  entryFunctions.clear();
  llvm::copy_if(
      functions, std::back_inserter(entryFunctions),
      [&](Operation *function) { return entries.contains(function); });
  for (HostSync &sync : found)
    sync.weight = weight(sync.function, sync.op);
}

SyncWeight SyncWeights::weight(Operation *function, Operation *op) const {
  if (const SyncWeight *body = function ? weight(function) : nullptr)
    return multiply(*body, local(op));
  SyncWeight never;
  never.most = never.least = 0;
  return never;
}
