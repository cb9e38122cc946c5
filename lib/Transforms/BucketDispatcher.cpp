//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "BucketDispatcher.h"
#include "SizeValues.h"
#include "capstan/Dialect/Dims.h"
#include "capstan/Dialect/GraphOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace capstan;

//===----------------------------------------------------------------------===//
// Shorthands
//===----------------------------------------------------------------------===//

Value BucketDispatcher::compare(arith::CmpIPredicate predicate, Value x,
                                Value y) {
  return arith::CmpIOp::create(b, loc, predicate, x, y);
}

Value BucketDispatcher::both(Value x, Value y) {
  if (!x || !y)
    return x ? x : y;
  return arith::AndIOp::create(b, loc, x, y);
}

Value BucketDispatcher::number(int64_t value) {
  return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value));
}

Value BucketDispatcher::sizeOf(Value tensor, int64_t dim) {
  Value size = tensor::DimOp::create(b, loc, tensor, dim);
  return arith::IndexCastOp::create(b, loc, b.getI64Type(), size);
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

/// The public function, in front of the original, which becomes private.
void BucketDispatcher::declare() {
  b.setInsertionPoint(original);
  std::string name = original.getName().str();
  SmallVector<DictionaryAttr> arguments;
  original.getAllArgAttrs(arguments);
  dispatcher = func::FuncOp::create(b, loc, name, original.getFunctionType(),
                                    ArrayRef<NamedAttribute>(), arguments);
  for (unsigned i = 0, e = original.getNumResults(); i < e; ++i)
    dispatcher.setResultAttrs(i, original.getResultAttrDict(i));
  for (NamedAttribute attr : original->getDiscardableAttrs())
    dispatcher->setAttr(attr.getName(), attr.getValue());
  // Callers in the module call the dispatcher from now on.
  symbolTable.remove(original);
  symbolTable.insert(dispatcher);
  original.setName(name + "_dynamic");
  symbolTable.insert(original);
  original.setPrivate();
  original->removeAttr(kAgreeAttr);
  for (func::FuncOp clone : clones) {
    clone->setAttr(kBucketOfAttr, FlatSymbolRefAttr::get(original));
    clone.setPrivate();
  }
  b.setInsertionPointToStart(dispatcher.addEntryBlock());
}

const SizeSymbol *BucketDispatcher::symbolAlone(const SizeExpr &expr) {
  if (expr.getTerms().size() != 1 || expr.getTerms().begin()->first.size() != 1)
    return nullptr;
  const SizeSymbol &symbol = symbols[expr.getTerms().begin()->first.front()];
  return symbol.kind == SizeSymbol::Declared &&
                 expr.getTerms().begin()->second == symbol.unit
             ? &symbol
             : nullptr;
}

/// Finds the values of the symbols, and whether all sizes agree with them.
void BucketDispatcher::checkSizes() {
  analysis.enter(dispatcher);
  struct Use {
    Value size;
    SizeExpr expr;
  };
  SmallVector<Use> uses;
  auto take = [&](const SizeExpr &expr, Value size) {
    const SizeSymbol *symbol = symbolAlone(expr);
    if (!symbol || !extents.insert({symbol->name, size}).second)
      uses.push_back({size, expr});
  };
  for (BlockArgument argument : dispatcher.getArguments()) {
    if (dispatcher.getArgAttr(argument.getArgNumber(), kSizeAttr)) {
      Value size = argument;
      if (size.getType().isIndex())
        size = arith::IndexCastOp::create(b, loc, b.getI64Type(), size);
      else if (!size.getType().isInteger(64))
        size = arith::ExtSIOp::create(b, loc, b.getI64Type(), size);
      take(analysis.size(argument), size);
    }
    if (isa<RankedTensorType>(argument.getType()) &&
        dispatcher.getArgAttr(argument.getArgNumber(), kDimsAttr))
      for (auto [i, expr] : llvm::enumerate(analysis.dims(argument)))
        if (!expr.constant())
          take(expr, sizeOf(argument, i));
  }
  auto require = [&](Value condition) {
    wellFormed = both(wellFormed, condition);
  };
  SizeValues values(symbols, b, loc, [&](SymbolId id) {
    return extents.lookup(symbols[id].name);
  });
  for (auto [name, extent] : extents) {
    SizeExpr symbol = *symbols.lookup(name);
    SizeRange range = symbols.range(symbol);
    if (range.min > 0)
      require(compare(arith::CmpIPredicate::sge, extent, number(range.min)));
    if (int64_t unit = symbol.getTerms().begin()->second; unit > 1)
      require(compare(arith::CmpIPredicate::eq,
                      arith::RemSIOp::create(b, loc, extent, number(unit)),
                      number(0)));
  }
  for (auto &[size, expr] : uses)
    if (Value declared = values.get(expr))
      require(compare(arith::CmpIPredicate::eq, size, declared));
  if (!wellFormed)
    wellFormed = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
}

Value BucketDispatcher::fits(func::FuncOp clone) {
  Value all = wellFormed;
  for (NamedAttribute size : clone->getAttrOfType<DictionaryAttr>(kBucketAttr))
    all = both(
        all, compare(arith::CmpIPredicate::sle, extents.lookup(size.getName()),
                     number(cast<IntegerAttr>(size.getValue()).getInt())));
  return all;
}

/// The number of the first bucket that fits, or of the fallback; as all ranks
/// agree.
Value BucketDispatcher::chooseBucket() {
  for (func::FuncOp clone : clones)
    fitting.push_back(fits(clone));
  auto index = [&](int64_t i) -> Value {
    return arith::ConstantIndexOp::create(b, loc, i);
  };
  Value choice = index(clones.size());
  for (unsigned i = clones.size(); i-- > 0;)
    choice = arith::SelectOp::create(b, loc, fitting[i], index(i), choice);
  auto agree = dispatcher->getAttrOfType<FlatSymbolRefAttr>(kAgreeAttr);
  if (agree)
    choice =
        func::CallOp::create(b, loc, agree.getValue(), b.getIndexType(), choice)
            .getResult(0);
  if (!agree && fallback)
    return choice;
  // What others chose must hold this batch, too.
  Value holds = arith::ConstantOp::create(b, loc, b.getBoolAttr(fallback));
  for (auto [i, fit] : llvm::enumerate(fitting))
    holds = arith::SelectOp::create(
        b, loc, compare(arith::CmpIPredicate::eq, choice, index(i)), fit,
        holds);
  cf::AssertOp::create(b, loc, holds,
                       agree ? "the ranks agreed on a bucket that doesn't "
                               "hold this batch"
                             : "no bucket holds this batch");
  return choice;
}

/// `argument` with padding of any content.
Value BucketDispatcher::stage(Value argument, RankedTensorType type) {
  Value padded = tensor::EmptyOp::create(
      b, loc, type.getShape(), type.getElementType(), type.getEncoding());
  if (poison) {
    Type element = type.getElementType();
    TypedAttr nothing;
    if (auto number = dyn_cast<FloatType>(element))
      nothing =
          b.getFloatAttr(element, APFloat::getNaN(number.getFloatSemantics()));
    else
      nothing = b.getIntegerAttr(element, -1);
    Value value = arith::ConstantOp::create(b, loc, nothing);
    padded = linalg::FillOp::create(b, loc, value, padded).getResult(0);
  }
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)), sizes,
      strides(type.getRank(), b.getIndexAttr(1));
  sizes = tensor::getMixedSizes(b, loc, argument);
  return tensor::InsertSliceOp::create(b, loc, argument, padded, offsets, sizes,
                                       strides);
}

LogicalResult BucketDispatcher::callBucket(func::FuncOp clone,
                                           SmallVectorImpl<Value> &results) {
  SmallVector<Value> operands;
  Value live = number(0);
  int64_t padded = 0;
  for (auto [i, argument] : llvm::enumerate(dispatcher.getArguments())) {
    Type type = clone.getArgumentTypes()[i];
    if (type == argument.getType()) {
      operands.push_back(argument);
      continue;
    }
    auto tensor = cast<RankedTensorType>(type);
    operands.push_back(stage(argument, tensor));
    Value elements = number(1);
    for (int64_t dim = 0; dim < tensor.getRank(); ++dim)
      elements = arith::MulIOp::create(b, loc, elements, sizeOf(argument, dim));
    live = arith::AddIOp::create(b, loc, live, elements);
    padded += tensor.getNumElements();
  }
  if (padded)
    CountPaddingOp::create(b, loc, live, number(padded));
  for (unsigned i = dispatcher.getNumArguments(); i < clone.getNumArguments();
       ++i) {
    auto symbol = clone.getArgAttrOfType<StringAttr>(i, kExtentAttr);
    operands.push_back(tensor::FromElementsOp::create(
        b, loc, RankedTensorType::get({}, b.getI64Type()),
        extents.lookup(symbol.getValue())));
  }
  auto call = func::CallOp::create(b, loc, clone, operands);

  SizeValues values(symbols, b, loc, [&](SymbolId id) {
    return extents.lookup(symbols[id].name);
  });
  auto rest = clone->getAttrOfType<FlatSymbolRefAttr>(kRestAttr);
  ArrayRef<Type> types = original.getResultTypes();
  if (rest)
    types = symbolTable.lookup<func::FuncOp>(rest.getAttr())
                .getArgumentTypes()
                .drop_front(dispatcher.getNumArguments());
  for (auto [i, result] : llvm::enumerate(call.getResults())) {
    Type type = types[i];
    auto dims = clone.getResultAttrOfType<ArrayAttr>(i, kLiveAttr);
    if (result.getType() == type || !dims) {
      results.push_back(result);
      continue;
    }
    SmallVector<OpFoldResult> sizes;
    for (unsigned dim = 0; dim < dims.size(); ++dim) {
      auto size = declaredSize(dims, dim, symbols, loc);
      Value value = size ? values.get(*size) : Value();
      if (!value)
        return original.emitError("can't be dispatched: dimension ")
               << dim << " of result " << i << ", " << dims[dim]
               << ", is only known on the device";
      if (size->constant())
        sizes.push_back(b.getIndexAttr(*size->constant()));
      else
        sizes.push_back(
            arith::IndexCastOp::create(b, loc, b.getIndexType(), value)
                .getResult());
    }
    unsigned rank = dims.size();
    Value slice = tensor::ExtractSliceOp::create(
        b, loc, result, SmallVector<OpFoldResult>(rank, b.getIndexAttr(0)),
        sizes, SmallVector<OpFoldResult>(rank, b.getIndexAttr(1)));
    if (slice.getType() != type)
      slice = tensor::CastOp::create(b, loc, type, slice);
    // Memory of its own: a later batch must not change it.
    results.push_back(bufferization::AllocTensorOp::create(
        b, loc, cast<RankedTensorType>(type), ValueRange(), slice));
  }
  if (rest) {
    SmallVector<Value> inputs(dispatcher.getArguments());
    inputs.append(results);
    results = SmallVector<Value>(
        func::CallOp::create(b, loc, rest, original.getResultTypes(), inputs)
            .getResults());
  }
  return success();
}

/// Why no bucket fits.
void BucketDispatcher::countReason() {
  auto count = [&](FallbackReason reason) {
    CountFallbackOp::create(b, loc, reason);
  };
  Value small = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
  for (auto [name, extent] : extents) {
    int64_t most = 0;
    for (func::FuncOp clone : clones)
      most = std::max(most, clone->getAttrOfType<DictionaryAttr>(kBucketAttr)
                                .getAs<IntegerAttr>(name)
                                .getInt());
    small =
        both(small, compare(arith::CmpIPredicate::sle, extent, number(most)));
  }
  auto isWellFormed = scf::IfOp::create(b, loc, wellFormed, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(isWellFormed.thenYield());
  auto isSmall = scf::IfOp::create(b, loc, small, /*withElse=*/true);
  b.setInsertionPoint(isSmall.thenYield());
  count(FallbackReason::NoCombination);
  b.setInsertionPoint(isSmall.elseYield());
  count(FallbackReason::TooLarge);
  b.setInsertionPoint(isWellFormed.elseYield());
  count(FallbackReason::BadSizes);
}

void BucketDispatcher::callOriginal(SmallVectorImpl<Value> &results) {
  countReason();
  llvm::append_range(
      results, func::CallOp::create(b, loc, original, dispatcher.getArguments())
                   .getResults());
}

LogicalResult BucketDispatcher::run() {
  declare();
  checkSizes();
  Value choice = chooseBucket();
  // Without a fallback, the last bucket is all that remains.
  unsigned cases = fallback ? clones.size() : clones.size() - 1;
  auto branch = scf::IndexSwitchOp::create(
      b, loc, original.getResultTypes(), choice,
      llvm::to_vector(llvm::seq<int64_t>(0, cases)), cases);
  for (unsigned i = 0; i <= cases; ++i) {
    Region &region =
        i < cases ? branch.getCaseRegions()[i] : branch.getDefaultRegion();
    OpBuilder::InsertionGuard guard(b);
    b.createBlock(&region);
    SmallVector<Value> results;
    if (i == clones.size())
      callOriginal(results);
    else if (failed(callBucket(clones[i], results)))
      return failure();
    scf::YieldOp::create(b, loc, results);
  }
  func::ReturnOp::create(b, loc, branch.getResults());
  if (!fallback)
    symbolTable.erase(original);
  return success();
}
