//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "SizeValues.h"

using namespace mlir;
using namespace capstan;

Value SizeValues::constant(int64_t value) {
  return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value));
}

Value SizeValues::get(const SizeExpr &expr) {
  Value sum;
  for (auto &[product, coefficient] : expr.getTerms()) {
    Value term;
    auto times = [&](Value factor) {
      term = term ? arith::MulIOp::create(b, loc, term, factor) : factor;
    };
    for (SymbolId id : product) {
      Value factor = get(id);
      if (!factor)
        return {};
      times(factor);
    }
    if (coefficient != 1 || !term)
      times(constant(coefficient));
    sum = sum ? arith::AddIOp::create(b, loc, sum, term) : term;
  }
  return sum ? sum : constant(0);
}

Value SizeValues::get(SymbolId id) {
  if (Value value = known.lookup(id))
    return value;
  // A copy: symbols move when others are made.
  SizeSymbol symbol = symbols[id];
  Value result;
  if (symbol.kind != SizeSymbol::Derived) {
    result = source(id);
    if (result && symbol.unit > 1)
      result = arith::DivSIOp::create(b, loc, result, constant(symbol.unit));
    return known[id] = result;
  }
  Value x = get(symbol.operands[0]), y = get(symbol.operands[1]);
  if (!x || !y)
    return {};
  switch (symbol.operation) {
  case SizeSymbol::Min:
    result = arith::MinSIOp::create(b, loc, x, y);
    break;
  case SizeSymbol::Max:
    result = arith::MaxSIOp::create(b, loc, x, y);
    break;
  default:
    // A live divisor may be zero where nothing live needs the quotient.
    y = arith::MaxSIOp::create(b, loc, y, constant(1));
    if (symbol.operation == SizeSymbol::CeilDiv) {
      x = arith::AddIOp::create(b, loc, x, y);
      x = arith::SubIOp::create(b, loc, x, constant(1));
    }
    result = arith::DivSIOp::create(b, loc, x, y);
  }
  return known[id] = result;
}
