//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The frame of the analysis: entries, calls, loops, branches, and what is known
// of the elements of integer tensors. What single operations do is in
// SizeTransfer.cpp.
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/SizeAnalysis.h"
#include "capstan/Dialect/Dims.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace capstan;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

SizeExpr SizeAnalysis::opaque(Value value, SizeRange range,
                              SizeSymbol::Kind kind) {
  std::string origin;
  if (Operation *op = value.getDefiningOp())
    origin = "'" + op->getName().getStringRef().str() + "'";
  else
    origin =
        "argument " + std::to_string(cast<BlockArgument>(value).getArgNumber());
  SizeExpr result = symbols.add(kind, kind == SizeSymbol::Read ? "u" : "n",
                                range, origin, value.getLoc());
  madeIn[symbols.size() - 1] = regions.back();
  return result;
}

SizeRange SizeAnalysis::typeRange(Type type) {
  if (type.isInteger(1))
    return {0, 1};
  if (auto integer = dyn_cast<IntegerType>(type);
      integer && integer.getWidth() < 64)
    return {-(int64_t(1) << (integer.getWidth() - 1)),
            (int64_t(1) << (integer.getWidth() - 1)) - 1};
  return {};
}

SizeExpr SizeAnalysis::size(Value value) {
  auto it = scalars.find(value);
  if (it != scalars.end())
    return it->second;
  SizeExpr result;
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)) &&
      constant.getSignificantBits() <= 64)
    result = value.getType().isInteger(1) ? constant.getZExtValue()
                                          : constant.getSExtValue();
  else
    result = opaque(value, typeRange(value.getType()));
  set(value, result);
  return result;
}

SizeExpr SizeAnalysis::size(OpFoldResult value) {
  if (auto attribute = dyn_cast<Attribute>(value))
    return cast<IntegerAttr>(attribute).getInt();
  return size(cast<Value>(value));
}

std::optional<bool> SizeAnalysis::condition(Value value) {
  std::optional<int64_t> constant = size(value).constant();
  return constant ? std::optional(*constant != 0) : std::nullopt;
}

ArrayRef<SizeExpr> SizeAnalysis::dims(Value tensor) {
  auto it = sizes.find(tensor);
  if (it == sizes.end()) {
    setDims(tensor, [](unsigned) { return std::nullopt; });
    it = sizes.find(tensor);
  }
  return it->second;
}

/// Static dimensions are what the type says, the others what `dim` says.
void SizeAnalysis::setDims(
    Value tensor, llvm::function_ref<std::optional<SizeExpr>(unsigned)> dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<SizeExpr, 4> result;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    if (!type.isDynamicDim(i)) {
      result.push_back(type.getDimSize(i));
      continue;
    }
    std::optional<SizeExpr> expr = dim(i);
    result.push_back(expr ? *expr : opaque(tensor, {0}));
  }
  sizes[tensor] = std::move(result);
}

static bool isSized(Type type) { return isa<RankedTensorType>(type); }

void SizeAnalysis::bind(Value from, Value to) {
  if (to.getType().isIntOrIndex()) {
    set(to, size(from));
  } else if (isSized(to.getType()) && isSized(from.getType())) {
    SmallVector<SizeExpr, 4> known(dims(from));
    setDims(to, [&](unsigned i) { return known[i]; });
    auto it = elements.find(from);
    if (it == elements.end())
      elements.erase(to);
    else
      elements.insert_or_assign(to, Elements(it->second));
  }
}

void SizeAnalysis::forget(Value value, SizeRange range) {
  elements.erase(value);
  if (value.getType().isIntOrIndex()) {
    SizeRange type = typeRange(value.getType());
    set(value, opaque(value, {std::max(type.min, range.min),
                              std::min(type.max, range.max)}));
  } else if (isSized(value.getType())) {
    setDims(value, [](unsigned) { return std::nullopt; });
  }
}

void SizeAnalysis::join(Value a, Value b, Value to) {
  auto either = [&](const SizeExpr &x, const SizeExpr &y) {
    if (x == y)
      return x;
    SizeRange p = symbols.range(x), q = symbols.range(y);
    return opaque(to, {std::min(p.min, q.min), std::max(p.max, q.max)});
  };
  elements.erase(to);
  if (to.getType().isIntOrIndex()) {
    set(to, either(size(a), size(b)));
  } else if (isSized(to.getType())) {
    SmallVector<SizeExpr, 4> x(dims(a)), y(dims(b));
    setDims(to, [&](unsigned i) { return either(x[i], y[i]); });
  }
}

bool SizeAnalysis::sameSizes(Value a, Value b) {
  if (!isSized(a.getType()))
    return true;
  SmallVector<SizeExpr, 4> x(dims(a));
  return ArrayRef(x) == dims(b);
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

void SizeAnalysis::enter(func::FuncOp function) {
  declareDimSymbols(function, symbols);
  for (BlockArgument argument : function.getArguments()) {
    unsigned n = argument.getArgNumber();
    if (auto dim = function.getArgAttrOfType<DimAttr>(n, kSizeAttr))
      set(argument, *symbols.lookup(dim.getSize()));
    if (!isSized(argument.getType()))
      continue;
    auto declared = function.getArgAttrOfType<ArrayAttr>(n, kDimsAttr);
    setDims(argument, [&](unsigned i) {
      return declared ? declaredSize(declared, i, symbols, function.getLoc())
                      : std::nullopt;
    });
    if (auto symbol = function.getArgAttrOfType<StringAttr>(n, kLengthsAttr))
      elements.insert_or_assign(argument,
                                Elements{*symbols.lookup(symbol), true});
  }
}

void SizeAnalysis::run(func::FuncOp entry) {
  enter(entry);
  visited.insert(entry);
  calls.insert(entry);
  for (Block &block : entry.getBody())
    walk(block);
  calls.pop_back();
}

void SizeAnalysis::walk(Block &block) {
  for (Operation &op : block) {
    if (auto call = dyn_cast<func::CallOp>(op)) {
      walkCall(call);
    } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
      walkFor(loop);
    } else if (auto branch = dyn_cast<scf::IfOp>(op)) {
      walkIf(branch);
    } else if (isa<RegionBranchOpInterface>(op)) {
      enterRegion();
      for (Region &region : op.getRegions())
        for (Block &body : region)
          walk(body);
      leaveRegion();
      for (Value result : op.getResults())
        forget(result);
    } else {
      visit(&op);
    }
  }
}

void SizeAnalysis::walkCall(func::CallOp call) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      call, call.getCalleeAttr());
  if (!callee || !llvm::hasSingleElement(callee.getBody()) ||
      !calls.insert(callee)) {
    for (Value result : call.getResults())
      forget(result);
    return;
  }
  bool again = !visited.insert(callee).second;
  for (auto [from, to] : llvm::zip(call.getOperands(), callee.getArguments())) {
    if (again && !sameSizes(from, to))
      ambiguous.insert(callee);
    bind(from, to);
  }
  walk(callee.getBody().front());
  for (auto [from, to] :
       llvm::zip(callee.getBody().front().getTerminator()->getOperands(),
                 call.getResults()))
    bind(from, to);
  calls.pop_back();
}

void SizeAnalysis::enterLoop(scf::ForOp loop) {
  SizeRange lower = symbols.range(size(loop.getLowerBound()));
  SizeRange upper = symbols.range(size(loop.getUpperBound()));
  enterRegion(/*certain=*/lower.max < upper.min);
  forget(loop.getInductionVar(),
         {lower.min, upper.hasMax() ? upper.max - 1 : upper.max});
}

void SizeAnalysis::walkFor(scf::ForOp loop) {
  enterLoop(loop);
  for (auto [init, argument] :
       llvm::zip(loop.getInitArgs(), loop.getRegionIterArgs()))
    if (isSized(init.getType()))
      bind(init, argument);
    else
      forget(argument);
  walk(*loop.getBody());
  // A size that a trip changes is not known; with that, once more.
  bool changed = false;
  for (auto [argument, yielded] :
       llvm::zip(loop.getRegionIterArgs(), loop.getYieldedValues())) {
    if (sameSizes(argument, yielded))
      continue;
    changed = true;
    forget(argument);
  }
  if (changed)
    walk(*loop.getBody());
  leaveRegion();
  for (auto [argument, result] :
       llvm::zip(loop.getRegionIterArgs(), loop.getResults())) {
    bind(argument, result);
    elements.erase(result);
  }
}

void SizeAnalysis::walkIf(scf::IfOp branch) {
  for (Region &region : branch->getRegions()) {
    if (region.empty())
      continue;
    enterRegion();
    walk(region.front());
    leaveRegion();
  }
  if (branch.getNumResults())
    for (auto [a, b, result] :
         llvm::zip(branch.thenYield().getOperands(),
                   branch.elseYield().getOperands(), branch.getResults()))
      join(a, b, result);
}

//===----------------------------------------------------------------------===//
// Elements of lengths
//===----------------------------------------------------------------------===//

/// Whether `body` gives its first argument, extended or not, under `Combine`
/// with the second; without `Combine`, that argument alone.
template <typename... Combine> static bool isFold(Block &body) {
  Value result = body.getTerminator()->getOperand(0);
  Value in = body.getArgument(0);
  auto isIn = [&](Value value) {
    if (auto extended = value.getDefiningOp<arith::ExtSIOp>())
      value = extended.getIn();
    return value == in;
  };
  if constexpr (sizeof...(Combine) == 0) {
    return isIn(result);
  } else {
    Operation *op = result.getDefiningOp();
    if (!isa_and_nonnull<Combine...>(op) || body.getNumArguments() != 2)
      return false;
    Value out = body.getArgument(1), a = op->getOperand(0),
          b = op->getOperand(1);
    return (isIn(a) && b == out) || (a == out && isIn(b));
  }
}

/// The value that a fill or a constant gives every element.
static std::optional<int64_t> filledWith(Value tensor) {
  APInt value;
  if (auto fill = tensor.getDefiningOp<linalg::FillOp>())
    tensor = fill.value();
  if (matchPattern(tensor, m_ConstantInt(&value)) &&
      value.getSignificantBits() <= 64)
    return value.getSExtValue();
  return std::nullopt;
}

/// What an operation makes of lengths: their largest, their sum, or the same.
void SizeAnalysis::visitElements(Operation *op) {
  if (op->getNumResults() == 0)
    return;
  Value result = op->getResult(0);
  elements.erase(result);
  auto known = [&](Value value) -> std::optional<Elements> {
    auto it = elements.find(value);
    return it == elements.end() ? std::nullopt : std::optional(it->second);
  };
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ReshapeOp,
          tensor::CastOp, arith::ExtSIOp>(op)) {
    if (auto same = known(op->getOperand(0)))
      elements.insert_or_assign(result, *same);
    return;
  }
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || linalgOp.getNumDpsInputs() != 1 ||
      linalgOp.getNumDpsInits() != 1 || !linalgOp.getBlock())
    return;
  auto in = known(linalgOp.getDpsInputs()[0]);
  if (!in)
    return;
  Block &body = *linalgOp.getBlock();
  unsigned loops = linalgOp.getNumLoops();
  if (linalgOp.getNumReductionLoops() == 0) {
    if (isFold<>(body) &&
        llvm::all_of(linalgOp.getIndexingMapsArray(),
                     [](AffineMap map) { return map.isPermutation(); }))
      elements.insert_or_assign(result, *in);
    return;
  }
  auto init = filledWith(linalgOp.getDpsInits()[0]);
  if (linalgOp.getNumReductionLoops() != loops || !init || *init > 0)
    return;
  if (isFold<arith::MaxSIOp>(body) ||
      (isFold<arith::AddIOp>(body) && in->sum && *init == 0))
    elements.insert_or_assign(result, Elements{in->atMost, false});
}

void SizeAnalysis::visitRead(Value result, Value source) {
  if (!result.getType().isIntOrIndex())
    return;
  SizeExpr read = opaque(result, typeRange(result.getType()), SizeSymbol::Read);
  set(result, read);
  if (auto it = elements.find(source); it != elements.end())
    symbols.setAtMost(read, it->second.atMost);
}
