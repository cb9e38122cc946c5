//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What checks of the program say about sizes.
//
//===----------------------------------------------------------------------===//

#include "BufferSizes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace capstan;

BufferSizes::BufferSizes(func::FuncOp function) : dominance(function) {
  function.walk([&](cf::AssertOp op) {
    auto compare = op.getArg().getDefiningOp<arith::CmpIOp>();
    APInt constant;
    if (!compare || !matchPattern(compare.getRhs(), m_ConstantInt(&constant)))
      return;
    int64_t bound = constant.getSExtValue();
    Range range;
    switch (compare.getPredicate()) {
    case arith::CmpIPredicate::sge:
      range.least = bound;
      break;
    case arith::CmpIPredicate::sgt:
      range.least = bound + (bound != Range().most);
      break;
    case arith::CmpIPredicate::sle:
      range.most = bound;
      break;
    case arith::CmpIPredicate::slt:
      range.most = bound - (bound != Range().least);
      break;
    default:
      return;
    }
    Size size = valueOf(compare.getLhs(), nullptr);
    if (size.terms().size() != 1)
      return;
    auto [product, factor] = *size.terms().begin();
    if (product.size() == 1 && factor == 1)
      checks.push_back({op, product.front(), range});
  });
  // What was found without the checks.
  known.clear();
  carried.clear();
}

BufferSizes::Range BufferSizes::rangeOf(unsigned number, Operation *at) {
  Range range;
  if (symbols[number].dim >= 0)
    range.least = 0;
  for (const Check &check : checks)
    if (check.symbol == number && at &&
        dominance.properlyDominates(check.op, at)) {
      range.least = std::max(range.least, check.range.least);
      range.most = std::min(range.most, check.range.most);
    }
  return range;
}

/// Products of sizes are taken not to overflow: a buffer with as many elements
/// can't be allocated.
bool BufferSizes::isNonNegative(const Size &size, Operation *at) {
  return llvm::all_of(size.terms(), [&](auto &term) {
    return term.second >= 0 && llvm::all_of(term.first, [&](unsigned number) {
             return rangeOf(number, at).least >= 0;
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

Size BufferSizes::clamped(const Size &size, Operation *at) {
  Size result;
  for (auto &[product, c] : size.terms()) {
    Size term(c);
    for (unsigned number : product) {
      Symbol symbol = symbols[number];
      symbol.range = rangeOf(number, at);
      bool isFree = symbol.dim >= 0 || symbol.range == Range();
      auto known = llvm::find(symbols, symbol);
      if (isFree)
        known = symbols.begin() + number;
      else if (known == symbols.end())
        known = symbols.insert(known, symbol);
      term = term.times(Size::symbol(known - symbols.begin()));
    }
    result = result.plus(term);
  }
  return result;
}
