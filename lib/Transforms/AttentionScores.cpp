//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What a mask does to scores: each of its conditions is tried both ways.
//
//===----------------------------------------------------------------------===//

#include "AttentionMatch.h"

using namespace mlir;
using namespace capstan;

/// What a mask adds has to be so far below every score that a masked key has no
/// weight.
static constexpr double kMasked = -1e29;

/// The boolean that a number was made of, or null.
static Element conditionOf(ElementAnalysis &elements, Element number) {
  Element definition = number->kind == ElementExpr::Integer
                           ? elements.definition(number->integer)
                           : nullptr;
  return definition && definition->isApply<arith::ExtUIOp>()
             ? definition->operands[0]
             : nullptr;
}

/// The conditions that a number depends on.
static void collectConditions(ElementAnalysis &elements, Element element,
                              SmallVectorImpl<Element> &conditions) {
  Element condition = conditionOf(elements, element);
  if (!condition && element->isBoolean() && !element->isApply<arith::CmpFOp>())
    condition = element;
  if (condition) {
    if (!condition->isTruth() && !llvm::is_contained(conditions, condition))
      conditions.push_back(condition);
    return;
  }
  for (Element operand : element->operands)
    collectConditions(elements, operand, conditions);
}

static std::optional<bool> compareNumbers(arith::CmpFPredicate predicate,
                                          double a, double b) {
  using P = arith::CmpFPredicate;
  switch (predicate) {
  case P::OEQ:
  case P::UEQ:
    return a == b;
  case P::ONE:
  case P::UNE:
    return a != b;
  case P::OLT:
  case P::ULT:
    return a < b;
  case P::OLE:
  case P::ULE:
    return a <= b;
  case P::OGT:
  case P::UGT:
    return a > b;
  case P::OGE:
  case P::UGE:
    return a >= b;
  default:
    return std::nullopt;
  }
}

/// The number with conditions decided, and what follows.
static Element fold(ElementAnalysis &elements, Element element,
                    const DenseMap<Element, bool> &decided) {
  if (Element condition = conditionOf(elements, element))
    if (auto it = decided.find(condition); it != decided.end())
      return elements.number(it->second);
  if (auto it = decided.find(element); it != decided.end())
    return elements.truth(it->second);
  if (element->kind != ElementExpr::Apply)
    return element;
  SmallVector<Element> in;
  for (Element operand : element->operands)
    in.push_back(fold(elements, operand, decided));
  Operation *op = element->operation;
  auto isNumber = [&](unsigned i) { return in[i]->kind == ElementExpr::Float; };
  if (isa<arith::SelectOp>(op) && in[0]->isTruth())
    return in[0]->number ? in[1] : in[2];
  if (isa<arith::UIToFPOp>(op) && (in[0]->isTruth() || isNumber(0)))
    return elements.number(in[0]->number);
  if (isa<arith::SIToFPOp>(op) && (in[0]->isTruth() || isNumber(0)))
    return elements.number(in[0]->isTruth() ? -in[0]->number : in[0]->number);
  if (isa<arith::NegFOp>(op) && isNumber(0))
    return elements.number(-in[0]->number);
  if (isa<arith::ExtFOp, arith::TruncFOp>(op) && isNumber(0))
    return in[0];
  if (in.size() != 2)
    return elements.apply(op, in);
  if (isNumber(0) && isNumber(1)) {
    double a = in[0]->number, b = in[1]->number;
    if (isa<arith::AddFOp>(op))
      return elements.number(a + b);
    if (isa<arith::SubFOp>(op))
      return elements.number(a - b);
    if (isa<arith::MulFOp>(op))
      return elements.number(a * b);
    if (auto compare = dyn_cast<arith::CmpFOp>(op))
      if (auto known = compareNumbers(compare.getPredicate(), a, b))
        return elements.truth(*known);
  }
  double neutral = isa<arith::MulFOp, arith::DivFOp>(op) ? 1 : 0;
  if (isa<arith::AddFOp, arith::MulFOp>(op) && in[0]->isFloat(neutral))
    return in[1];
  if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp>(op) &&
      in[1]->isFloat(neutral))
    return in[0];
  return elements.apply(op, in);
}

/// Whether a score is so low that its key has no weight.
static bool isMasked(Element score, double limit = kMasked) {
  if (score->kind == ElementExpr::Float)
    return score->number <= limit;
  if (score->isApply<arith::AddFOp>())
    for (unsigned i : {0, 1}) {
      Element other = score->operands[1 - i];
      if (isMasked(score->operands[i], limit) &&
          (other->kind != ElementExpr::Float || other->number <= 0))
        return true;
    }
  if (score->isApply<arith::SubFOp>())
    return score->operands[1]->kind == ElementExpr::Float &&
           score->operands[1]->number >= -limit;
  if (score->isApply<arith::MulFOp>())
    for (unsigned i : {0, 1})
      if (score->operands[i]->kind == ElementExpr::Float &&
          score->operands[i]->number > 0)
        return isMasked(score->operands[1 - i],
                        limit / score->operands[i]->number);
  return false;
}

Element capstan::takeScale(Element product, double &scale) {
  while (product->kind == ElementExpr::Apply) {
    if (!product->isApply<arith::MulFOp, arith::DivFOp>())
      break;
    bool isDivision = product->isApply<arith::DivFOp>();
    Element a = product->operands[0], b = product->operands[1];
    if (!isDivision && a->kind == ElementExpr::Float)
      std::swap(a, b);
    if (b->kind != ElementExpr::Float)
      break;
    scale = isDivision ? scale / b->number : scale * b->number;
    product = a;
  }
  return product;
}

std::optional<MaskedScore> capstan::unmask(ElementAnalysis &elements,
                                           Element score, std::string &reason) {
  auto fail = [&](StringRef why) {
    reason = why.str();
    return std::nullopt;
  };
  SmallVector<Element> conditions;
  collectConditions(elements, score, conditions);
  if (conditions.empty())
    return fail("scores have no mask: keys of other documents count");
  if (conditions.size() > 3)
    return fail("the mask has more than three parts");
  MaskedScore result;
  for (unsigned bits = 0; bits < (1u << conditions.size()); ++bits) {
    DenseMap<Element, bool> decided;
    for (auto [i, condition] : llvm::enumerate(conditions))
      decided[condition] = bits >> i & 1;
    Element folded = fold(elements, score, decided);
    if (isMasked(folded))
      continue;
    if (result.score)
      return fail("a masked score is not set to -inf, or far below (-1e30)");
    result.score = folded;
    for (Element condition : conditions)
      result.conditions.push_back({condition, decided.lookup(condition)});
  }
  if (!result.score)
    return fail("the mask lets no key pass");
  return result;
}
