//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_LIB_TRANSFORMS_ATTENTIONMATCH_H
#define CAPSTAN_LIB_TRANSFORMS_ATTENTIONMATCH_H

#include "capstan/Analysis/PackedDocuments.h"

namespace capstan {

/// Where a tensor has its tokens, heads and numbers of a head; other dimensions
/// are 1. Without heads: one.
struct AttentionLayout {
  mlir::Value tensor;
  std::optional<unsigned> token, head, number;
};

/// Attention of packed documents that `out.tensor` is proven to be, if no
/// length is negative and they add up to the tokens.
struct AttentionMatch {
  AttentionLayout q, k, v, out;
  mlir::Value lengths;
  double scale = 1;
  bool causal = false;
};

/// A score where its key passes, and what each condition is there.
struct MaskedScore {
  Element score = nullptr;
  llvm::SmallVector<std::pair<Element, bool>> conditions;
};

/// Takes the mask off a score; else says why it isn't one.
std::optional<MaskedScore> unmask(ElementAnalysis &elements, Element score,
                                  std::string &reason);

/// Takes constant factors off a product.
Element takeScale(Element product, double &scale);

/// Whether a product has a softmax over what it sums: then it's worth a look.
bool isWeightedSum(mlir::linalg::LinalgOp op, ElementAnalysis &elements);

/// What `root` is, if dimension `token` has its tokens; else the reason why
/// that isn't proven.
std::optional<AttentionMatch> matchAttention(mlir::Value root, unsigned token,
                                             SizeAnalysis &sizes,
                                             SizeSymbols &symbols,
                                             const CallSites &calls,
                                             std::string &reason);

} // namespace capstan

#endif // CAPSTAN_LIB_TRANSFORMS_ATTENTIONMATCH_H
