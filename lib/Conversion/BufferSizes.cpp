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

//===----------------------------------------------------------------------===//
// Polynomials
//===----------------------------------------------------------------------===//

static Size constant(int64_t value) {
  return value ? Size{{{}, value}} : Size{};
}

static int64_t wrapAdd(int64_t x, int64_t y) {
  return static_cast<int64_t>(static_cast<uint64_t>(x) + y);
}

static int64_t wrapMul(int64_t x, int64_t y) {
  return static_cast<int64_t>(static_cast<uint64_t>(x) * y);
}

static void addTo(Size &sum, const std::vector<unsigned> &product, int64_t c) {
  int64_t &total = sum[product];
  total = wrapAdd(total, c);
  if (total == 0)
    sum.erase(product);
}

static Size add(Size x, const Size &y, int64_t factor = 1) {
  for (auto &[product, c] : y)
    addTo(x, product, wrapMul(c, factor));
  return x;
}

static Size multiply(const Size &x, const Size &y) {
  Size result;
  for (auto &[px, cx] : x)
    for (auto &[py, cy] : y) {
      std::vector<unsigned> product(px);
      product.insert(product.end(), py.begin(), py.end());
      llvm::sort(product);
      addTo(result, product, wrapMul(cx, cy));
    }
  return result;
}

//===----------------------------------------------------------------------===//
// Facts
//===----------------------------------------------------------------------===//

BufferSizes::BufferSizes(func::FuncOp function) : dominance(function) {
  function.walk([&](cf::AssertOp check) {
    auto compare = check.getArg().getDefiningOp<arith::CmpIOp>();
    APInt bound;
    if (!compare || !matchPattern(compare.getRhs(), m_ConstantInt(&bound)))
      return;
    bool fits =
        (compare.getPredicate() == arith::CmpIPredicate::sge && bound.sge(0)) ||
        (compare.getPredicate() == arith::CmpIPredicate::sgt && bound.sge(-1));
    Size size = valueOf(compare.getLhs(), nullptr);
    if (fits && size.size() == 1 && size.begin()->first.size() == 1 &&
        size.begin()->second == 1)
      checks.emplace_back(check, size.begin()->first.front());
  });
  // What was found without the checks.
  known.clear();
  carried.clear();
}

/// Products of sizes are taken not to overflow: a buffer with as many elements
/// can't be allocated.
bool BufferSizes::isNonNegative(const Size &size, Operation *at) {
  return llvm::all_of(size, [&](auto &term) {
    return term.second >= 0 && llvm::all_of(term.first, [&](unsigned number) {
             return symbols[number].dim >= 0 ||
                    llvm::any_of(checks, [&](auto &check) {
                      return check.second == number && at &&
                             dominance.properlyDominates(check.first, at);
                    });
           });
  });
}

std::optional<bool> BufferSizes::decide(Value condition, Operation *at) {
  APInt bound;
  if (matchPattern(condition, m_ConstantInt(&bound)))
    return !bound.isZero();
  auto compare = condition.getDefiningOp<arith::CmpIOp>();
  if (!compare || !matchPattern(compare.getRhs(), m_ConstantInt(&bound)))
    return std::nullopt;
  arith::CmpIPredicate predicate = compare.getPredicate();
  bool negative = (predicate == arith::CmpIPredicate::slt && bound.sle(0)) ||
                  (predicate == arith::CmpIPredicate::sle && bound.sle(-1));
  bool positive = (predicate == arith::CmpIPredicate::sge && bound.sle(0)) ||
                  (predicate == arith::CmpIPredicate::sgt && bound.sle(-1));
  if ((negative || positive) &&
      isNonNegative(valueOf(compare.getLhs(), at), at))
    return positive;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Size BufferSizes::symbol(Value value, int64_t dim) {
  auto [it, isNew] = numbers.try_emplace({value, dim}, symbols.size());
  if (isNew)
    symbols.push_back({value, dim});
  return {{{it->second}, 1}};
}

Size BufferSizes::sizeOf(OpFoldResult size, Operation *at) {
  if (std::optional<int64_t> value = getConstantIntValue(size))
    return constant(*value);
  return valueOf(cast<Value>(size), at);
}

Size BufferSizes::valueOf(Value value, Operation *at) {
  if (auto it = known.find({value, -1}); it != known.end())
    return it->second;
  Size result = computeValue(value, at);
  if (result.size() > maxTerms)
    result = symbol(value);
  return known[{value, -1}] = result;
}

Size BufferSizes::computeValue(Value value, Operation *at) {
  APInt number;
  if (matchPattern(value, m_ConstantInt(&number)))
    return constant(number.getSExtValue());
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
          return multiply(x, y);
        return add(x, y, isa<arith::SubIOp>(op) ? -1 : 1);
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
    return constant(number.getValue());
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return valueOf(operands[dim.getPosition()], at);
  if (auto sym = dyn_cast<AffineSymbolExpr>(expr))
    return valueOf(operands[dims + sym.getPosition()], at);
  auto binary = cast<AffineBinaryOpExpr>(expr);
  std::optional<Size> x = affine(binary.getLHS(), dims, operands, at);
  std::optional<Size> y = affine(binary.getRHS(), dims, operands, at);
  if (x && y && expr.getKind() == AffineExprKind::Add)
    return add(*x, *y);
  if (x && y && expr.getKind() == AffineExprKind::Mul)
    return multiply(*x, *y);
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Sizes of buffers
//===----------------------------------------------------------------------===//

Size BufferSizes::dimOf(Value buffer, int64_t dim, Operation *at) {
  auto type = cast<MemRefType>(buffer.getType());
  if (!type.isDynamicDim(dim))
    return constant(type.getDimSize(dim));
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
        Size result = constant(1);
        ReassociationIndices group = collapse.getReassociationIndices()[dim];
        for (int64_t d : group)
          result = multiply(result, dimOf(collapse.getSrc(), d, at));
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
  Size result = constant(width);
  for (int64_t i = 0; i < type.getRank(); ++i)
    result = multiply(result, dimOf(alloc, i, alloc));
  if (result.size() > maxTerms)
    return std::nullopt;
  return result;
}

//===----------------------------------------------------------------------===//
// Uses
//===----------------------------------------------------------------------===//

bool BufferSizes::isKnownAt(const Size &size, Operation *op) const {
  return llvm::all_of(size, [&](auto &term) {
    return llvm::all_of(term.first, [&](unsigned number) {
      return dominance.properlyDominates(symbols[number].value, op);
    });
  });
}

bool BufferSizes::isOfBuffers(const Size &size) const {
  return llvm::all_of(size, [&](auto &term) {
    return term.second >= 0 && llvm::all_of(term.first, [&](unsigned number) {
             return symbols[number].dim >= 0;
           });
  });
}

Value BufferSizes::materialize(OpBuilder &b, Location loc,
                               const Size &size) const {
  Value sum;
  for (auto &[product, c] : size) {
    Value term;
    for (unsigned number : product) {
      auto [value, dim] = symbols[number];
      Value factor = value;
      if (dim >= 0)
        factor = b.createOrFold<memref::DimOp>(loc, value, dim);
      else if (!value.getType().isIndex())
        factor = arith::IndexCastOp::create(b, loc, b.getIndexType(), value);
      term = term ? b.createOrFold<arith::MulIOp>(loc, term, factor) : factor;
    }
    Value factor = arith::ConstantIndexOp::create(b, loc, c);
    if (!term)
      term = factor;
    else if (c != 1)
      term = arith::MulIOp::create(b, loc, term, factor);
    sum = sum ? b.createOrFold<arith::AddIOp>(loc, sum, term) : term;
  }
  return sum ? sum : arith::ConstantIndexOp::create(b, loc, 0);
}

std::string BufferSizes::show(const Size &size) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(
      size, os,
      [&](auto &term) {
        os << term.second;
        for (unsigned number : term.first) {
          auto [value, dim] = symbols[number];
          os << " * ";
          if (auto argument = dyn_cast<BlockArgument>(value))
            os << "arg" << argument.getArgNumber();
          else
            os << value.getDefiningOp()->getName() << number;
          if (dim >= 0)
            os << "[" << dim << "]";
        }
      },
      " + ");
  return text.empty() ? "0" : text;
}
