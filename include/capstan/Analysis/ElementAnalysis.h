//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What an element of a tensor is, as an expression of its indices: layout
// operations, gathers, broadcasts and masks of whatever number and order give
// the same expression. Integers are polynomials (SizeExpr); what has no such
// form is a symbol. Equal expressions are the same object.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_ANALYSIS_ELEMENTANALYSIS_H
#define CAPSTAN_ANALYSIS_ELEMENTANALYSIS_H

#include "capstan/Analysis/SizeAnalysis.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace capstan {

struct ElementExpr {
  enum Kind {
    Integer,     ///< `integer`
    Float,       ///< `number`
    Truth,       ///< `number` is 0 or 1
    NotNegative, ///< `integer` >= 0
    IsZero,      ///< `integer` == 0
    And,
    Or,
    Not,
    Element, ///< `tensor` at `indices`, or a host value, without indices
    Apply,   ///< `operation`, by name, attributes and type, of `operands`
  };
  Kind kind;
  SizeExpr integer = 0;
  double number = 0;
  mlir::Value tensor;
  llvm::SmallVector<SizeExpr, 4> indices;
  mlir::Operation *operation = nullptr;
  llvm::SmallVector<const ElementExpr *, 2> operands;

  bool isFloat(double value) const { return kind == Float && number == value; }
  bool isInteger(int64_t value) const {
    return kind == Integer && integer.isConstant(value);
  }
  bool isTruth() const { return kind == Truth; }
  /// Whether it is true or false, known or not.
  bool isBoolean() const;
  template <typename... Ops> bool isApply() const {
    return kind == Apply && mlir::isa<Ops...>(operation);
  }
};
using Element = const ElementExpr *;

/// An element that one loop accumulates: `combine` of `init` and of `body` for
/// each value of `variable`.
struct ElementReduction {
  mlir::Operation *combine;
  Element init, body;
  SizeExpr variable;
};

class ElementAnalysis {
public:
  /// Says what an integer element is that nothing else is known of.
  using Recognizer = std::function<std::optional<SizeExpr>(Element)>;

  ElementAnalysis(SizeAnalysis &sizes, SizeSymbols &symbols, mlir::Location loc)
      : sizes(sizes), symbols(symbols), loc(loc) {}
  void setRecognizer(Recognizer recognizer) {
    recognize = std::move(recognizer);
  }

  /// A new index: 0 to `count` - 1.
  SizeExpr variable(const SizeExpr &count);
  const SizeExpr *countOf(const SizeExpr &variable) const;

  /// Follows what moves data; arithmetic on floats is not entered.
  Element at(mlir::Value tensor, llvm::ArrayRef<SizeExpr> indices);
  /// The tensors and indices that `at` passed before it came to `element`.
  llvm::ArrayRef<Element> aliases(Element element) const;
  /// What an operation without reductions computes: one step, or none.
  Element expand(Element element);
  /// All steps down to reductions and to what is not known.
  Element expandAll(Element element, unsigned depth = 24);
  /// With `variable`, only if the loop has the same number of trips and the
  /// element itself doesn't depend on it.
  std::optional<ElementReduction>
  reduction(Element element, std::optional<SizeExpr> variable = {});

  Element apply(mlir::Operation *operation, llvm::ArrayRef<Element> operands);
  Element number(double value);
  Element truth(bool value);
  Element notNegative(const SizeExpr &expr);
  Element logic(ElementExpr::Kind kind, llvm::ArrayRef<Element> operands);

  // Facts.
  void addBounds(const SizeExpr &symbol, llvm::ArrayRef<SizeExpr> lower,
                 llvm::ArrayRef<SizeExpr> upper);
  /// Whether it certainly isn't negative.
  bool isNotNegative(const SizeExpr &expr) const;
  /// Symbols of data of which nothing is known may have wrapped around.
  bool isKnown(const SizeExpr &expr) const;
  /// Whether the value of `expr` depends on an index.
  bool dependsOn(const SizeExpr &expr, const SizeExpr &variable) const;
  /// The element, comparison or choice that a symbol stands for, or null.
  Element definition(SymbolId id) const { return definitions.lookup(id); }
  /// The symbol of a definition that holds nothing else.
  Element definition(const SizeExpr &expr) const;
  SizeExpr symbolFor(Element definition, bool known, SizeRange range = {});
  /// A number that is a function of `arguments`.
  SizeExpr newSymbol(llvm::StringRef name, SizeRange range,
                     llvm::ArrayRef<SizeExpr> arguments);

  SizeAnalysis &sizes;
  SizeSymbols &symbols;

private:
  struct Scope;
  struct Bounds {
    llvm::SmallVector<SizeExpr, 2> lower, upper;
  };

  Element unique(ElementExpr expr);
  Element integer(const SizeExpr &value);
  Element leaf(mlir::Value tensor, llvm::ArrayRef<SizeExpr> indices);
  Element isZero(const SizeExpr &expr);
  Element step(mlir::Value tensor, llvm::ArrayRef<SizeExpr> indices);
  Element stepLinalg(mlir::linalg::LinalgOp op, unsigned result,
                     llvm::ArrayRef<SizeExpr> indices);
  std::optional<llvm::SmallVector<SizeExpr, 4>>
  delinearize(SizeExpr linear, llvm::ArrayRef<SizeExpr> dims);
  SizeExpr linearize(llvm::ArrayRef<SizeExpr> indices,
                     llvm::ArrayRef<SizeExpr> dims);
  bool enter(Scope &scope, mlir::linalg::LinalgOp op, unsigned result,
             llvm::ArrayRef<SizeExpr> indices);
  Element evaluate(mlir::Value value, Scope &scope);
  Element evaluateOp(mlir::Operation *op, Scope &scope);
  Element evaluateInteger(mlir::Operation *op, llvm::ArrayRef<Element> in);
  Element compare(mlir::arith::CmpIOp op, Element a, Element b);
  Element host(mlir::Value value);
  bool prove(const SizeExpr &expr, unsigned depth,
             std::vector<SizeExpr> &seen) const;

  mlir::Location loc;
  Recognizer recognize;
  std::map<std::vector<int64_t>, std::unique_ptr<ElementExpr>> exprs;
  llvm::DenseMap<Element, Element> moved, expanded;
  llvm::DenseMap<Element, llvm::SmallVector<Element>> passed;
  llvm::DenseMap<SymbolId, Element> definitions;
  llvm::DenseMap<Element, SizeExpr> symbolOf;
  llvm::DenseSet<SymbolId> unknown;
  llvm::DenseMap<SymbolId, Bounds> bounds;
  llvm::DenseMap<SymbolId, SizeExpr> counts;
  llvm::DenseMap<SymbolId, llvm::SmallVector<SizeExpr, 2>> argumentsOf;
};

} // namespace capstan

#endif // CAPSTAN_ANALYSIS_ELEMENTANALYSIS_H
