//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Interfaces/SizeExpr.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace capstan;

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

std::optional<int64_t> SizeExpr::constant() const {
  if (terms.empty())
    return 0;
  if (terms.size() == 1 && terms.begin()->first.empty())
    return terms.begin()->second;
  return std::nullopt;
}

std::optional<SizeExpr> SizeExpr::addTimes(const SizeExpr &other,
                                           int64_t factor) const {
  SizeExpr result = *this;
  for (auto &[product, coefficient] : other.terms) {
    auto scaled = llvm::checkedMul(coefficient, factor);
    int64_t &old = result.terms[product];
    auto sum = scaled ? llvm::checkedAdd(old, *scaled) : std::nullopt;
    if (!sum)
      return std::nullopt;
    old = *sum;
    if (old == 0)
      result.terms.erase(product);
  }
  return result;
}

std::optional<SizeExpr> SizeExpr::plus(const SizeExpr &other) const {
  return addTimes(other, 1);
}
std::optional<SizeExpr> SizeExpr::minus(const SizeExpr &other) const {
  return addTimes(other, -1);
}

std::optional<SizeExpr> SizeExpr::times(const SizeExpr &other) const {
  SizeExpr result;
  for (auto &[a, x] : terms) {
    SizeExpr row;
    for (auto &[b, y] : other.terms) {
      Product product(a);
      product.append(b.begin(), b.end());
      llvm::sort(product);
      auto coefficient = llvm::checkedMul(x, y);
      if (!coefficient)
        return std::nullopt;
      row.terms[product] = *coefficient;
    }
    auto sum = result.plus(row);
    if (!sum)
      return std::nullopt;
    result = *sum;
  }
  return result;
}

std::optional<SizeExpr> SizeExpr::dividedBy(const SizeExpr &other) const {
  if (other.terms.empty())
    return std::nullopt;
  if (terms.empty())
    return SizeExpr(0);
  // Long division by the last term; what it finds must give back the dividend.
  auto &[divisor, by] = *other.terms.rbegin();
  SizeExpr rest = *this, result;
  while (!rest.terms.empty()) {
    auto &[product, coefficient] = *rest.terms.rbegin();
    if (coefficient % by != 0 || !std::includes(product.begin(), product.end(),
                                                divisor.begin(), divisor.end()))
      return std::nullopt;
    SizeExpr quotient;
    Product left;
    std::set_difference(product.begin(), product.end(), divisor.begin(),
                        divisor.end(), std::back_inserter(left));
    quotient.terms[left] = coefficient / by;
    size_t before = rest.terms.size();
    auto taken = quotient.times(other);
    auto next = taken ? rest.minus(*taken) : std::nullopt;
    auto sum = result.plus(quotient);
    // Each step takes a term away, or the order of terms is no help.
    if (!next || !sum || next->terms.size() >= before)
      return std::nullopt;
    rest = *next;
    result = *sum;
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

static constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
static constexpr int64_t kHighest = std::numeric_limits<int64_t>::max();

static int64_t clamp(__int128 value) {
  return value <= kLowest ? kLowest : value >= kHighest ? kHighest : value;
}

/// No bound is larger than any number, and zero times it is zero.
static int64_t product(int64_t a, int64_t b) {
  return clamp(static_cast<__int128>(a) * b);
}

static int64_t sum(int64_t a, int64_t b) {
  if (a == kLowest || b == kLowest)
    return kLowest;
  if (a == kHighest || b == kHighest)
    return kHighest;
  return clamp(static_cast<__int128>(a) + b);
}

static SizeRange product(SizeRange a, SizeRange b) {
  auto [low, high] =
      std::minmax({product(a.min, b.min), product(a.min, b.max),
                   product(a.max, b.min), product(a.max, b.max)});
  return {low, high};
}

static SizeRange intersect(SizeRange a, SizeRange b) {
  return {std::max(a.min, b.min), std::min(a.max, b.max)};
}

/// `up` rounds towards larger numbers. The divisor is positive.
static int64_t quotient(int64_t a, int64_t b, bool up) {
  if (a == kLowest || a == kHighest)
    return a;
  if (b == kHighest)
    return a < 0 ? (up ? 0 : -1) : (up && a > 0 ? 1 : 0);
  return up ? llvm::divideCeilSigned(a, b) : llvm::divideFloorSigned(a, b);
}

SizeRange SizeSymbols::range(const SizeSymbol &symbol) const {
  SizeRange result = symbol.range;
  if (symbol.atMost)
    result.max = std::min(result.max, range(*symbol.atMost).max);
  if (symbol.operation == SizeSymbol::None)
    return result;
  SizeRange a = range(symbol.operands[0]), b = range(symbol.operands[1]);
  SizeRange derived;
  switch (symbol.operation) {
  case SizeSymbol::Min:
    derived = {std::min(a.min, b.min), std::min(a.max, b.max)};
    break;
  case SizeSymbol::Max:
    derived = {std::max(a.min, b.min), std::max(a.max, b.max)};
    break;
  default: {
    // A division by what may be zero is undefined, so the divisor is positive
    // if it is not negative.
    if (b.min < 0)
      break;
    bool up = symbol.operation == SizeSymbol::CeilDiv;
    int64_t low = std::max<int64_t>(b.min, 1);
    derived = {quotient(a.min, a.min < 0 ? low : b.max, up),
               quotient(a.max, a.max < 0 ? b.max : low, up)};
  }
  }
  return intersect(result, derived);
}

SizeRange SizeSymbols::range(const SizeExpr &expr) const {
  SizeRange result{0, 0};
  for (auto &[symbolsOf, coefficient] : expr.getTerms()) {
    SizeRange term{coefficient, coefficient};
    for (SymbolId id : symbolsOf)
      term = product(term, range(symbols[id]));
    result = {sum(result.min, term.min), sum(result.max, term.max)};
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Symbols
//===----------------------------------------------------------------------===//

SizeExpr SizeSymbols::declare(llvm::StringRef name, SizeRange range,
                              int64_t unit, mlir::Location loc) {
  auto [it, isNew] = byName.try_emplace(name, symbols.size());
  if (isNew)
    symbols.push_back({name.str(),
                       SizeSymbol::Declared,
                       {0, kHighest},
                       {},
                       {},
                       {},
                       1,
                       {},
                       loc});
  SizeSymbol &symbol = symbols[it->second];
  if (unit > 1)
    symbol.unit = unit;
  unit = symbol.unit;
  range.min = std::max<int64_t>(range.min, 0);
  if (unit > 1)
    range = {quotient(range.min, unit, true), quotient(range.max, unit, false)};
  symbol.range = intersect(symbol.range, range);
  return SizeExpr::symbol(it->second, unit);
}

SizeExpr SizeSymbols::add(SizeSymbol::Kind kind, llvm::StringRef prefix,
                          SizeRange range, llvm::StringRef origin,
                          mlir::Location loc) {
  SymbolId id = symbols.size();
  std::string name;
  for (unsigned n = 0;; ++n)
    if (byName.try_emplace(name = (prefix + llvm::Twine(n)).str(), id).second)
      break;
  symbols.push_back({name, kind, range, {}, {}, {}, 1, origin.str(), loc});
  return SizeExpr::symbol(id);
}

std::optional<SizeExpr> SizeSymbols::lookup(llvm::StringRef name) const {
  auto it = byName.find(name);
  if (it == byName.end())
    return std::nullopt;
  return SizeExpr::symbol(it->second, symbols[it->second].unit);
}

static llvm::StringRef spelling(SizeSymbol::Operation operation) {
  switch (operation) {
  case SizeSymbol::FloorDiv:
    return " / ";
  case SizeSymbol::CeilDiv:
    return " ceildiv ";
  case SizeSymbol::Min:
    return " min ";
  case SizeSymbol::Max:
    return " max ";
  case SizeSymbol::None:
    break;
  }
  return {};
}

SizeExpr SizeSymbols::derive(SizeSymbol::Operation operation, const SizeExpr &a,
                             const SizeExpr &b, mlir::Location loc) {
  // A name must read as it is meant: `(T + 63) / 64`, not `T + 63 / 64`.
  auto operand = [&](const SizeExpr &expr, bool isRight) {
    std::string text = str(expr);
    bool isOne = expr.getTerms().size() <= 1 &&
                 (!isRight || text.find('*') == std::string::npos);
    return isOne ? text : "(" + text + ")";
  };
  std::string name = "(" + operand(a, false) + spelling(operation).str() +
                     operand(b, true) + ")";
  auto [it, isNew] = byName.try_emplace(name, symbols.size());
  if (isNew)
    symbols.push_back(
        {name, SizeSymbol::Derived, {}, {}, operation, {a, b}, 1, {}, loc});
  return SizeExpr::symbol(it->second);
}

SizeExpr SizeSymbols::floorDiv(const SizeExpr &a, const SizeExpr &b,
                               mlir::Location loc) {
  if (auto exact = a.dividedBy(b))
    return *exact;
  if (a.constant() && b.constant() && *b.constant() > 0)
    return llvm::divideFloorSigned(*a.constant(), *b.constant());
  return derive(SizeSymbol::FloorDiv, a, b, loc);
}

SizeExpr SizeSymbols::ceilDiv(const SizeExpr &a, const SizeExpr &b,
                              mlir::Location loc) {
  if (auto exact = a.dividedBy(b))
    return *exact;
  if (a.constant() && b.constant() && *b.constant() > 0)
    return llvm::divideCeilSigned(*a.constant(), *b.constant());
  return derive(SizeSymbol::CeilDiv, a, b, loc);
}

SizeExpr SizeSymbols::min(const SizeExpr &a, const SizeExpr &b,
                          mlir::Location loc) {
  if (auto difference = a.minus(b)) {
    SizeRange r = range(*difference);
    if (r.max <= 0 || r.min >= 0)
      return r.max <= 0 ? a : b;
  }
  return derive(SizeSymbol::Min, a, b, loc);
}

SizeExpr SizeSymbols::max(const SizeExpr &a, const SizeExpr &b,
                          mlir::Location loc) {
  if (auto difference = a.minus(b)) {
    SizeRange r = range(*difference);
    if (r.max <= 0 || r.min >= 0)
      return r.max <= 0 ? b : a;
  }
  return derive(SizeSymbol::Max, a, b, loc);
}

void SizeSymbols::restrict(const SizeExpr &expr, SizeRange range) {
  if (expr.getTerms().size() != 1)
    return;
  auto &[product, coefficient] = *expr.getTerms().begin();
  if (product.size() != 1 || coefficient <= 0)
    return;
  SizeSymbol &symbol = symbols[product.front()];
  symbol.range =
      intersect(symbol.range, {quotient(range.min, coefficient, true),
                               quotient(range.max, coefficient, false)});
}

void SizeSymbols::setAtMost(const SizeExpr &symbol, const SizeExpr &bound) {
  symbols[symbol.getTerms().begin()->first.front()].atMost = bound;
}

std::string SizeSymbols::str(const SizeExpr &expr) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  // Highest products first, the constant last.
  for (auto &[product, coefficient] : llvm::reverse(expr.getTerms())) {
    int64_t rest = coefficient;
    llvm::SmallVector<std::string> factors;
    for (SymbolId id : product) {
      const SizeSymbol &symbol = symbols[id];
      if (rest % symbol.unit == 0) {
        rest /= symbol.unit;
        factors.push_back(symbol.name);
      } else {
        factors.push_back(
            ("(" + symbol.name + " / " + llvm::Twine(symbol.unit) + ")").str());
      }
    }
    if (!text.empty())
      os << (rest < 0 ? " - " : " + ");
    else if (rest < 0)
      os << '-';
    uint64_t magnitude = rest < 0 ? -static_cast<uint64_t>(rest) : rest;
    if (magnitude != 1 || factors.empty())
      factors.insert(factors.begin(), llvm::utostr(magnitude));
    llvm::interleave(factors, os, " * ");
  }
  return text.empty() ? "0" : text;
}

const SizeSymbol *SizeSymbols::unbounded(const SizeExpr &expr) const {
  for (auto &[product, coefficient] : expr.getTerms())
    for (SymbolId id : product) {
      if (range(symbols[id]).hasMax())
        continue;
      for (const SizeExpr &operand : symbols[id].operands)
        if (const SizeSymbol *symbol = unbounded(operand))
          return symbol;
      return &symbols[id];
    }
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Parser
//===----------------------------------------------------------------------===//

namespace {
/// sum := product (('+' | '-') product)*; product := atom (('*' | '/') atom)*;
/// atom := number | symbol | '(' sum (('ceildiv' | 'min' | 'max') sum)? ')'
struct Parser {
  SizeSymbols &symbols;
  llvm::StringRef rest;
  std::string &error;
  mlir::Location loc;

  std::optional<SizeExpr> fail(const llvm::Twine &message) {
    error = message.str();
    return std::nullopt;
  }
  bool consume(char c) {
    rest = rest.ltrim();
    return rest.consume_front(llvm::StringRef(&c, 1));
  }
  std::optional<SizeExpr> checked(std::optional<SizeExpr> expr) {
    return expr ? expr : fail("a number is too large");
  }

  /// What names of derived symbols have between two operands.
  std::optional<SizeExpr> combined() {
    auto left = sum();
    rest = rest.ltrim();
    for (auto operation :
         {SizeSymbol::CeilDiv, SizeSymbol::Min, SizeSymbol::Max}) {
      if (!left || !rest.consume_front(spelling(operation).ltrim()))
        continue;
      auto right = sum();
      if (!right)
        return right;
      if (operation == SizeSymbol::Min)
        return symbols.min(*left, *right, loc);
      if (operation == SizeSymbol::Max)
        return symbols.max(*left, *right, loc);
      return divided(*left, *right, true);
    }
    return left;
  }
  std::optional<SizeExpr> divided(const SizeExpr &left, const SizeExpr &right,
                                  bool up) {
    if (!right.constant() || *right.constant() <= 0)
      return fail("only divisions by positive numbers are allowed");
    return up ? symbols.ceilDiv(left, right, loc)
              : symbols.floorDiv(left, right, loc);
  }
  std::optional<SizeExpr> atom() {
    if (consume('(')) {
      auto inner = combined();
      if (inner && !consume(')'))
        return fail("expected ')'");
      return inner;
    }
    rest = rest.ltrim();
    llvm::StringRef word =
        rest.take_while([](char c) { return llvm::isAlnum(c) || c == '_'; });
    if (word.empty())
      return fail("expected a symbol or a number");
    rest = rest.drop_front(word.size());
    if (!llvm::isDigit(word.front())) {
      auto symbol = symbols.lookup(word);
      return symbol ? symbol : fail("symbol '" + word + "' is not declared");
    }
    int64_t number;
    if (word.getAsInteger(10, number))
      return fail("'" + word + "' is no number");
    return SizeExpr(number);
  }
  std::optional<SizeExpr> product() {
    auto left = atom();
    while (left) {
      bool times = consume('*');
      if (!times && !consume('/'))
        break;
      auto right = atom();
      if (!right)
        return right;
      left =
          times ? checked(left->times(*right)) : divided(*left, *right, false);
    }
    return left;
  }
  std::optional<SizeExpr> sum() {
    auto left = product();
    while (left) {
      bool plus = consume('+');
      if (!plus && !consume('-'))
        break;
      auto right = product();
      if (!right)
        return right;
      left = checked(plus ? left->plus(*right) : left->minus(*right));
    }
    return left;
  }
};
} // namespace

std::optional<SizeExpr> SizeSymbols::parse(llvm::StringRef text,
                                           std::string &error,
                                           mlir::Location loc) {
  Parser parser{*this, text, error, loc};
  auto result = parser.sum();
  if (result && !parser.rest.trim().empty())
    return parser.fail("'" + parser.rest.trim() + "' is left over");
  return result;
}
