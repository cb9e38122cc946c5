//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "StaticPrefix.h"
#include "capstan/Analysis/HostCode.h"
#include "capstan/Dialect/Capstan.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace capstan;

//===----------------------------------------------------------------------===//
// What can't be padded
//===----------------------------------------------------------------------===//

FailureOr<std::optional<PaddedFunction::Obstacle>>
PaddedFunction::findObstacle() {
  looking = true;
  if (func::FuncOp made = run())
    made.erase();
  else if (!obstacle)
    return failure();
  return obstacle;
}

/// Whether `capstan.dims` can say it: declared symbols, minima, maxima, and
/// divisions by numbers.
static bool isDeclared(const SizeSymbols &symbols, const SizeExpr &size) {
  return llvm::all_of(size.getTerms(), [&](auto &term) {
    return llvm::all_of(term.first, [&](SymbolId id) {
      const SizeSymbol &symbol = symbols[id];
      if (symbol.kind != SizeSymbol::Derived)
        return symbol.kind == SizeSymbol::Declared;
      bool divides = symbol.operation == SizeSymbol::FloorDiv ||
                     symbol.operation == SizeSymbol::CeilDiv;
      return (!divides || symbol.operands[1].constant().has_value()) &&
             llvm::all_of(symbol.operands, [&](const SizeExpr &operand) {
               return isDeclared(symbols, operand);
             });
    });
  });
}

bool PaddedFunction::canTrim(Value value) {
  auto it = tensors.find(value);
  return it != tensors.end() && liveDims(it->second) &&
         llvm::all_of(it->second.layouts, [&](const DimLayout &layout) {
           return isDeclared(table, *layout.live());
         });
}

//===----------------------------------------------------------------------===//
// The cut
//===----------------------------------------------------------------------===//

static bool isTensor(Type type) { return isa<TensorType>(type); }

/// Host code that the rest repeats. A read is one, if it is of a tensor: the
/// static part doesn't make it, and it gives the same later.
static bool isRepeated(Operation *op) {
  if (isa<tensor::DimOp, FetchStartOp, FetchWaitOp>(op))
    return true;
  if (isa<ItemOp, FetchOp>(op) || isUnraisedSync(op))
    return isTensor(op->getOperand(0).getType());
  return op->getNumRegions() == 0 && isMemoryEffectFree(op) &&
         llvm::none_of(op->getOperandTypes(), isTensor);
}

namespace {
/// One walk from the end of a function to its beginning.
class Splitter {
public:
  Splitter(func::FuncOp function,
           ArrayRef<std::unique_ptr<PaddedFunction>> clones, Operation *end)
      : function(function), clones(clones), end(end) {}

  SplitFunction run(OpBuilder &b);

private:
  void need(Operation *op) {
    needed.insert_range(op->getOperands());
    getUsedValuesDefinedAbove(op->getRegions(), needed);
  }
  bool isRest(Operation *op) { return op == end || end->isBeforeInBlock(op); }
  void visit(Operation *op);
  func::FuncOp makeRest(OpBuilder &b, ArrayRef<Value> results);

  func::FuncOp function;
  ArrayRef<std::unique_ptr<PaddedFunction>> clones;
  Operation *end;
  SetVector<Value> needed;
  DenseSet<Operation *> repeated;
};
} // namespace

/// An operation before the rest: it is repeated there, or its results are
/// handed over, or the rest begins with it.
void Splitter::visit(Operation *op) {
  auto isNeeded = [&](Value value) { return needed.contains(value); };
  // Clones check on the device, but host code of the rest relies on it, too.
  bool isOpen = llvm::any_of(
      clones, [&](const auto &clone) { return clone->hasOpenCheck(op); });
  if ((isOpen && isa<cf::AssertOp>(op)) ||
      (isRepeated(op) && llvm::any_of(op->getResults(), isNeeded))) {
    repeated.insert(op);
    return need(op);
  }
  if (!isOpen && llvm::all_of(op->getResults(), [&](Value result) {
        return !isNeeded(result) ||
               llvm::all_of(clones, [&](const auto &clone) {
                 return clone->canTrim(result);
               });
      }))
    return;
  for (Operation *later = op; later != end; later = later->getNextNode())
    need(later);
  end = op;
}

func::FuncOp Splitter::makeRest(OpBuilder &b, ArrayRef<Value> results) {
  SmallVector<Type> inputs(function.getArgumentTypes());
  llvm::append_range(inputs, ValueRange(results).getTypes());
  b.setInsertionPointAfter(function);
  Location loc = end->getLoc();
  auto rest = func::FuncOp::create(
      b, loc, (function.getName() + "_rest").str(),
      b.getFunctionType(inputs, function.getResultTypes()));
  rest.setPrivate();
  Block *body = rest.addEntryBlock();
  IRMapping map;
  map.map(function.getArguments(),
          body->getArguments().take_front(function.getNumArguments()));
  map.map(results, body->getArguments().drop_front(function.getNumArguments()));
  b.setInsertionPointToEnd(body);
  for (Operation &op : function.getBody().front())
    if (repeated.contains(&op) || isRest(&op))
      b.clone(op, map);
  return rest;
}

SplitFunction Splitter::run(OpBuilder &b) {
  Block &block = function.getBody().front();
  for (Operation &op : llvm::reverse(block))
    if (isRest(&op))
      need(&op);
    else
      visit(&op);
  SplitFunction split;
  split.part.end = end;
  for (Value value : needed)
    if (Operation *op = value.getDefiningOp();
        op && !isRest(op) && !repeated.contains(op))
      split.part.results.push_back(value);
  if (!split.part.results.empty())
    split.rest = makeRest(b, split.part.results);
  return split;
}

FailureOr<SplitFunction> capstan::splitFunction(func::FuncOp function,
                                                ArrayRef<Bucket> buckets,
                                                bool poison) {
  std::vector<std::unique_ptr<PaddedFunction>> clones;
  std::optional<PaddedFunction::Obstacle> first;
  for (const Bucket &bucket : buckets) {
    clones.push_back(
        std::make_unique<PaddedFunction>(function, bucket, 0, poison));
    auto obstacle = clones.back()->findObstacle();
    if (failed(obstacle))
      return failure();
    if (*obstacle && (!first || (*obstacle)->at->isBeforeInBlock(first->at)))
      first = **obstacle;
  }
  Operation *end = function.getBody().front().getTerminator();
  if (!first)
    return SplitFunction{{end, llvm::to_vector(end->getOperands())}, {}};
  OpBuilder b(function.getContext());
  SplitFunction split = Splitter(function, clones, first->at).run(b);
  if (!split.rest) {
    first->inner->emitOpError("can't be padded: ")
        << first->reason << "; nothing before it has static shapes that the "
        << "rest could use";
    return failure();
  }
  remark::missed(first->inner->getLoc(),
                 remark::RemarkOpts::name("dynamic").category("capstan"))
      << remark::add("{0}", first->inner->getName().getStringRef())
      << remark::reason("{0}", first->reason);
  if (split.part.end != first->at)
    remark::missed(split.part.end->getLoc(),
                   remark::RemarkOpts::name("dynamic").category("capstan"))
        << remark::add("{0}", split.part.end->getName().getStringRef())
        << remark::reason("the rest needs what it gives or checks, which the "
                          "host couldn't trim or repeat");
  return split;
}
