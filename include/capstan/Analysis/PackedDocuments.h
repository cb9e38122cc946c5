//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Documents that are packed one behind the other: finds the tensor of lengths
// behind integers that a program computes of it (first token of a document,
// document of a token), and gives each one symbol with what is known of it. All
// of it holds if no length is negative and they add up to the tokens.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_ANALYSIS_PACKEDDOCUMENTS_H
#define CAPSTAN_ANALYSIS_PACKEDDOCUMENTS_H

#include "capstan/Analysis/CallSites.h"
#include "capstan/Analysis/ElementAnalysis.h"

namespace capstan {

class PackedDocuments {
public:
  /// Becomes the recognizer of `elements`.
  PackedDocuments(ElementAnalysis &elements, const CallSites &calls,
                  mlir::func::FuncOp function, const SizeExpr &tokens);

  /// The lengths, or null if nothing was computed of any.
  mlir::Value lengths() const { return tensor; }

  SizeExpr length(const SizeExpr &document);
  /// The first token of a document.
  SizeExpr start(const SizeExpr &document);
  /// The document of a token, if some element was recognized to be that.
  std::optional<SizeExpr> documentOf(const SizeExpr &token) const;
  /// The token whose document a symbol is.
  std::optional<SizeExpr> tokenOf(const SizeExpr &document) const;

private:
  std::optional<SizeExpr> recognize(Element element);
  std::optional<SizeExpr> recognizeSum(Element element);
  std::optional<SizeExpr> recognizeScan(Element element);
  std::optional<SizeExpr> documentEndingBehind(const SizeExpr &token);
  bool isLength(const SizeExpr &expr, const SizeExpr &document);
  void setLengths(mlir::Value lengths);
  template <typename Combine>
  bool isReadOf(mlir::Value value, mlir::Value lengths, unsigned depth = 0);

  ElementAnalysis &elements;
  const CallSites &calls;
  mlir::func::FuncOp function;
  SizeExpr tokens;
  mlir::Value tensor;
  /// Host values that are at least the longest length.
  llvm::SmallVector<SizeExpr> longest;
  llvm::SmallVector<std::pair<SizeExpr, SizeExpr>> starts, documents;
  /// Integer elements that may turn out to be lengths.
  llvm::SmallVector<Element> candidates;
};

} // namespace capstan

#endif // CAPSTAN_ANALYSIS_PACKEDDOCUMENTS_H
