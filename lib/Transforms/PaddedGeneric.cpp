//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "PaddedGeneric.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace capstan;

PaddedGeneric::PaddedGeneric(Padder &padder, Location loc,
                             SmallVector<DimLayout> loops, ValueRange inputs,
                             ValueRange inits)
    : padder(padder), loc(loc), loops(std::move(loops)), inputs(inputs),
      inits(inits), block(std::make_unique<Block>()),
      b(padder.builder().getContext()),
      sizes(padder.symbols(), b, loc,
            [this](SymbolId id) { return symbol(id); }) {
  for (ValueRange operands : {inputs, inits})
    for (Value operand : operands)
      block->addArgument(getElementTypeOrSelf(operand.getType()), loc);
  b.setInsertionPointToEnd(block.get());
}

PaddedGeneric::~PaddedGeneric() = default;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Value PaddedGeneric::scalar(Value tensor) {
  Value &argument = arguments[tensor];
  if (!argument) {
    argument =
        block->insertArgument(inputs.size() + scalars.size(),
                              getElementTypeOrSelf(tensor.getType()), loc);
    scalars.push_back(tensor);
  }
  return argument;
}

Value PaddedGeneric::constant(int64_t value, Type type) {
  if (!type)
    type = b.getI64Type();
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, value));
}

/// The live value of a symbol that the device knows.
Value PaddedGeneric::symbol(SymbolId id) {
  Value source = padder.symbolValue(id);
  if (!source)
    return {};
  Value result = scalar(source);
  if (result.getType() != b.getI64Type())
    result = arith::ExtSIOp::create(b, loc, b.getI64Type(), result);
  // Data that breaks its promise must not make an index run over.
  if (padder.symbols()[id].kind == SizeSymbol::Read) {
    int64_t most = padder.symbols().range(SizeExpr::symbol(id)).max;
    result = arith::MinSIOp::create(b, loc, result, constant(most));
    result = arith::MaxSIOp::create(b, loc, result, constant(0));
  }
  return result;
}

Value PaddedGeneric::size(const SizeExpr &expr) {
  if (Value result = sizes.get(expr))
    return result;
  unknown = expr;
  return constant(0);
}

Value PaddedGeneric::hostValue(Value value) {
  if (Value known = hostValues.lookup(value))
    return known;
  Type type = value.getType();
  Operation *op = value.getDefiningOp();
  Value result = padder.hostValue(value);
  if (result) {
    // As it is: the body may use what is around it.
  } else if (Value source = padder.readSource(value)) {
    result = scalar(source);
  } else if (Value known = type.isIntOrIndex() ? sizes.get(padder.size(value))
                                               : Value()) {
    result = known;
    if (type.isIndex())
      result = arith::IndexCastOp::create(b, loc, type, result);
    else if (type != result.getType())
      result = arith::TruncIOp::create(b, loc, type, result);
  } else if (op && op->getNumRegions() == 0 && isMemoryEffectFree(op) &&
             op->getDialect()->getNamespace() == "arith") {
    IRMapping mapping;
    for (Value operand : op->getOperands()) {
      Value mapped = hostValue(operand);
      if (!mapped)
        return {};
      mapping.map(operand, mapped);
    }
    result = b.clone(*op, mapping)
                 ->getResult(cast<OpResult>(value).getResultNumber());
  }
  return hostValues[value] = result;
}

//===----------------------------------------------------------------------===//
// Slots
//===----------------------------------------------------------------------===//

Value PaddedGeneric::index(unsigned loop) {
  Value &value = indices[loop];
  if (!value)
    value = linalg::IndexOp::create(b, loc, loop);
  return value;
}

/// Runs `digit` for each factor, innermost first, with its digit of `index`.
static void forDigits(OpBuilder &b, Location loc, Value index,
                      ArrayRef<DimLayout::Factor> factors,
                      function_ref<Value(unsigned)> radix,
                      function_ref<void(unsigned, Value)> digit) {
  for (unsigned i = factors.size(); i-- > 0;) {
    if (i == 0) {
      digit(0, index);
      return;
    }
    Value by = radix(i);
    digit(i, arith::RemUIOp::create(b, loc, index, by));
    index = arith::DivUIOp::create(b, loc, index, by);
  }
}

Value PaddedGeneric::liveIndex(unsigned loop) {
  if (loops[loop].keepsIndices())
    return index(loop);
  Value &result = liveIndices[loop];
  if (result)
    return result;
  auto factors = loops[loop].getFactors();
  Type type = b.getIndexType();
  // Digits in the padded radixes, put together in the live ones.
  SmallVector<Value> digits(factors.size());
  forDigits(
      b, loc, index(loop), factors,
      [&](unsigned i) { return constant(factors[i].padded, type); },
      [&](unsigned i, Value digit) { digits[i] = digit; });
  Value sum = digits[0];
  for (unsigned i = 1; i < factors.size(); ++i) {
    Value live = size(factors[i].live);
    live = arith::IndexCastOp::create(b, loc, type, live);
    sum = arith::MulIOp::create(b, loc, sum, live);
    sum = arith::AddIOp::create(b, loc, sum, digits[i]);
  }
  return result = sum;
}

Value PaddedGeneric::isLive(ArrayRef<unsigned> inLoops) {
  Value all;
  Type type = b.getIndexType();
  for (unsigned loop : inLoops) {
    auto factors = loops[loop].getFactors();
    if (!loops[loop].hasPadding())
      continue;
    forDigits(
        b, loc, index(loop), factors,
        [&](unsigned i) { return constant(factors[i].padded, type); },
        [&](unsigned i, Value digit) {
          if (factors[i].isStatic())
            return;
          Value live = size(factors[i].live);
          live = arith::IndexCastOp::create(b, loc, type, live);
          Value below = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                              digit, live);
          all = all ? arith::AndIOp::create(b, loc, all, below) : below;
        });
  }
  return all;
}

Value PaddedGeneric::isLive() {
  return isLive(llvm::to_vector(llvm::seq<unsigned>(0, loops.size())));
}

Value PaddedGeneric::paddedIndex(Value live, const DimLayout &layout) {
  if (layout.keepsIndices())
    return live;
  auto factors = layout.getFactors();
  Type type = b.getIndexType();
  Value sum;
  int64_t stride = 1;
  forDigits(
      b, loc, live, factors,
      [&](unsigned i) -> Value {
        Value extent = size(factors[i].live);
        extent = arith::MaxSIOp::create(b, loc, extent, constant(1));
        return arith::IndexCastOp::create(b, loc, type, extent);
      },
      [&](unsigned i, Value digit) {
        if (stride != 1)
          digit = arith::MulIOp::create(b, loc, digit, constant(stride, type));
        sum = sum ? arith::AddIOp::create(b, loc, sum, digit) : digit;
        stride *= factors[i].padded;
      });
  return sum;
}

Value PaddedGeneric::select(Value live, Value value, Value other) {
  if (!live)
    return value;
  padder.countMask();
  return arith::SelectOp::create(b, loc, live, value, other);
}

linalg::GenericOp
PaddedGeneric::finish(ValueRange results, ArrayRef<AffineMap> maps,
                      ArrayRef<utils::IteratorType> iterators) {
  if (unknown) {
    (void)padder.fail("needs the live value of " +
                      padder.symbols().str(*unknown) +
                      ", which the device doesn't know");
    return {};
  }
  linalg::YieldOp::create(b, loc, results);
  SmallVector<AffineMap> all(maps.take_front(inputs.size()));
  all.append(scalars.size(), AffineMap::get(loops.size(), 0, b.getContext()));
  llvm::append_range(all, maps.drop_front(inputs.size()));
  SmallVector<Value> ins(inputs);
  llvm::append_range(ins, scalars);
  auto generic = linalg::GenericOp::create(padder.builder(), loc,
                                           ValueRange(inits).getTypes(), ins,
                                           inits, all, iterators);
  generic.getRegion().getBlocks().clear();
  generic.getRegion().push_back(block.release());
  return generic;
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

TypedAttr capstan::zeroOf(Type type) {
  return cast<TypedAttr>(Builder(type.getContext()).getZeroAttr(type));
}

FailureOr<PaddedTensor> capstan::maskPadding(Padder &padder, Location loc,
                                             const PaddedTensor &tensor,
                                             ArrayRef<unsigned> dims,
                                             TypedAttr state) {
  SmallVector<unsigned> masked;
  for (unsigned dim : dims)
    if (tensor.layouts[dim].hasPadding() && tensor.states[dim] != state)
      masked.push_back(dim);
  if (masked.empty())
    return tensor;
  OpBuilder &b = padder.builder();
  auto type = cast<RankedTensorType>(tensor.value.getType());
  Value init =
      tensor::EmptyOp::create(b, loc, type.getShape(), type.getElementType());
  PaddedGeneric generic(padder, loc, tensor.layouts, tensor.value, init);
  Value other = arith::ConstantOp::create(generic.body(), loc, state);
  Value result =
      generic.select(generic.isLive(masked), generic.input(0), other);
  AffineMap map = b.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> loops(type.getRank(),
                                         utils::IteratorType::parallel);
  PaddedTensor out = tensor;
  auto masking = generic.finish(result, {map, map}, loops);
  if (!masking)
    return failure();
  out.value = masking.getResult(0);
  for (unsigned dim : masked)
    out.states[dim] = state;
  return out;
}

//===----------------------------------------------------------------------===//
// Other places
//===----------------------------------------------------------------------===//

FailureOr<PaddedTensor> capstan::moveSlots(Padder &padder, Location loc,
                                           const PaddedTensor &tensor,
                                           unsigned dim, const DimLayout &to) {
  PaddedTensor moved;
  moved.layouts = tensor.layouts;
  moved.layouts[dim] = to;
  moved.states.resize(moved.layouts.size());
  SmallVector<int64_t> shape;
  for (const DimLayout &layout : moved.layouts)
    shape.push_back(layout.padded());
  OpBuilder &b = padder.builder();
  Value init = tensor::EmptyOp::create(
      b, loc, shape, getElementTypeOrSelf(tensor.value.getType()));
  PaddedGeneric generic(padder, loc, moved.layouts, {}, init);
  OpBuilder &body = generic.body();
  SmallVector<Value> at;
  for (unsigned i = 0; i < moved.layouts.size(); ++i)
    at.push_back(generic.index(i));
  Value zero = arith::ConstantIndexOp::create(body, loc, 0);
  Value live =
      generic.select(generic.isLive(dim), generic.liveIndex(dim), zero);
  at[dim] = generic.paddedIndex(live, tensor.layouts[dim]);
  Value element = tensor::ExtractOp::create(body, loc, tensor.value, at);
  SmallVector<utils::IteratorType> loops(moved.layouts.size(),
                                         utils::IteratorType::parallel);
  auto made = generic.finish(
      element, body.getMultiDimIdentityMap(moved.layouts.size()), loops);
  if (!made)
    return failure();
  moved.value = made.getResult(0);
  return moved;
}
