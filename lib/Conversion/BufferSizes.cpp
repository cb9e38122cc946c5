//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "BufferSizes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace capstan;

/// Longer sums are symbols of their own.
constexpr size_t maxTerms = 16;
/// So are values that longer chains compute.
constexpr unsigned maxDepth = 200;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Size BufferSizes::symbol(Value value, int64_t dim) {
  auto [it, isNew] = numbers.try_emplace({value, dim}, symbols.size());
  if (isNew)
    symbols.push_back({value, dim, {}});
  return Size::symbol(it->second);
}

Size BufferSizes::sizeOf(OpFoldResult size, Operation *at) {
  if (std::optional<int64_t> value = getConstantIntValue(size))
    return Size(*value);
  return valueOf(cast<Value>(size), at);
}

Size BufferSizes::valueOf(Value value, Operation *at) {
  if (auto it = known.find({value, -1}); it != known.end())
    return it->second;
  if (depth > maxDepth)
    return symbol(value);
  ++depth;
  Size result = computeValue(value, at);
  --depth;
  if (result.terms().size() > maxTerms)
    result = symbol(value);
  return known[{value, -1}] = result;
}

Size BufferSizes::computeValue(Value value, Operation *at) {
  APInt number;
  if (matchPattern(value, m_ConstantInt(&number)))
    return Size(number.getSExtValue());
  Operation *op = value.getDefiningOp();
  if (!op)
    return symbol(value);
  bool wide = value.getType().isIndex() || value.getType().isInteger(64);
  return TypeSwitch<Operation *, Size>(op)
      .Case([&](memref::DimOp dim) {
        std::optional<int64_t> index = dim.getConstantIndex();
        auto type = dyn_cast<MemRefType>(dim.getSource().getType());
        if (!index || !type || *index < 0 || *index >= type.getRank())
          return symbol(value);
        return dimOf(dim.getSource(), *index, at);
      })
      // Signed, without loss.
      .Case([&](arith::ExtSIOp cast) { return valueOf(cast.getIn(), at); })
      .Case([&](arith::IndexCastOp cast) {
        return wide ? valueOf(cast.getIn(), at) : symbol(value);
      })
      .Case<arith::AddIOp, arith::SubIOp, arith::MulIOp>([&](auto) {
        if (!wide)
          return symbol(value);
        Size x = valueOf(op->getOperand(0), at);
        Size y = valueOf(op->getOperand(1), at);
        if (isa<arith::MulIOp>(op))
          return x.times(y);
        return x.plus(y, isa<arith::SubIOp>(op) ? -1 : 1);
      })
      .Case([&](arith::SelectOp select) {
        if (auto side = decide(select.getCondition(), at))
          return valueOf(*side ? select.getTrueValue() : select.getFalseValue(),
                         at);
        return symbol(value);
      })
      .Case([&](affine::AffineApplyOp apply) {
        AffineMap map = apply.getAffineMap();
        auto result = affine(map.getResult(0), map.getNumDims(),
                             apply.getMapOperands(), at);
        return result ? *result : symbol(value);
      })
      .Default([&](Operation *) { return symbol(value); });
}

std::optional<Size> BufferSizes::affine(AffineExpr expr, unsigned dims,
                                        ValueRange operands, Operation *at) {
  if (auto number = dyn_cast<AffineConstantExpr>(expr))
    return Size(number.getValue());
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return valueOf(operands[dim.getPosition()], at);
  if (auto sym = dyn_cast<AffineSymbolExpr>(expr))
    return valueOf(operands[dims + sym.getPosition()], at);
  auto binary = cast<AffineBinaryOpExpr>(expr);
  std::optional<Size> x = affine(binary.getLHS(), dims, operands, at);
  std::optional<Size> y = affine(binary.getRHS(), dims, operands, at);
  if (x && y && expr.getKind() == AffineExprKind::Add)
    return x->plus(*y);
  if (x && y && expr.getKind() == AffineExprKind::Mul)
    return x->times(*y);
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Sizes of buffers
//===----------------------------------------------------------------------===//

Size BufferSizes::dimOf(Value buffer, int64_t dim, Operation *at) {
  auto type = cast<MemRefType>(buffer.getType());
  if (!type.isDynamicDim(dim))
    return Size(type.getDimSize(dim));
  if (auto it = known.find({buffer, dim}); it != known.end())
    return it->second;
  Size result = computeDim(buffer, dim, at);
  return known[{buffer, dim}] = result;
}

Size BufferSizes::computeDim(Value buffer, int64_t dim, Operation *at) {
  if (auto argument = dyn_cast<BlockArgument>(buffer)) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    if (loop && argument.getArgNumber() > 0)
      return dimOfCarried(loop, argument.getArgNumber() - 1, dim);
    return symbol(buffer, dim);
  }
  return TypeSwitch<Operation *, Size>(buffer.getDefiningOp())
      .Case<memref::AllocOp, memref::ViewOp>([&](auto op) {
        auto type = cast<MemRefType>(buffer.getType());
        unsigned index = type.getDynamicDimIndex(dim);
        if constexpr (std::is_same_v<decltype(op), memref::AllocOp>)
          return valueOf(op.getDynamicSizes()[index], at);
        else
          return valueOf(op.getSizes()[index], at);
      })
      .Case([&](memref::CastOp op) {
        return isa<MemRefType>(op.getSource().getType())
                   ? dimOf(op.getSource(), dim, at)
                   : symbol(buffer, dim);
      })
      .Case([&](memref::ExpandShapeOp expand) {
        return sizeOf(expand.getMixedOutputShape()[dim], at);
      })
      .Case([&](memref::CollapseShapeOp collapse) {
        Size result = Size(1);
        ReassociationIndices group = collapse.getReassociationIndices()[dim];
        for (int64_t d : group)
          result = result.times(dimOf(collapse.getSrc(), d, at));
        return result;
      })
      .Case([&](memref::SubViewOp view) {
        llvm::SmallBitVector dropped = view.getDroppedDims();
        SmallVector<OpFoldResult> sizes = view.getMixedSizes();
        for (unsigned i = 0, left = dim; i < sizes.size(); ++i)
          if (!dropped[i] && left-- == 0)
            return sizeOf(sizes[i], at);
        return symbol(buffer, dim);
      })
      .Case([&](scf::ForOp loop) {
        // A size that changes is another one after the loop than in it.
        unsigned index = cast<OpResult>(buffer).getResultNumber();
        Size size = dimOfCarried(loop, index, dim);
        return size == symbol(loop.getRegionIterArg(index), dim)
                   ? symbol(buffer, dim)
                   : size;
      })
      .Default([&](Operation *) { return symbol(buffer, dim); });
}

/// A size that each trip hands on as it came is that of the first trip.
Size BufferSizes::dimOfCarried(scf::ForOp loop, unsigned index, int64_t dim) {
  Value argument = loop.getRegionIterArg(index);
  auto it = carried.find({argument, dim});
  if (it != carried.end())
    return it->second;
  // Meanwhile it's a symbol.
  Size itself = symbol(argument, dim);
  carried[{argument, dim}] = itself;
  llvm::DenseMap<Key, Size> outer;
  std::swap(outer, known);
  Operation *yield = loop.getBody()->getTerminator();
  Size next = dimOf(yield->getOperand(index), dim, yield);
  known.clear();
  Size first = dimOf(loop.getInitArgs()[index], dim, loop);
  std::swap(outer, known);
  bool isInvariant = next == itself || next == first;
  return carried[{argument, dim}] = isInvariant ? first : itself;
}

std::optional<Size> BufferSizes::bytesOf(memref::AllocOp alloc) {
  MemRefType type = alloc.getType();
  Type element = type.getElementType();
  if (!element.isIntOrIndexOrFloat())
    return std::nullopt;
  // Booleans are bytes.
  int64_t width =
      element.isInteger(1)
          ? 1
          : DataLayout::closest(alloc).getTypeSize(element).getFixedValue();
  known.clear();
  Size result = Size(width);
  for (int64_t i = 0; i < type.getRank(); ++i)
    result = result.times(dimOf(alloc, i, alloc));
  if (result.terms().size() > maxTerms)
    return std::nullopt;
  return clamped(result, alloc);
}

//===----------------------------------------------------------------------===//
// Uses
//===----------------------------------------------------------------------===//

bool BufferSizes::isKnownAt(const Size &size, Operation *op) const {
  return llvm::all_of(size.terms(), [&](auto &term) {
    return llvm::all_of(term.first, [&](unsigned number) {
      return dominance.properlyDominates(symbols[number].value, op);
    });
  });
}

bool BufferSizes::isOfBuffers(const Size &size) const {
  return llvm::all_of(size.terms(), [&](auto &term) {
    return term.second >= 0 && llvm::all_of(term.first, [&](unsigned number) {
             return symbols[number].dim >= 0;
           });
  });
}

Value BufferSizes::materialize(OpBuilder &b, Location loc,
                               const Symbol &symbol) const {
  if (symbol.dim >= 0)
    return b.createOrFold<memref::DimOp>(loc, symbol.value, symbol.dim);
  Value result = symbol.value;
  if (!result.getType().isIndex())
    result = b.createOrFold<arith::IndexCastOp>(loc, b.getIndexType(), result);
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  auto [least, most] = symbol.range;
  Value small = number(std::max<int64_t>(least, 0));
  if (most != Range().most)
    result = b.createOrFold<arith::SelectOp>(
        loc,
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt, result,
                              number(most)),
        small, result);
  if (least != Range().least)
    result = b.createOrFold<arith::MaxSIOp>(loc, result, number(least));
  return result;
}

Value BufferSizes::materialize(OpBuilder &b, Location loc,
                               const Size &size) const {
  Value sum = arith::ConstantIndexOp::create(b, loc, 0);
  for (auto &[product, c] : size.terms()) {
    Value term = arith::ConstantIndexOp::create(b, loc, c);
    for (unsigned number : product)
      term = b.createOrFold<arith::MulIOp>(
          loc, materialize(b, loc, symbols[number]), term);
    sum = b.createOrFold<arith::AddIOp>(loc, term, sum);
  }
  return sum;
}

double BufferSizes::evaluate(const Size &size,
                             llvm::function_ref<double(unsigned)> valueOf) {
  double result = 0;
  for (auto &[product, c] : size.terms()) {
    double term = c;
    for (unsigned number : product)
      term *= valueOf(number);
    result += term;
  }
  return result;
}
