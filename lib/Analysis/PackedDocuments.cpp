//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/PackedDocuments.h"
#include "capstan/Analysis/HostCode.h"
#include "capstan/Dialect/Capstan.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace capstan;

PackedDocuments::PackedDocuments(ElementAnalysis &elements,
                                 const CallSites &calls, func::FuncOp function,
                                 const SizeExpr &tokens)
    : elements(elements), calls(calls), function(function), tokens(tokens) {
  elements.setRecognizer([this](Element e) { return recognize(e); });
}

static std::optional<SizeExpr>
lookup(ArrayRef<std::pair<SizeExpr, SizeExpr>> list, const SizeExpr &key) {
  for (auto &[from, to] : list)
    if (from == key)
      return to;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Symbols
//===----------------------------------------------------------------------===//

SizeExpr PackedDocuments::length(const SizeExpr &document) {
  return elements.at(tensor, {document})->integer;
}

SizeExpr PackedDocuments::start(const SizeExpr &document) {
  if (auto symbol = lookup(starts, document))
    return *symbol;
  SizeExpr result = elements.newSymbol("start", {0}, {document});
  starts.push_back({document, result});
  SizeExpr size = length(document);
  elements.addBounds(result, {}, {*tokens.minus(size)});
  // It's at most the token whose document this is, and the end is behind it.
  if (auto token = tokenOf(document))
    elements.addBounds(result, {*token->minus(size)->plus(1)}, {*token});
  return result;
}

std::optional<SizeExpr>
PackedDocuments::documentOf(const SizeExpr &token) const {
  return lookup(documents, token);
}

std::optional<SizeExpr>
PackedDocuments::tokenOf(const SizeExpr &document) const {
  for (auto &[token, symbol] : documents)
    if (symbol == document)
      return token;
  return std::nullopt;
}

/// The first document that ends behind a token, if that is one.
std::optional<SizeExpr>
PackedDocuments::documentEndingBehind(const SizeExpr &token) {
  if (auto symbol = documentOf(token))
    return symbol;
  auto above = tokens.minus(token);
  above = above ? above->minus(1) : above;
  if (!above || !elements.isNotNegative(*above) ||
      !elements.isNotNegative(token))
    return std::nullopt;
  SizeExpr count = elements.sizes.dims(tensor)[0];
  SizeExpr result = elements.newSymbol("document", {0}, {token});
  elements.addBounds(result, {}, {*count.minus(1)});
  documents.push_back({token, result});
  return result;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

std::optional<SizeExpr> PackedDocuments::recognize(Element element) {
  if (auto sum = recognizeSum(element))
    return sum;
  if (auto sum = recognizeScan(element))
    return sum;
  if (element->indices.size() == 1) {
    if (tensor == element->tensor)
      elements.addBounds(elements.symbolFor(element, true), {0}, longest);
    else if (!tensor)
      candidates.push_back(element);
  }
  return std::nullopt;
}

/// Whether `expr` is the length of `document`. The first tensor that sums are
/// taken of has the lengths.
bool PackedDocuments::isLength(const SizeExpr &expr, const SizeExpr &document) {
  Element definition = elements.definition(expr);
  if (!definition || definition->kind != ElementExpr::Element ||
      definition->indices != ArrayRef(document))
    return false;
  if (!tensor)
    setLengths(definition->tensor);
  return definition->tensor == tensor;
}

static bool contains(const SizeExpr &expr, const SizeExpr &symbol) {
  SymbolId id = symbol.getTerms().begin()->first.front();
  for (auto &[product, coefficient] : expr.getTerms())
    if (llvm::is_contained(product, id))
      return true;
  return false;
}

/// Sums over documents: of all lengths, of those up to one or before one, and
/// how many end at a token or before.
std::optional<SizeExpr> PackedDocuments::recognizeSum(Element element) {
  auto sum = elements.reduction(element);
  if (!sum || !isa<arith::AddIOp>(sum->combine) ||
      sum->combine->getResult(0).getType().isInteger(16) ||
      sum->combine->getResult(0).getType().isInteger(8) ||
      sum->init->kind != ElementExpr::Integer ||
      sum->init->integer != SizeExpr(0) ||
      sum->body->kind != ElementExpr::Integer)
    return std::nullopt;
  const SizeExpr &document = sum->variable,
                 &count = *elements.countOf(document);
  auto isDocuments = [&] {
    return tensor && elements.sizes.dims(tensor)[0] == count;
  };
  // The factors of the body: a length, and the condition for it to count.
  auto &terms = sum->body->integer.getTerms();
  if (terms.size() != 1 || terms.begin()->second != 1)
    return std::nullopt;
  std::optional<SizeExpr> counted;
  Element condition = nullptr;
  for (SymbolId id : terms.begin()->first) {
    SizeExpr symbol = SizeExpr::symbol(id);
    Element definition = elements.definition(id);
    Element operand = definition && definition->kind == ElementExpr::Apply
                          ? definition->operands[0]
                          : nullptr;
    if (operand && operand->kind == ElementExpr::NotNegative && !condition) {
      condition = operand;
      if (!definition->isApply<arith::SelectOp>())
        continue;
      if (definition->operands[2]->integer != SizeExpr(0))
        return std::nullopt;
      symbol = definition->operands[1]->integer;
    }
    if (counted || !isLength(symbol, document))
      return std::nullopt;
    counted = symbol;
  }
  if (!isDocuments())
    return std::nullopt;
  if (!condition)
    return counted ? std::optional(tokens) : std::nullopt;
  const SizeExpr &bound = condition->integer;
  if (!counted) {
    auto token = bound.plus(start(document));
    token = token ? token->plus(length(document)) : token;
    if (!token || contains(*token, document) ||
        contains(*token, start(document)) || contains(*token, length(document)))
      return std::nullopt;
    return documentEndingBehind(*token);
  }
  // Documents up to `last`, or one less.
  auto last = bound.plus(document);
  if (!last || contains(*last, document))
    return std::nullopt;
  auto isDocument = [&](const SizeExpr &expr) {
    auto above = count.minus(expr);
    above = above ? above->minus(1) : above;
    return above && elements.isNotNegative(expr) &&
           elements.isNotNegative(*above);
  };
  if (isDocument(*last))
    return start(*last).plus(length(*last));
  if (auto next = last->plus(1); next && isDocument(*next))
    return start(*next);
  return std::nullopt;
}

/// `cumsum`, as torch-mlir writes it.
std::optional<SizeExpr> PackedDocuments::recognizeScan(Element element) {
  Operation *scan = element->tensor.getDefiningOp();
  if (!scan || scan->getName().getStringRef() != "tm_tensor.scan" ||
      scan->getNumOperands() != 3 || element->tensor != scan->getResult(0) ||
      scan->getNumRegions() != 1 || !scan->getRegion(0).hasOneBlock())
    return std::nullopt;
  Block &body = scan->getRegion(0).front();
  auto inclusive = scan->getAttrOfType<BoolAttr>("inclusive");
  auto add = dyn_cast<arith::AddIOp>(body.front());
  if (!inclusive || !inclusive.getValue() || element->indices.size() != 1 ||
      !add || body.getNumArguments() != 2 || add.getLhs() == add.getRhs() ||
      !isa<BlockArgument>(add.getLhs()) || !isa<BlockArgument>(add.getRhs()) ||
      body.back().getNumOperands() != 1 ||
      body.back().getOperand(0) != add.getResult())
    return std::nullopt;
  const SizeExpr &document = element->indices[0];
  Value input = scan->getOperand(0);
  Element length = elements.at(input, {document});
  if (length->kind != ElementExpr::Integer ||
      !isLength(length->integer, document) ||
      elements.sizes.dims(tensor)[0] != elements.sizes.dims(input)[0])
    return std::nullopt;
  return start(document).plus(length->integer);
}

//===----------------------------------------------------------------------===//
// Host values
//===----------------------------------------------------------------------===//

void PackedDocuments::setLengths(Value lengths) {
  tensor = lengths;
  longest.push_back(tokens);
  SmallVector<Value> values(function.getArguments());
  walkHostCode(function, [&](Operation *op) {
    if (isa<ItemOp, FetchOp, FetchWaitOp, tensor::ExtractOp>(op))
      llvm::append_range(values, op->getResults());
  });
  for (Value value : values) {
    if (!value.getType().isIntOrIndex())
      continue;
    SizeExpr symbol = elements.sizes.size(value);
    if (isReadOf<arith::MaxSIOp>(value, tensor))
      longest.push_back(symbol);
    else if (isReadOf<arith::AddIOp>(value, tensor))
      elements.addBounds(symbol, {tokens}, {tokens});
  }
  for (Element element : candidates)
    if (element->tensor == tensor)
      elements.addBounds(elements.symbolFor(element, true), {0}, longest);
}

/// The tensor of one element that a host integer was read from.
static Value sourceOf(Value value) {
  if (auto item = value.getDefiningOp<ItemOp>())
    return item.getSource();
  if (auto extract = value.getDefiningOp<tensor::ExtractOp>())
    return extract.getTensor();
  auto result = dyn_cast<OpResult>(value);
  if (!result)
    return nullptr;
  if (auto fetch = dyn_cast<FetchOp>(result.getOwner()))
    return fetch.getSources()[result.getResultNumber()];
  if (auto wait = dyn_cast<FetchWaitOp>(result.getOwner()))
    if (auto start = wait.getFuture().getDefiningOp<FetchStartOp>())
      return start.getSources()[result.getResultNumber()];
  return nullptr;
}

/// Whether a host value is the largest of the lengths or their sum; for an
/// argument, whether every call gives it that.
template <typename Combine>
bool PackedDocuments::isReadOf(Value value, Value lengths, unsigned depth) {
  while (isa_and_nonnull<arith::IndexCastOp, arith::ExtSIOp>(
      value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto callee = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
    auto other = dyn_cast<BlockArgument>(lengths);
    if (!callee || !callee.isPrivate() || !other || depth > 8 ||
        other.getOwner() != argument.getOwner() || !calls.onlyCalled(callee) ||
        calls.callsOf(callee).empty())
      return false;
    return llvm::all_of(calls.callsOf(callee), [&](func::CallOp call) {
      return isReadOf<Combine>(call.getOperand(argument.getArgNumber()),
                               call.getOperand(other.getArgNumber()),
                               depth + 1);
    });
  }
  Value source = sourceOf(value);
  auto type = source ? dyn_cast<RankedTensorType>(source.getType()) : nullptr;
  if (!type || !llvm::all_of(type.getShape(), [](int64_t n) { return n == 1; }))
    return false;
  SmallVector<SizeExpr> indices(type.getRank(), SizeExpr(0));
  Element element = elements.at(source, indices);
  if (element->kind != ElementExpr::Integer)
    return false;
  if (std::is_same_v<Combine, arith::AddIOp> && lengths == tensor)
    return element->integer == tokens;
  Element definition = elements.definition(element->integer);
  auto result = definition ? elements.reduction(definition) : std::nullopt;
  if (!result || !isa<Combine>(result->combine) ||
      result->body->kind != ElementExpr::Integer ||
      result->init->kind != ElementExpr::Integer ||
      (std::is_same_v<Combine, arith::AddIOp> &&
       result->init->integer != SizeExpr(0)))
    return false;
  Element body = elements.definition(result->body->integer);
  return body && body->kind == ElementExpr::Element &&
         body->tensor == lengths &&
         body->indices == ArrayRef(result->variable) &&
         *elements.countOf(result->variable) == elements.sizes.dims(lengths)[0];
}
