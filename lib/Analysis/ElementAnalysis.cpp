//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Expressions, what is known of their symbols, and the way through operations
// that move data. Bodies are in ElementBodies.cpp.
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/ElementAnalysis.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace capstan;

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

bool ElementExpr::isBoolean() const {
  if (kind == Element)
    return getElementTypeOrSelf(tensor.getType()).isInteger(1);
  if (kind == Apply)
    return operation->getResult(0).getType().isInteger(1);
  return kind >= Truth && kind <= Not;
}

Element ElementAnalysis::unique(ElementExpr expr) {
  std::vector<int64_t> key{expr.kind, llvm::bit_cast<int64_t>(expr.number)};
  auto pointer = [&](const void *address) {
    key.push_back(reinterpret_cast<intptr_t>(address));
  };
  auto polynomial = [&](const SizeExpr &size) {
    key.push_back(size.getTerms().size());
    for (auto &[product, coefficient] : size.getTerms()) {
      key.push_back(product.size());
      key.insert(key.end(), product.begin(), product.end());
      key.push_back(coefficient);
    }
  };
  polynomial(expr.integer);
  pointer(expr.tensor.getAsOpaquePointer());
  key.push_back(expr.indices.size());
  for (const SizeExpr &index : expr.indices)
    polynomial(index);
  if (Operation *op = expr.operation) {
    pointer(op->getName().getAsOpaquePointer());
    pointer(op->getAttrDictionary().getAsOpaquePointer());
    pointer(op->getResult(0).getType().getAsOpaquePointer());
  }
  for (Element operand : expr.operands)
    pointer(operand);
  auto &place = exprs[key];
  if (!place)
    place = std::make_unique<ElementExpr>(std::move(expr));
  return place.get();
}

Element ElementAnalysis::integer(const SizeExpr &value) {
  ElementExpr expr{ElementExpr::Integer};
  expr.integer = value;
  return unique(expr);
}
Element ElementAnalysis::number(double value) {
  ElementExpr expr{ElementExpr::Float};
  expr.number = value;
  return unique(expr);
}
Element ElementAnalysis::truth(bool value) {
  ElementExpr expr{ElementExpr::Truth};
  expr.number = value;
  return unique(expr);
}
Element ElementAnalysis::leaf(Value tensor, ArrayRef<SizeExpr> indices) {
  ElementExpr expr{ElementExpr::Element};
  expr.tensor = tensor;
  expr.indices.assign(indices.begin(), indices.end());
  return unique(expr);
}
Element ElementAnalysis::apply(Operation *op, ArrayRef<Element> operands) {
  ElementExpr expr{ElementExpr::Apply};
  expr.operation = op;
  expr.operands.assign(operands.begin(), operands.end());
  return unique(expr);
}

Element ElementAnalysis::logic(ElementExpr::Kind kind,
                               ArrayRef<Element> operands) {
  ElementExpr expr{kind};
  if (kind == ElementExpr::Not) {
    if (operands[0]->isTruth())
      return truth(!operands[0]->number);
    if (operands[0]->kind == ElementExpr::Not)
      return operands[0]->operands[0];
    expr.operands = {operands[0]};
    return unique(expr);
  }
  bool neutral = kind == ElementExpr::And;
  for (Element operand : operands) {
    if (!operand->isTruth())
      expr.operands.push_back(operand);
    else if (operand->number != neutral)
      return operand;
  }
  if (expr.operands.empty())
    return truth(neutral);
  return expr.operands.size() == 1 ? expr.operands[0] : unique(expr);
}

Element ElementAnalysis::notNegative(const SizeExpr &value) {
  auto opposite = SizeExpr(-1).minus(value);
  if (isNotNegative(value))
    return truth(true);
  if (opposite && isNotNegative(*opposite))
    return truth(false);
  ElementExpr expr{ElementExpr::NotNegative};
  expr.integer = value;
  return unique(expr);
}

Element ElementAnalysis::isZero(const SizeExpr &value) {
  if (value == SizeExpr(0))
    return truth(true);
  auto opposite = SizeExpr(0).minus(value);
  for (auto &side : {std::optional(value), opposite})
    if (auto less = side ? side->minus(1) : std::nullopt;
        less && isNotNegative(*less))
      return truth(false);
  ElementExpr expr{ElementExpr::IsZero};
  expr.integer =
      value.getTerms().begin()->second < 0 && opposite ? *opposite : value;
  return unique(expr);
}

//===----------------------------------------------------------------------===//
// Symbols and what is known of them
//===----------------------------------------------------------------------===//

static std::optional<SymbolId> symbolIn(const SizeExpr &expr) {
  if (expr.getTerms().size() != 1)
    return std::nullopt;
  auto &[product, coefficient] = *expr.getTerms().begin();
  if (coefficient != 1 || product.size() != 1)
    return std::nullopt;
  return product.front();
}

SizeExpr ElementAnalysis::newSymbol(StringRef name, SizeRange range,
                                    ArrayRef<SizeExpr> arguments) {
  SizeExpr result = symbols.add(SizeSymbol::Opaque, name, range, name, loc);
  argumentsOf[*symbolIn(result)].assign(arguments.begin(), arguments.end());
  return result;
}

SizeExpr ElementAnalysis::variable(const SizeExpr &count) {
  auto last = count.minus(1);
  SizeRange range = symbols.range(last ? *last : count);
  SizeExpr result = newSymbol("index", {0, range.max}, {});
  if (last)
    addBounds(result, {}, {*last});
  counts[*symbolIn(result)] = count;
  return result;
}

const SizeExpr *ElementAnalysis::countOf(const SizeExpr &variable) const {
  auto id = symbolIn(variable);
  auto it = id ? counts.find(*id) : counts.end();
  return it == counts.end() ? nullptr : &it->second;
}

SizeExpr ElementAnalysis::symbolFor(Element definition, bool known,
                                    SizeRange range) {
  auto it = symbolOf.find(definition);
  if (it != symbolOf.end())
    return it->second;
  SmallVector<SizeExpr> arguments;
  SmallVector<Element> parts{definition};
  while (!parts.empty()) {
    Element part = parts.pop_back_val();
    arguments.push_back(part->integer);
    llvm::append_range(arguments, part->indices);
    llvm::append_range(parts, part->operands);
  }
  SizeExpr result = newSymbol("element", range, arguments);
  symbolOf[definition] = result;
  definitions[*symbolIn(result)] = definition;
  if (!known)
    unknown.insert(*symbolIn(result));
  return result;
}

Element ElementAnalysis::definition(const SizeExpr &expr) const {
  auto id = symbolIn(expr);
  return id ? definitions.lookup(*id) : nullptr;
}

bool ElementAnalysis::isKnown(const SizeExpr &expr) const {
  for (auto &[product, coefficient] : expr.getTerms())
    for (SymbolId id : product) {
      if (unknown.contains(id))
        return false;
      for (const SizeExpr &operand : symbols[id].operands)
        if (!isKnown(operand))
          return false;
    }
  return true;
}

bool ElementAnalysis::dependsOn(const SizeExpr &expr,
                                const SizeExpr &variable) const {
  for (auto &[product, coefficient] : expr.getTerms())
    for (SymbolId id : product) {
      if (id == symbolIn(variable))
        return true;
      auto it = argumentsOf.find(id);
      ArrayRef<SizeExpr> arguments = it == argumentsOf.end()
                                         ? ArrayRef(symbols[id].operands)
                                         : ArrayRef(it->second);
      if (llvm::any_of(arguments, [&](const SizeExpr &argument) {
            return dependsOn(argument, variable);
          }))
        return true;
    }
  return false;
}

void ElementAnalysis::addBounds(const SizeExpr &symbol,
                                ArrayRef<SizeExpr> lower,
                                ArrayRef<SizeExpr> upper) {
  auto id = symbolIn(symbol);
  if (!id)
    return;
  unknown.erase(*id);
  llvm::append_range(bounds[*id].lower, lower);
  llvm::append_range(bounds[*id].upper, upper);
}

bool ElementAnalysis::isNotNegative(const SizeExpr &expr) const {
  std::vector<SizeExpr> seen;
  return prove(expr, 6, seen);
}

/// Replaces symbols by what bounds them until the range says it.
bool ElementAnalysis::prove(const SizeExpr &expr, unsigned depth,
                            std::vector<SizeExpr> &seen) const {
  if (symbols.range(expr).min >= 0)
    return true;
  if (depth == 0 || seen.size() > 200 || llvm::is_contained(seen, expr))
    return false;
  seen.push_back(expr);
  for (auto &[product, coefficient] : expr.getTerms()) {
    for (SymbolId id : product) {
      auto it = bounds.find(id);
      if (it == bounds.end())
        continue;
      // expr = factor * symbol + rest
      SizeExpr factor, rest;
      bool isLinear = true;
      for (auto &[other, number] : expr.getTerms()) {
        SizeExpr::Product left(other);
        auto place = llvm::find(left, id);
        SizeExpr term(number);
        if (place != left.end())
          left.erase(place);
        isLinear &= !llvm::is_contained(left, id);
        for (SymbolId s : left)
          if (auto times = term.times(SizeExpr::symbol(s)))
            term = *times;
        SizeExpr &to = left.size() == other.size() ? rest : factor;
        if (auto sum = to.plus(term))
          to = *sum;
        else
          isLinear = false;
      }
      SizeRange sign = symbols.range(factor);
      if (!isLinear || (sign.min < 0 && sign.max > 0))
        continue;
      for (const SizeExpr &bound :
           sign.min >= 0 ? it->second.lower : it->second.upper) {
        auto scaled = factor.times(bound);
        auto next = scaled ? scaled->plus(rest) : std::nullopt;
        if (next && prove(*next, depth - 1, seen))
          return true;
      }
    }
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

SizeExpr ElementAnalysis::linearize(ArrayRef<SizeExpr> indices,
                                    ArrayRef<SizeExpr> dims) {
  std::optional<SizeExpr> result = SizeExpr(0);
  for (auto [index, dim] : llvm::zip(indices, dims)) {
    result = result ? result->times(dim) : result;
    result = result ? result->plus(index) : result;
  }
  // A coefficient over 64 bits: nothing is known.
  return result ? *result : newSymbol("linear", {}, indices);
}

/// The indices into `dims`, if each is certainly in its range.
std::optional<SmallVector<SizeExpr, 4>>
ElementAnalysis::delinearize(SizeExpr linear, ArrayRef<SizeExpr> dims) {
  SmallVector<SizeExpr, 4> result(dims.size());
  for (size_t i = dims.size(); i-- > 1;) {
    const SizeExpr &dim = dims[i];
    if (dim == SizeExpr(1))
      continue;
    SizeExpr quotient, rest;
    for (auto &[product, coefficient] : linear.getTerms()) {
      SizeExpr term(coefficient);
      for (SymbolId id : product)
        term = *term.times(SizeExpr::symbol(id));
      if (auto exact = term.dividedBy(dim))
        quotient = *quotient.plus(*exact);
      else
        rest = *rest.plus(term);
    }
    auto above = dim.minus(rest);
    above = above ? above->minus(1) : above;
    if (!isNotNegative(rest))
      return std::nullopt;
    if (!above || !isNotNegative(*above)) {
      if (!dim.constant())
        return std::nullopt;
      SizeExpr part = symbols.floorDiv(rest, dim, loc);
      auto whole = part.times(dim), sum = quotient.plus(part);
      auto remainder = whole ? rest.minus(*whole) : whole;
      if (!remainder || !sum)
        return std::nullopt;
      quotient = *sum;
      rest = *remainder;
    }
    result[i] = rest;
    linear = quotient;
  }
  if (!dims.empty() && dims[0] != SizeExpr(1))
    result[0] = linear;
  return result;
}

//===----------------------------------------------------------------------===//
// Movement of data
//===----------------------------------------------------------------------===//

Element ElementAnalysis::at(Value tensor, ArrayRef<SizeExpr> indices) {
  Element self = leaf(tensor, indices);
  if (Element known = moved.lookup(self))
    return known;
  Element result = step(tensor, indices);
  if (!result)
    result = self;
  if (result == self && !result->isBoolean() &&
      getElementTypeOrSelf(tensor.getType()).isIntOrIndex()) {
    SizeExpr symbol = symbolFor(
        self, false,
        SizeAnalysis::typeRange(getElementTypeOrSelf(tensor.getType())));
    auto known = recognize ? recognize(self) : std::nullopt;
    result = integer(known ? *known : symbol);
  }
  moved[self] = result;
  if (result->kind == ElementExpr::Element)
    passed[result].push_back(self);
  return result;
}

ArrayRef<Element> ElementAnalysis::aliases(Element element) const {
  auto it = passed.find(element);
  return it == passed.end() ? ArrayRef<Element>() : it->second;
}

Element ElementAnalysis::step(Value tensor, ArrayRef<SizeExpr> indices) {
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return nullptr;
  auto dims = [&](Value value) {
    return SmallVector<SizeExpr, 4>(sizes.dims(value));
  };
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return stepLinalg(linalgOp, cast<OpResult>(tensor).getResultNumber(),
                      indices);
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return isa<RankedTensorType>(cast.getSource().getType())
               ? at(cast.getSource(), indices)
               : nullptr;
  if (auto reshape = dyn_cast<tensor::ReshapeOp>(op)) {
    if (!isa<RankedTensorType>(reshape.getSource().getType()))
      return nullptr;
    auto source = delinearize(linearize(indices, dims(tensor)),
                              dims(reshape.getSource()));
    return source ? at(reshape.getSource(), *source) : nullptr;
  }
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    SmallVector<SizeExpr, 4> source, shape = dims(tensor);
    for (ArrayRef<int64_t> group : expand.getReassociationIndices())
      source.push_back(
          linearize(indices.slice(group.front(), group.size()),
                    ArrayRef(shape).slice(group.front(), group.size())));
    return at(expand.getSrc(), source);
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    SmallVector<SizeExpr, 4> source, shape = dims(collapse.getSrc());
    for (auto [i, group] :
         llvm::enumerate(collapse.getReassociationIndices())) {
      auto part = delinearize(
          indices[i], ArrayRef(shape).slice(group.front(), group.size()));
      if (!part)
        return nullptr;
      llvm::append_range(source, *part);
    }
    if (source.empty()) // all dimensions are 1
      source.assign(shape.size(), SizeExpr(0));
    return at(collapse.getSrc(), source);
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    SmallVector<SizeExpr, 4> source;
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    unsigned next = 0;
    for (auto [i, offset, stride] :
         llvm::enumerate(slice.getMixedOffsets(), slice.getMixedStrides())) {
      std::optional<SizeExpr> index = sizes.size(offset);
      if (!dropped[i]) {
        auto scaled = indices[next++].times(sizes.size(stride));
        index = scaled ? index->plus(*scaled) : scaled;
      }
      if (!index)
        return nullptr;
      source.push_back(*index);
    }
    return at(slice.getSource(), source);
  }
  if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    SmallVector<SizeExpr, 4> source(indices);
    SizeExpr &index = source[concat.getDim()];
    for (Value input : concat.getInputs()) {
      auto rest = index.minus(dims(input)[concat.getDim()]);
      auto below = rest ? SizeExpr(-1).minus(*rest) : rest;
      if (below && isNotNegative(*below))
        return at(input, source);
      if (!rest || !isNotNegative(*rest))
        return nullptr;
      index = *rest;
    }
    return nullptr;
  }
  SplatElementsAttr splat;
  if (matchPattern(tensor, m_Constant(&splat))) {
    Type type = splat.getElementType();
    if (isa<FloatType>(type))
      return number(splat.getSplatValue<APFloat>().convertToDouble());
    if (type.isInteger(1))
      return truth(splat.getSplatValue<bool>());
    if (type.isIntOrIndex() &&
        splat.getSplatValue<APInt>().getSignificantBits() <= 64)
      return integer(splat.getSplatValue<APInt>().getSExtValue());
  }
  return nullptr;
}
