//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Lets the runtime copy a batch straight into a graph's memory, and results
// without padding out of it.
//
//   %p = memref.alloc() : memref<16xf32>
//   %s = memref.subview %p[0] [%n] [1] : ...
//   memref.copy %x, %s : memref<?xf32> to memref<?xf32, strided<[1]>>
//   %y = call @main_graph(%p) {capstan.graph} : (memref<16xf32>) -> ...
//   // becomes
//   %y = capstan.call_graph @main_graph(%x) : (memref<?xf32>) -> ...
//
//===----------------------------------------------------------------------===//

#include "BufferLives.h"
#include "capstan/Conversion/Passes.h"
#include "capstan/Dialect/GraphOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANSTAGEGRAPHINPUTS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

static bool isGraphCall(Operation &op) {
  return isa<func::CallOp>(op) && op.hasAttr("capstan.graph");
}

//===----------------------------------------------------------------------===//
// Functions that only call graphs
//===----------------------------------------------------------------------===//

static bool onlyCallsGraphs(func::FuncOp function) {
  if (!function || !function.isPrivate() || function.isExternal() ||
      !function.getBody().hasOneBlock())
    return false;
  return llvm::all_of(function.getBody().front().without_terminator(),
                      [](Operation &op) {
                        return isGraphCall(op) || isa<ViewLikeOpInterface>(op);
                      });
}

static void inlineCall(func::CallOp call, func::FuncOp function) {
  IRMapping map;
  map.map(function.getArguments(), call.getOperands());
  OpBuilder b(call);
  Block &body = function.getBody().front();
  for (Operation &op : body.without_terminator())
    b.clone(op, map);
  for (auto [result, value] :
       llvm::zip_equal(call.getResults(), body.getTerminator()->getOperands()))
    result.replaceAllUsesWith(map.lookup(value));
  call.erase();
}

static void inlineWrappers(ModuleOp module) {
  SymbolTable symbols(module);
  SmallVector<std::pair<func::CallOp, func::FuncOp>> calls;
  module.walk([&](func::CallOp call) {
    auto function = symbols.lookup<func::FuncOp>(call.getCallee());
    if (!isGraphCall(*call) && onlyCallsGraphs(function))
      calls.push_back({call, function});
  });
  llvm::SetVector<func::FuncOp> inlined;
  for (auto [call, function] : calls) {
    inlineCall(call, function);
    inlined.insert(function);
  }
  for (func::FuncOp function : inlined)
    if (SymbolTable::symbolKnownUseEmpty(function, module))
      symbols.erase(function);
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

/// Whether contents of `source` may be others at `end` than at `begin`.
static bool mayChange(Value source, Operation *begin, Operation *end) {
  Value root = rootOf(source);
  for (Operation *op = begin->getNextNode(); op != end;
       op = op->getNextNode()) {
    std::optional<SmallVector<MemoryEffects::EffectInstance>> effects =
        getEffectsRecursively(op);
    if (!effects)
      return true;
    for (const MemoryEffects::EffectInstance &effect : *effects) {
      if (isa<MemoryEffects::Read, MemoryEffects::Allocate>(
              effect.getEffect()) ||
          isa<CounterResource>(effect.getResource()))
        continue;
      Value written = effect.getValue() ? rootOf(effect.getValue()) : Value();
      if (!written || written == root ||
          !written.getDefiningOp<memref::AllocOp>())
        return true;
    }
  }
  return false;
}

/// Whether the view is of the first elements.
static bool isPrefix(memref::SubViewOp view) {
  return view.getSourceType().getRank() == view.getType().getRank() &&
         llvm::all_of(view.getMixedOffsets(), isZeroInteger) &&
         llvm::all_of(view.getMixedStrides(), isOneInteger) &&
         isPrefixOf(MemRefType::get(view.getType().getShape(),
                                    view.getType().getElementType(),
                                    MemRefLayoutAttrInterface(),
                                    view.getType().getMemorySpace()),
                    view.getSourceType());
}

/// What a buffer holds that is made for `call`, and what fills it. Null if it
/// serves anything else.
static Value stagedIn(memref::AllocOp buffer, func::CallOp call,
                      SmallVectorImpl<Operation *> &fillers) {
  memref::SubViewOp view;
  Operation *writer = nullptr;
  for (Operation *user : buffer->getUsers()) {
    if (user == call)
      continue;
    auto part = dyn_cast<memref::SubViewOp>(user);
    if (part && !view && part->hasOneUse() && isPrefix(part)) {
      view = part;
      user = *part->user_begin();
    }
    if (writer || !isa<memref::CopyOp, memref::StoreOp>(user))
      return {};
    writer = user;
  }
  if (!writer || writer->getBlock() != call->getBlock() ||
      !writer->isBeforeInBlock(call))
    return {};
  Value source;
  if (auto store = dyn_cast<memref::StoreOp>(writer)) {
    if (view || buffer.getType().getRank() || store.getValue() == buffer)
      return {};
    source = store.getValue();
  } else {
    auto copy = cast<memref::CopyOp>(writer);
    source = copy.getSource();
    if (source == buffer || rootOf(copy.getTarget()) != buffer ||
        !isPrefixOf(cast<MemRefType>(source.getType()), buffer.getType()) ||
        mayChange(source, writer, call))
      return {};
  }
  fillers.push_back(writer);
  if (view)
    fillers.push_back(view);
  fillers.push_back(buffer);
  return source;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// The size of a view as it is written there.
static OpFoldResult sizeIn(Operation *view, int64_t dim) {
  if (auto expand = dyn_cast<memref::ExpandShapeOp>(view))
    return expand.getMixedOutputShape()[dim];
  if (auto part = dyn_cast<memref::SubViewOp>(view))
    return part.getMixedSizes()[dim];
  return {};
}

/// Makes sizes of a view, which are to outlive it, what they are of.
static void replaceSizes(Operation *view) {
  for (Operation *user : llvm::make_early_inc_range(view->getUsers())) {
    auto dim = dyn_cast<memref::DimOp>(user);
    std::optional<int64_t> index =
        dim ? dim.getConstantIndex() : std::optional<int64_t>();
    OpFoldResult size = index ? sizeIn(view, *index) : OpFoldResult();
    auto value = dyn_cast_if_present<Value>(size);
    if (!value)
      continue;
    dim.replaceAllUsesWith(value);
    dim.erase();
  }
}

/// The copy that is the only use of a result, through views of its first
/// elements, which are appended.
static memref::CopyOp copyOf(Value result,
                             SmallVectorImpl<Operation *> &views) {
  while (result.hasOneUse()) {
    Operation *user = *result.user_begin();
    if (auto copy = dyn_cast<memref::CopyOp>(user))
      return copy.getSource() == result ? copy : memref::CopyOp();
    auto part = dyn_cast<memref::SubViewOp>(user);
    if (!(part && isPrefix(part)) &&
        !isa<memref::CollapseShapeOp, memref::ExpandShapeOp>(user))
      return {};
    views.push_back(user);
    replaceSizes(user);
    result = user->getResult(0);
  }
  return {};
}

/// The buffer that gets a result's first elements, and nothing before; null if
/// there is none. What is not needed without it is appended.
static memref::AllocOp liveOf(OpResult result, DominanceInfo &dominance,
                              SmallVectorImpl<Operation *> &unused) {
  SmallVector<Operation *> views;
  memref::CopyOp copy = copyOf(result, views);
  auto live = copy ? copy.getTarget().getDefiningOp<memref::AllocOp>()
                   : memref::AllocOp();
  Operation *call = result.getOwner();
  if (!live || live->getBlock() != call->getBlock() ||
      copy->getBlock() != call->getBlock() ||
      !isPrefixOf(live.getType(), cast<MemRefType>(result.getType())) ||
      !llvm::all_of(live.getDynamicSizes(), [&](Value size) {
        return dominance.properlyDominates(size, call);
      }))
    return {};
  for (Operation *user : live->getUsers()) {
    Operation *at = copy->getBlock()->findAncestorOpInBlock(*user);
    if (user != copy && (!at || !copy->isBeforeInBlock(at)))
      return {};
  }
  unused.push_back(copy);
  unused.append(views.rbegin(), views.rend());
  unused.push_back(live);
  return live;
}

namespace {
struct StageGraphInputs
    : public capstan::impl::CapstanStageGraphInputsBase<StageGraphInputs> {
  void runOnOperation() override {
    inlineWrappers(getOperation());
    SmallVector<func::CallOp> calls;
    getOperation()->walk([&](func::CallOp call) {
      if (isGraphCall(*call))
        calls.push_back(call);
    });
    for (func::CallOp call : calls)
      if (failed(convert(call)))
        return signalPassFailure();
  }

  static LogicalResult verify(func::CallOp call) {
    for (Type type : llvm::concat<const Type>(call.getOperandTypes(),
                                              call.getResultTypes())) {
      auto buffer = dyn_cast<MemRefType>(type);
      if (!buffer || !buffer.hasStaticShape() || !isDeviceType(buffer) ||
          !buffer.getLayout().isIdentity())
        return call.emitOpError("of a graph has no lowering: ")
               << type << " is no row-major device memory of static size";
    }
    if (call.getNumResults() == 0)
      return call.emitOpError("of a graph has no results");
    return success();
  }

  LogicalResult convert(func::CallOp call) {
    if (failed(verify(call)))
      return failure();
    SmallVector<Operation *> unused, unusedAfter;
    DenseMap<Value, Value> staged;
    SmallVector<Value> inputs, sizes;
    for (Value operand : call.getOperands()) {
      auto [it, isNew] = staged.try_emplace(operand, operand);
      if (auto buffer = operand.getDefiningOp<memref::AllocOp>();
          isNew && buffer)
        if (Value source = stagedIn(buffer, call, unused)) {
          it->second = source;
          ++numInputs;
        }
      inputs.push_back(it->second);
    }
    DominanceInfo dominance;
    SmallVector<memref::AllocOp> parts;
    SmallVector<Type> types;
    for (OpResult result : call->getResults()) {
      memref::AllocOp live = liveOf(result, dominance, unusedAfter);
      parts.push_back(live);
      types.push_back(live ? Type(live.getType()) : result.getType());
      if (live) {
        llvm::append_range(sizes, live.getDynamicSizes());
        ++numResults;
      }
    }
    OpBuilder b(call);
    auto graph = CallGraphOp::create(b, call.getLoc(), types,
                                     call.getCalleeAttr(), inputs, sizes);
    for (auto [live, made, all] :
         llvm::zip_equal(parts, graph.getResults(), call.getResults()))
      (live ? Value(live) : all).replaceAllUsesWith(made);
    for (Operation *op : unusedAfter)
      op->erase();
    call.erase();
    for (Operation *op : unused)
      op->erase();
    return success();
  }
};
} // namespace
