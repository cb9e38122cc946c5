//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Sizes as expressions of dim symbols. Sums of products have one form, so that
// equal expressions are equal objects; what has no such form (a division with a
// remainder, a minimum) is a symbol of its own that knows its definition.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_INTERFACES_SIZEEXPR_H
#define CAPSTAN_INTERFACES_SIZEEXPR_H

#include "mlir/IR/Location.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include <deque>
#include <map>
#include <optional>

namespace capstan {

using SymbolId = unsigned;

/// An interval of integers; the largest and the smallest int64_t mean that
/// there is no bound.
struct SizeRange {
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();

  bool hasMax() const { return max != std::numeric_limits<int64_t>::max(); }
  bool hasMin() const { return min != std::numeric_limits<int64_t>::min(); }
  bool within(int64_t low, int64_t high) const {
    return min >= low && max <= high;
  }
  bool operator==(const SizeRange &other) const {
    return min == other.min && max == other.max;
  }
};

/// A polynomial of dim symbols with integer coefficients.
class SizeExpr {
public:
  /// The symbols of a product, sorted.
  using Product = llvm::SmallVector<SymbolId, 2>;

  SizeExpr(int64_t constant = 0) {
    if (constant)
      terms[{}] = constant;
  }
  static SizeExpr symbol(SymbolId id, int64_t factor = 1) {
    SizeExpr result;
    result.terms[{id}] = factor;
    return result;
  }

  std::optional<int64_t> constant() const;
  bool isConstant(int64_t value) const { return constant() == value; }

  // None if a coefficient overflows.
  std::optional<SizeExpr> plus(const SizeExpr &other) const;
  std::optional<SizeExpr> minus(const SizeExpr &other) const;
  std::optional<SizeExpr> times(const SizeExpr &other) const;
  /// The quotient if the division leaves no remainder, whatever the symbols
  /// are, as long as `other` is not zero.
  std::optional<SizeExpr> dividedBy(const SizeExpr &other) const;

  const std::map<Product, int64_t> &getTerms() const { return terms; }
  bool operator==(const SizeExpr &other) const { return terms == other.terms; }
  bool operator!=(const SizeExpr &other) const { return !(*this == other); }

private:
  std::optional<SizeExpr> addTimes(const SizeExpr &other, int64_t factor) const;

  std::map<Product, int64_t> terms;
};

/// What is known of one symbol.
struct SizeSymbol {
  enum Kind {
    /// Named by `capstan.dims`: known on the host from the shape of an
    /// argument.
    Declared,
    /// A value that a host sync reads from the device.
    Read,
    /// Computed from others: `operation` of `operands`.
    Derived,
    /// Nothing but the range is known.
    Opaque,
  };
  enum Operation { None, FloorDiv, CeilDiv, Min, Max };

  std::string name;
  Kind kind;
  SizeRange range;
  /// Never larger than this, either.
  std::optional<SizeExpr> atMost;
  Operation operation = None;
  llvm::SmallVector<SizeExpr, 2> operands;
  /// A declared symbol is known to be a multiple: the symbol stands for the
  /// quotient.
  int64_t unit = 1;
  /// What the value is, for messages: "the result of 'tensor.foo'".
  std::string origin;
  mlir::Location loc;
};

/// The symbols of a function and those it calls.
class SizeSymbols {
public:
  /// Declares a symbol, or says more about one.
  SizeExpr declare(llvm::StringRef name, SizeRange range, int64_t unit,
                   mlir::Location loc);
  /// A new symbol named after `prefix`.
  SizeExpr add(SizeSymbol::Kind kind, llvm::StringRef prefix, SizeRange range,
               llvm::StringRef origin, mlir::Location loc);
  /// The expression of a declared symbol; none if there is none.
  std::optional<SizeExpr> lookup(llvm::StringRef name) const;

  /// The expression, or the symbol that stands for it.
  SizeExpr floorDiv(const SizeExpr &a, const SizeExpr &b, mlir::Location loc);
  SizeExpr ceilDiv(const SizeExpr &a, const SizeExpr &b, mlir::Location loc);
  SizeExpr min(const SizeExpr &a, const SizeExpr &b, mlir::Location loc);
  SizeExpr max(const SizeExpr &a, const SizeExpr &b, mlir::Location loc);

  SizeRange range(const SizeExpr &expr) const;
  /// Intersects the range of an expression that is one symbol, times a number.
  void restrict(const SizeExpr &expr, SizeRange range);
  void setAtMost(const SizeExpr &symbol, const SizeExpr &bound);

  const SizeSymbol &operator[](SymbolId id) const { return symbols[id]; }
  size_t size() const { return symbols.size(); }

  std::string str(const SizeExpr &expr) const;
  /// The first symbol of `expr` without an upper bound.
  const SizeSymbol *unbounded(const SizeExpr &expr) const;

  /// Parses a sum of products and floor divisions of numbers and declared
  /// symbols: "B + 1", "2 * T / 3". An unknown symbol or a syntax error is
  /// none, with the reason in `error`.
  std::optional<SizeExpr> parse(llvm::StringRef text, std::string &error,
                                mlir::Location loc);

private:
  SizeExpr derive(SizeSymbol::Operation operation, const SizeExpr &a,
                  const SizeExpr &b, mlir::Location loc);
  SizeRange range(const SizeSymbol &symbol) const;

  std::deque<SizeSymbol> symbols; // others hold their names while more come
  llvm::StringMap<SymbolId> byName;
};

} // namespace capstan

#endif // CAPSTAN_INTERFACES_SIZEEXPR_H
