//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Structured operations on tensors, by what their bodies compute. A scalar of
// the body is the same whether the host captured it or the device reads it from
// a tensor, and wherever arithmetic is done on it. A tensor whose elements
// depend on scalars and on their index alone is those elements, not how they
// got there.
//
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/Capstan.h"
#include "capstan/Verify/Executor.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::verify;
using Kind = Expr::Kind;

/// An element that depends on more than this is not followed to what it is.
static constexpr unsigned kMaxPlaced = 256;
/// The index of a `Place` that stands for every index.
static constexpr uint64_t kEveryIndex = ~uint64_t(0);

struct Executor::KernelBody {
  linalg::LinalgOp op;
  ArrayRef<Expr *> operands;
  /// What the loops' indices are; null: not known.
  Exprs indices{};
  /// Initial values may be known, too.
  bool inits = false;
  llvm::DenseMap<Value, Expr *> known{};
};

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// Whether what `e` is depends on the index `place`.
static bool dependsOn(Expr *e, uint64_t place) {
  if (e->kind == Kind::Place)
    return e->key == place;
  return e->placed && llvm::any_of(e->kids, [&](Expr *kid) {
           return dependsOn(kid, place);
         });
}

static unsigned placedSize(Expr *e, unsigned most) {
  unsigned size = 1;
  for (Expr *kid : e->kids)
    if (kid->placed && size < most)
      size += placedSize(kid, most - size);
  return size;
}

/// What `op`, an operation without memory or control flow, gives for `kids`.
Expr *Executor::apply(Operation *op, ArrayRef<Expr *> kids) {
  if (Expr *e = simplify(op, kids))
    return e;
  return make(op, Kind::Op, ctx.keys.get(op).key, op->getResult(0).getType(),
              kids);
}

/// The element `e` of a Fill at `indices`.
Expr *Executor::placed(Expr *e, ArrayRef<Expr *> indices) {
  if (!e->placed)
    return e;
  if (e->kind == Kind::Place)
    return e->key < indices.size() ? indices[e->key] : e;
  Exprs kids;
  for (Expr *kid : e->kids)
    kids.push_back(placed(kid, indices));
  Operation *op = e->kind == Kind::Op ? e->op() : nullptr;
  return op && op->getNumOperands() == kids.size() ? apply(op, kids)
                                                   : exprs.rebuild(e, kids);
}

/// Whether tensor `e` is storage that something may write as memory.
static bool sharesMemory(Expr *e) {
  while (
      e->kind == Kind::Op &&
      isa_and_present<tensor::CastOp, tensor::ExtractSliceOp,
                      tensor::ExpandShapeOp, tensor::CollapseShapeOp>(e->op()))
    e = e->kids[0];
  return llvm::any_of(e->kids, [](Expr *kid) { return kid->holdsMemory; });
}

/// A tensor of elements `value`.
Expr *Executor::filled(Expr *value, Expr *shape, Type type) {
  // A copy of the one element that was read.
  if (value->kind == Kind::Read && value->kids.size() == 1 &&
      value->key == ctx.keys.intern("item") && value->kids[0]->type == type &&
      !sharesMemory(value->kids[0]))
    return value->kids[0];
  return exprs.get(Kind::Fill, 0, type, {value, shape});
}

/// Tensors of one value that the host makes, as what kernels make.
Expr *Executor::filledByHost(Expr *e) {
  Operation *op = e->kind == Kind::Op ? e->op() : nullptr;
  if (!isa_and_present<tensor::FromElementsOp, tensor::SplatOp>(op) ||
      e->kids.empty() || isHostType(e->type) ||
      !cast<ShapedType>(e->type).hasStaticShape() || !llvm::all_equal(e->kids))
    return nullptr;
  return filled(e->kids[0], exprs.shape(e), e->type);
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

/// The element of `operand` that the body sees, if it is known.
Expr *Executor::operandElement(KernelBody &body, OpOperand &operand) {
  Expr *e = body.operands[operand.getOperandNumber()];
  auto type = dyn_cast<RankedTensorType>(operand.get().getType());
  if (!type)
    return e;
  if (sharesMemory(e))
    return nullptr;
  Exprs at;
  AffineMap map = body.op.getMatchingIndexingMap(&operand);
  for (AffineExpr result : map.getResults()) {
    if (auto constant = dyn_cast<AffineConstantExpr>(result))
      at.push_back(exprs.constant(IndexType::get(type.getContext()),
                                  constant.getValue()));
    else if (auto dim = dyn_cast<AffineDimExpr>(result))
      at.push_back(body.indices[dim.getPosition()]);
    else
      return nullptr;
    if (!at.back())
      return nullptr;
  }
  Expr *element =
      readOf("item", type.getElementType(), this->element(contents(e), at),
             /*memory=*/nullptr);
  return element->kind == Kind::Read && element->placed ? nullptr
                                                        : resolve(element);
}

/// Finds the scalars of the body that are known.
void Executor::evaluate(KernelBody &body) {
  Block &block = body.op->getRegion(0).front();
  for (OpOperand &operand : body.op->getOpOperands())
    if (!body.op.isDpsInit(&operand) ||
        (body.inits && body.op.payloadUsesValueFromOperand(&operand)))
      if (Expr *e = operandElement(body, operand))
        body.known[body.op.getMatchingBlockArgument(&operand)] = e;
  auto lookup = [&](Value v) -> Expr * {
    if (v.getParentRegion() == &body.op->getRegion(0))
      return body.known.lookup(v);
    Expr *e = value(v);
    return e && isScalar(e) ? contents(e) : nullptr;
  };
  for (Operation &op : block.without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      if (Expr *e = body.indices[index.getDim()])
        body.known[index] = e;
      continue;
    }
    Exprs kids = llvm::map_to_vector<4>(op.getOperands(), lookup);
    if (isa_and_present<arith::ArithDialect>(op.getDialect()) &&
        op.getNumResults() == 1 && !llvm::is_contained(kids, nullptr))
      body.known[op.getResult(0)] = resolve(apply(&op, kids));
  }
}

/// The number of trips of the loops that reduce, as a number of `type`.
Expr *Executor::countOf(KernelBody &body, Type type) {
  Builder b(type.getContext());
  Expr *count = nullptr;
  for (auto [d, iterator] : llvm::enumerate(body.op.getIteratorTypesArray())) {
    if (iterator != utils::IteratorType::reduction)
      continue;
    Expr *size = nullptr;
    for (OpOperand &operand : body.op->getOpOperands()) {
      auto tensor = dyn_cast<RankedTensorType>(operand.get().getType());
      auto at = body.op.getMatchingIndexingMap(&operand).getResultPosition(
          b.getAffineDimExpr(d));
      if (!tensor || !at || size)
        continue;
      Operation *dim = ctx.prototypes.get<tensor::DimOp>(
          b.getIndexType(), {tensor, b.getIndexType()});
      Expr *i = exprs.constant(b.getIndexType(), *at);
      size = dimension(dim, contents(body.operands[operand.getOperandNumber()]),
                       i);
    }
    if (!size)
      return nullptr;
    Type index = b.getIndexType();
    count =
        count ? apply(ctx.prototypes.get<arith::MulIOp>(index, {index, index}),
                      {count, size})
              : size;
  }
  if (count && !type.isIndex())
    count =
        apply(ctx.prototypes.get<arith::IndexCastOp>(type, {b.getIndexType()}),
              count);
  return count;
}

/// A sum of one value over all loops that reduce.
Expr *Executor::sum(KernelBody &body) {
  Block &block = body.op->getRegion(0).front();
  Operation *add = block.getTerminator()->getOperand(0).getDefiningOp();
  OpOperand *init = body.op.getDpsInitOperand(0);
  BlockArgument out = body.op.getMatchingBlockArgument(init);
  if (!isa_and_present<arith::AddIOp>(add) || !out.hasOneUse() ||
      !llvm::is_contained(add->getOperands(), out))
    return nullptr;
  Expr *first = body.known.lookup(out);
  body.known.erase(out);
  Value term = add->getOperand(add->getOperand(0) == out ? 1 : 0);
  Expr *each = term.getParentRegion() == &body.op->getRegion(0)
                   ? body.known.lookup(term)
                   : value(term);
  Type type = out.getType();
  Expr *count = first && each ? countOf(body, type) : nullptr;
  if (!count || placedSize(each, kMaxPlaced) >= kMaxPlaced ||
      dependsOn(each, kEveryIndex))
    return nullptr;
  Expr *product = apply(ctx.prototypes.get<arith::MulIOp>(type, {type, type}),
                        {count, each});
  return apply(ctx.prototypes.get<arith::AddIOp>(type, {type, type}),
               {product, first});
}

/// Whether each result is a tensor whose elements are known; sets `results`.
bool Executor::closedForm(Operation *op, ArrayRef<Expr *> operands,
                          Exprs &results) {
  KernelBody body{cast<linalg::LinalgOp>(op), operands};
  body.inits = true;
  AffineMap map = body.op.getMatchingIndexingMap(body.op.getDpsInitOperand(0));
  for (OpOperand &init : body.op.getDpsInitsMutable())
    if (body.op.getMatchingIndexingMap(&init) != map)
      return false;
  bool reduces = body.op.getNumReductionLoops() != 0;
  if (!sem.isTotal(op) || !map.isProjectedPermutation() ||
      (reduces && op->getNumResults() != 1) ||
      body.op.getNumParallelLoops() != map.getNumResults())
    return false;
  Type index = IndexType::get(op->getContext());
  for (unsigned d = 0, e = body.op.getNumLoops(); d < e; ++d) {
    auto at = map.getResultPosition(getAffineDimExpr(d, op->getContext()));
    if (at.has_value() !=
        (body.op.getIteratorTypesArray()[d] == utils::IteratorType::parallel))
      return false;
    uint64_t place = at ? *at : kEveryIndex;
    body.indices.push_back(exprs.get(Kind::Place, place, index, {}));
  }
  evaluate(body);
  Operation *yield = op->getRegion(0).front().getTerminator();
  for (OpOperand &operand : yield->getOpOperands()) {
    Value v = operand.get();
    Expr *e = reduces                                    ? sum(body)
              : v.getParentRegion() == &op->getRegion(0) ? body.known.lookup(v)
                                                         : value(v);
    if (!e || placedSize(e, kMaxPlaced) >= kMaxPlaced)
      return false;
    unsigned i = operand.getOperandNumber();
    Expr *init = operands[body.op.getDpsInitOperand(i)->getOperandNumber()];
    results.push_back(filled(e, exprs.shape(init), op->getResult(i).getType()));
  }
  return true;
}

/// A structured operation on tensors that no memory has a part in.
void Executor::kernel(Operation *op, ArrayRef<Expr *> operands) {
  Exprs results;
  if (closedForm(op, operands, results)) {
    for (auto [result, e] : llvm::zip(op->getResults(), results))
      set(result, e);
    return;
  }
  KernelBody body{cast<linalg::LinalgOp>(op), operands};
  body.indices.assign(body.op.getNumLoops(), nullptr);
  evaluate(body);
  // One value for each expression, so that it counts once.
  llvm::DenseMap<Expr *, Value> first;
  llvm::DenseMap<Value, Value> known;
  llvm::DenseMap<Value, Expr *> captured;
  auto add = [&](Value v, Expr *e) {
    known[v] = first.try_emplace(e, v).first->second;
    captured[v] = e;
  };
  Region &region = op->getRegion(0);
  for (BlockArgument arg : region.getArguments())
    if (Expr *e = body.known.lookup(arg))
      add(arg, e);
  region.walk([&](Operation *inner) {
    for (Value v : inner->getResults())
      if (Expr *e = body.known.lookup(v))
        add(v, e);
    for (Value v : inner->getOperands())
      if (!region.isAncestor(v.getParentRegion()))
        add(v, contents(value(v)));
  });

  std::vector<uint64_t> words{uint64_t(-12)};
  auto word = [&](Attribute attr) {
    words.push_back(reinterpret_cast<uintptr_t>(attr.getAsOpaquePointer()));
  };
  for (utils::IteratorType type : body.op.getIteratorTypesArray())
    words.push_back(uint64_t(type));
  Exprs kids;
  auto addOperand = [&](OpOperand &operand, Expr *e) {
    word(TypeAttr::get(operand.get().getType()));
    word(AffineMapAttr::get(body.op.getMatchingIndexingMap(&operand)));
    kids.push_back(e);
  };
  for (OpOperand &init : body.op.getDpsInitsMutable()) {
    Expr *e = operands[init.getOperandNumber()];
    addOperand(init, sem.readsShapeOnly(init) ? exprs.shape(e) : contents(e));
  }
  for (OpOperand *input : body.op.getDpsInputOperands())
    if (!body.known.count(body.op.getMatchingBlockArgument(input)))
      addOperand(*input, contents(operands[input->getOperandNumber()]));
  KeyTable::OpKey key = ctx.keys.kernel(op, std::move(words), known);
  for (Value v : key.captures)
    kids.push_back(captured.lookup(v));
  Type type = op->getNumResults() == 1 ? op->getResult(0).getType() : Type();
  Expr *made = make(op, Kind::Kernel, key.key, type, kids);
  if (!sem.isTotal(op))
    addPartial(made, op);
  bindResults(op, made, operands);
}
