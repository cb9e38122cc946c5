//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The proof that a tensor is attention of packed documents, from what one of
// its elements is:
//
//   sum over j of softmax(scores)[j] * v[j]            matchSoftmax
//   scores: q . k * scale where the mask lets j pass   unmask, matchProduct
//   the keys that pass are first to last of a document matchKeys
//
//===----------------------------------------------------------------------===//

#include "AttentionMatch.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace capstan;

namespace {
class Matcher {
public:
  Matcher(Value root, unsigned tokenDim, SizeAnalysis &sizes,
          SizeSymbols &symbols, const CallSites &calls, std::string &reason)
      : elements(sizes, symbols, root.getLoc()),
        documents(elements, calls,
                  root.getDefiningOp()->getParentOfType<func::FuncOp>(),
                  SizeExpr(sizes.dims(root)[tokenDim])),
        sizes(sizes), symbols(symbols), reason(reason) {
    match.out.tensor = root;
    match.out.token = tokenDim;
  }

  std::optional<AttentionMatch> run();

private:
  bool fail(const Twine &why) {
    reason = why.str();
    return false;
  }
  bool matchSoftmax(Element weights);
  bool matchScores();
  bool matchProduct(Element product);
  bool matchLayouts(Element q, Element k);
  bool matchKeys();
  bool readMask(Element condition, bool holds);
  bool readComparison(const SizeExpr &difference);
  bool readSameDocument(const SizeExpr &difference);
  bool isNotNegative(const SizeExpr &expr);
  SizeExpr resolve(const SizeExpr &expr);
  Element findLayout(Element operand, AttentionLayout &layout,
                     const SizeExpr &number, bool isKey);

  ElementAnalysis elements;
  PackedDocuments documents;
  SizeAnalysis &sizes;
  SizeSymbols &symbols;
  std::string &reason;
  AttentionMatch match;

  SmallVector<SizeExpr, 4> indices;
  SizeExpr token, key; // of the query, and what the softmax runs over
  Element scores = nullptr, values = nullptr;
  SizeExpr keyToken; // the token of the key
  /// Where the mask lets a key pass.
  SmallVector<SizeExpr> facts, lower, upper;
};
} // namespace

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// What a maximum begins with, and is where no key passes, is at most this.
static constexpr double kLowest = -3e38;

/// The sum of products that an element is.
static std::optional<ElementReduction> sumOfProducts(ElementAnalysis &elements,
                                                     Element element) {
  auto sum = elements.reduction(element);
  if (!sum || !isa<arith::AddFOp>(sum->combine) || !sum->init->isFloat(0))
    return std::nullopt;
  if (Element next = elements.expand(sum->body))
    sum->body = next;
  if (!sum->body->isApply<arith::MulFOp>())
    return std::nullopt;
  return sum;
}

/// The operation that the element is a result of, if it is a softmax.
static linalg::SoftmaxOp softmaxOf(Element element) {
  return element->kind == ElementExpr::Element
             ? element->tensor.getDefiningOp<linalg::SoftmaxOp>()
             : nullptr;
}

/// PyTorch gives zeros where no key passes: the sum of the exponentials is zero
/// there, the largest score minus infinity. Each token has at least itself, so
/// what is chosen elsewhere is all there is.
static Element unguard(Element choice, double least) {
  if (!choice->isApply<arith::SelectOp>() || !choice->operands[1]->isFloat(0))
    return choice;
  Element condition = choice->operands[0], other = choice->operands[2];
  if (!condition->isApply<arith::CmpFOp>() ||
      cast<arith::CmpFOp>(condition->operation).getPredicate() !=
          arith::CmpFPredicate::OEQ ||
      condition->operands[1]->kind != ElementExpr::Float ||
      condition->operands[1]->number > least)
    return choice;
  Element compared = condition->operands[0];
  bool isOwn = compared == other || (other->isApply<arith::DivFOp>() &&
                                     other->operands[1] == compared);
  return isOwn ? other : choice;
}

bool Matcher::matchSoftmax(Element weights) {
  if (auto softmax = softmaxOf(weights)) {
    for (auto [i, index] : llvm::enumerate(weights->indices))
      if (i == softmax.getDimension() ? index != key
                                      : elements.dependsOn(index, key))
        return false;
    scores =
        elements.expandAll(elements.at(softmax.getInput(), weights->indices));
    return true;
  }
  weights = unguard(elements.expandAll(weights), 0);
  if (!weights->isApply<arith::DivFOp>())
    return false;
  Element power = weights->operands[0], total = weights->operands[1];
  if (!power->isApply<math::ExpOp>() ||
      !power->operands[0]->isApply<arith::SubFOp>())
    return false;
  auto sum = elements.reduction(total, key);
  if (!sum || !isa<arith::AddFOp>(sum->combine) || !sum->init->isFloat(0) ||
      elements.expandAll(sum->body) != power)
    return false;
  Element score = power->operands[0]->operands[0];
  auto max = elements.reduction(
      unguard(power->operands[0]->operands[1], kLowest), key);
  if (!max || !isa<arith::MaximumFOp, arith::MaxNumFOp>(max->combine) ||
      max->init->kind != ElementExpr::Float || max->init->number > kLowest ||
      elements.expandAll(max->body) != score)
    return false;
  scores = score;
  return true;
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

bool Matcher::matchScores() {
  auto masked = unmask(elements, scores, reason);
  if (!masked)
    return false;
  for (auto [condition, holds] : masked->conditions)
    if (!readMask(condition, holds))
      return false;
  return matchProduct(masked->score);
}

bool Matcher::matchProduct(Element product) {
  product = takeScale(product, match.scale);
  auto sum = sumOfProducts(elements, product);
  if (!sum) {
    if (product->kind == ElementExpr::Apply)
      return fail("scores are more than a product times a constant: '" +
                  product->operation->getName().getStringRef() + "'");
    return fail("scores are no product of queries and keys");
  }
  Element factors[2];
  for (unsigned i : {0, 1}) {
    factors[i] = sum->body->operands[i];
    Element next = elements.expand(factors[i]);
    double scale = 1;
    next = takeScale(next ? next : factors[i], scale);
    if (scale != 1) {
      factors[i] = next;
      match.scale *= scale;
    }
    if (factors[i]->kind != ElementExpr::Element)
      return fail("queries or keys are computed in the product");
  }
  bool keyFirst = llvm::any_of(factors[0]->indices, [&](const SizeExpr &index) {
    return elements.dependsOn(index, key);
  });
  Element q = factors[keyFirst ? 1 : 0], k = factors[keyFirst ? 0 : 1];
  if (!(q = findLayout(q, match.q, sum->variable, false)))
    return fail("a query isn't that of its token");
  if (!(k = findLayout(k, match.k, sum->variable, true)))
    return fail("keys aren't [tokens, heads, numbers]");
  // The head and the number are indices of the root.
  for (auto [i, index] : llvm::enumerate(indices)) {
    if (i == *match.out.token || !elements.countOf(index))
      continue;
    bool isHead = match.q.head && q->indices[*match.q.head] == index;
    auto &place = isHead ? match.out.head : match.out.number;
    if (place)
      return fail("the result isn't [tokens, heads, numbers]");
    place = i;
  }
  if (!match.out.number ||
      match.q.head.has_value() != match.out.head.has_value())
    return fail("the result isn't [tokens, heads, numbers]");
  values = findLayout(values, match.v, indices[*match.out.number], true);
  if (!values)
    return fail("values aren't [tokens, heads, numbers]");
  // Each head of keys serves a group of queries.
  auto headsOf = [&](const AttentionLayout &layout) {
    return layout.head ? SizeExpr(sizes.dims(layout.tensor)[*layout.head])
                       : SizeExpr(1);
  };
  SizeExpr headsQ = headsOf(match.q), headsK = headsOf(match.k);
  if (match.out.head && headsQ != *elements.countOf(indices[*match.out.head]))
    return fail("not all heads of the queries are used");
  auto group = headsQ.dividedBy(headsK);
  if (!group || headsK != headsOf(match.v))
    return fail("heads of keys and values aren't shared evenly");
  for (auto [element, layout] : {std::pair(k, match.k), {values, match.v}})
    if (layout.head && (!match.out.head ||
                        element->indices[*layout.head] !=
                            symbols.floorDiv(indices[*match.out.head], *group,
                                             match.out.tensor.getLoc())))
      return fail("a query doesn't use the keys and values of its group");
  keyToken = resolve(k->indices[*match.k.token]);
  if (resolve(values->indices[*match.v.token]) != keyToken)
    return fail("keys and values are taken from different tokens");
  return true;
}

/// Of the tensors that the program had an operand in, one that has tokens,
/// heads and numbers in dimensions of their own: with few heads (not repeated
/// yet), and in that order, if it can.
Element Matcher::findLayout(Element operand, AttentionLayout &layout,
                            const SizeExpr &number, bool isKey) {
  SizeExpr tokens = sizes.dims(match.out.tensor)[*match.out.token];
  Element best = nullptr;
  std::pair<int64_t, bool> least;
  for (Element element : elements.aliases(operand)) {
    SmallVector<SizeExpr, 4> dims(sizes.dims(element->tensor));
    AttentionLayout found{element->tensor, {}, {}, {}};
    bool isClear = true;
    for (auto [i, index] : llvm::enumerate(element->indices)) {
      if (dims[i] == SizeExpr(1) && index == SizeExpr(0))
        continue;
      bool isToken =
          isKey ? elements.dependsOn(index, key) : resolve(index) == token;
      auto &place = index == number ? found.number
                    : isToken       ? found.token
                                    : found.head;
      isClear &= !place;
      place = i;
    }
    if (!isClear || !found.token || !found.number ||
        dims[*found.token] != tokens ||
        dims[*found.number] != *elements.countOf(number))
      continue;
    SizeExpr heads = found.head ? dims[*found.head] : SizeExpr(1);
    bool isPlain = found.token == 0 && found.head == 1 && found.number == 2 &&
                   dims.size() == 3;
    std::pair cost(heads.constant().value_or(0), !isPlain);
    if (!best || cost < least) {
      best = element;
      least = cost;
      layout = found;
    }
  }
  return best;
}

//===----------------------------------------------------------------------===//
// The mask
//===----------------------------------------------------------------------===//

/// Takes a condition apart: what holds where a key passes.
bool Matcher::readMask(Element condition, bool holds) {
  switch (condition->kind) {
  case ElementExpr::Truth:
    return bool(condition->number) == holds ||
           fail("the mask lets no key pass");
  case ElementExpr::Not:
    return readMask(condition->operands[0], !holds);
  case ElementExpr::And:
  case ElementExpr::Or:
    if (holds != (condition->kind == ElementExpr::And))
      break;
    return llvm::all_of(condition->operands,
                        [&](Element part) { return readMask(part, holds); });
  case ElementExpr::NotNegative:
    facts.push_back(holds ? condition->integer
                          : *SizeExpr(-1).minus(condition->integer));
    return readComparison(facts.back());
  case ElementExpr::IsZero:
    return holds ? readSameDocument(condition->integer)
                 : fail("the mask has an unequal comparison");
  default:
    break;
  }
  return fail(
      "the mask depends on more than documents and the order of tokens");
}

/// A bound of the key, from something that is not negative.
bool Matcher::readComparison(const SizeExpr &difference) {
  auto without = difference.minus(key), with = difference.plus(key);
  if (without && !elements.dependsOn(*without, key))
    lower.push_back(*SizeExpr(0).minus(*without));
  else if (with && !elements.dependsOn(*with, key))
    upper.push_back(*with);
  else
    return fail("the mask compares something else than tokens");
  return true;
}

/// The documents of the query and of the key are the same.
bool Matcher::readSameDocument(const SizeExpr &difference) {
  auto mine = documents.documentOf(token), other = documents.documentOf(key);
  auto expected = mine && other ? mine->minus(*other) : std::nullopt;
  if (!expected ||
      (*expected != difference && *SizeExpr(0).minus(*expected) != difference))
    return fail("the mask compares something else than documents of tokens");
  lower.push_back(documents.start(*mine));
  auto last = documents.start(*mine).plus(documents.length(*mine));
  upper.push_back(*last->minus(1));
  return true;
}

/// The same, where a key passes.
bool Matcher::isNotNegative(const SizeExpr &expr) {
  if (elements.isNotNegative(expr))
    return true;
  return llvm::any_of(facts, [&](const SizeExpr &fact) {
    auto rest = expr.minus(fact);
    return rest && elements.isNotNegative(*rest);
  });
}

/// Decides minima.
SizeExpr Matcher::resolve(const SizeExpr &expr) {
  for (auto &[product, coefficient] : expr.getTerms()) {
    if (product.size() != 1 ||
        symbols[product.front()].operation != SizeSymbol::Min)
      continue;
    SmallVector<SizeExpr, 2> sides = symbols[product.front()].operands;
    auto symbol = SizeExpr::symbol(product.front(), coefficient);
    for (unsigned i : {0, 1}) {
      auto difference = sides[1 - i].minus(sides[i]);
      if (!difference || !isNotNegative(*difference))
        continue;
      auto value = sides[i].times(coefficient);
      auto rest = expr.minus(symbol);
      if (value && rest)
        return resolve(*rest->plus(*value));
    }
  }
  return expr;
}

/// The keys that pass are those of the query's document, up to the query's own
/// token or all.
bool Matcher::matchKeys() {
  auto document = documents.documentOf(token);
  if (!documents.lengths() || !document)
    return fail("nothing says what document a token is in");
  auto offset = keyToken.minus(key);
  if (!offset || elements.dependsOn(*offset, key))
    return fail("keys aren't taken in the order of tokens");
  lower.push_back(SizeExpr(0));
  upper.push_back(*elements.countOf(key)->minus(1));
  SizeExpr start = documents.start(*document);
  auto end = start.plus(documents.length(*document));
  SizeExpr first = *start.minus(*offset), own = *token.minus(*offset),
           last = *end->minus(*offset)->minus(1);
  // All bounds allow `value`, and one says it.
  auto isBound = [&](ArrayRef<SizeExpr> bounds, const SizeExpr &value,
                     int sign) {
    return llvm::is_contained(bounds, value) &&
           llvm::all_of(bounds, [&](const SizeExpr &bound) {
             return elements.isNotNegative(*bound.minus(value)->times(sign));
           });
  };
  if (!isBound(lower, first, -1))
    return fail("the first key of a query is not proven to be the first token "
                "of its document");
  match.causal = isBound(upper, own, 1);
  if (!match.causal && !isBound(upper, last, 1))
    return fail("the last key of a query is proven neither to be its own token "
                "nor the last one of its document");
  match.lengths = documents.lengths();
  return true;
}

std::optional<AttentionMatch> Matcher::run() {
  SmallVector<SizeExpr, 4> dims(sizes.dims(match.out.tensor));
  for (const SizeExpr &dim : dims)
    indices.push_back(dim == SizeExpr(1) ? SizeExpr(0)
                                         : elements.variable(dim));
  token = indices[*match.out.token];
  auto sum = sumOfProducts(elements, elements.at(match.out.tensor, indices));
  if (!sum) {
    fail("the way from the result back to the product is not known");
    return std::nullopt;
  }
  key = sum->variable;
  for (unsigned i : {0, 1})
    if (!scores && matchSoftmax(sum->body->operands[i]))
      values = sum->body->operands[1 - i];
  if (!scores) {
    fail("the weights of the values are not a softmax over the keys");
    return std::nullopt;
  }
  if (values->kind != ElementExpr::Element) {
    fail("the values are computed in the product");
    return std::nullopt;
  }
  if (!matchScores() || !matchKeys())
    return std::nullopt;
  return match;
}

std::optional<AttentionMatch>
capstan::matchAttention(Value root, unsigned token, SizeAnalysis &sizes,
                        SizeSymbols &symbols, const CallSites &calls,
                        std::string &reason) {
  return Matcher(root, token, sizes, symbols, calls, reason).run();
}

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

/// Whether there is a sum of exponentials behind a few steps.
static bool hasTotal(ElementAnalysis &elements, Element element,
                     unsigned depth) {
  if (depth == 0 || softmaxOf(element))
    return depth;
  auto sum = elements.reduction(element);
  if (sum && isa<arith::AddFOp>(sum->combine) &&
      elements.expandAll(sum->body, 4)->isApply<math::ExpOp>())
    return true;
  Element next = sum ? nullptr : elements.expand(element);
  return (next && hasTotal(elements, next, depth - 1)) ||
         llvm::any_of(element->operands, [&](Element operand) {
           return hasTotal(elements, operand, depth);
         });
}

bool capstan::isWeightedSum(linalg::LinalgOp op, ElementAnalysis &elements) {
  if (op->getNumResults() != 1 || op.getNumReductionLoops() != 1 ||
      !isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType())))
    return false;
  SmallVector<SizeExpr, 4> indices, dims(elements.sizes.dims(op->getResult(0)));
  for (const SizeExpr &dim : dims)
    indices.push_back(elements.variable(dim));
  auto sum = sumOfProducts(elements, elements.at(op->getResult(0), indices));
  return sum && llvm::any_of(sum->body->operands, [&](Element factor) {
           return hasTotal(elements, factor, 6);
         });
}
