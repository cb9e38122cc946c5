//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Host syncs. What is read is the same expression in all their forms: raised or
// not, alone or in a fetch, at once or started and waited for.
//
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/Capstan.h"
#include "capstan/Verify/Executor.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::verify;
using Kind = Expr::Kind;

/// The elements are known on the host without reading the device.
static bool isHostKnown(Expr *source) {
  if (source->onCpu || (source->type && isHostType(source->type)))
    return true;
  Operation *op = source->kind == Kind::Op ? source->op() : nullptr;
  return op && isa_and_present<TensorType>(source->type) &&
         (isa<tensor::FromElementsOp>(op) ||
          op->hasTrait<OpTrait::ConstantLike>());
}

/// What `read` gives is an element of a constant tensor, maybe sliced or cast.
static bool isOfConstant(Expr *read, Expr *element) {
  return read->isConst() && element->hasValue && !element->isConst();
}

/// The element at `indices` of `slice`, as indices of what it is a slice of;
/// false: that needs arithmetic.
static bool throughSlice(ExprTable &exprs, tensor::ExtractSliceOp op,
                         Expr *slice, SmallVectorImpl<Expr *> &indices) {
  llvm::SmallBitVector dropped = op.getDroppedDims();
  ArrayRef<int64_t> offsets = op.getStaticOffsets();
  ArrayRef<int64_t> strides = op.getStaticStrides();
  Type index = IndexType::get(op.getContext());
  SmallVector<Expr *, 4> composed;
  unsigned kid = 1, kept = 0;
  for (unsigned d = 0; d < offsets.size(); ++d) {
    Expr *offset = ShapedType::isDynamic(offsets[d])
                       ? slice->kids[kid++]
                       : exprs.constant(index, offsets[d]);
    if (dropped.test(d)) {
      composed.push_back(offset);
      continue;
    }
    if (kept >= indices.size())
      return false;
    Expr *i = indices[kept++];
    if (i->isConst() && i->value == 0)
      composed.push_back(offset);
    else if (strides[d] == 1 && offset->isConst() && offset->value == 0)
      composed.push_back(i);
    else if (!ShapedType::isDynamic(strides[d]) && i->isConst() &&
             offset->isConst())
      composed.push_back(
          exprs.constant(index, offset->value + i->value * strides[d]));
    else
      return false;
  }
  indices.assign(composed.begin(), composed.end());
  return true;
}

Expr *Executor::element(Expr *source, ArrayRef<Expr *> at) {
  Exprs indices(at.begin(), at.end());
  for (;;) {
    auto type = dyn_cast_if_present<RankedTensorType>(source->type);
    if (!type || type.getRank() != int64_t(indices.size()))
      break;
    Type index = IndexType::get(type.getContext());
    for (auto [d, i] : llvm::enumerate(indices))
      if (type.getDimSize(d) == 1)
        i = exprs.constant(index, 0); // the only one in bounds
    if (source->kind == Kind::Fill)
      return placed(source->kids[0], indices);
    Operation *op = source->kind == Kind::Op ? source->op() : nullptr;
    if (isa_and_present<tensor::CastOp>(op) &&
        isa<RankedTensorType>(source->kids[0]->type)) {
      source = source->kids[0];
      continue;
    }
    if (auto slice = dyn_cast_if_present<tensor::ExtractSliceOp>(op)) {
      if (!throughSlice(exprs, slice, source, indices))
        break;
      source = source->kids[0];
      continue;
    }
    if (isa_and_present<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op) &&
        type.hasStaticShape() && type.getNumElements() == 1) {
      source = source->kids[0];
      auto from = cast<RankedTensorType>(source->type);
      if (!from.hasStaticShape() || from.getNumElements() != 1)
        break;
      indices.assign(from.getRank(), exprs.constant(index, 0));
      continue;
    }
    if (isa_and_present<tensor::FromElementsOp>(op)) {
      int64_t flat = 0;
      bool good = true;
      for (auto [d, i] : llvm::enumerate(indices)) {
        good &= i->isConst() && i->value >= 0 && i->value < type.getDimSize(d);
        flat = flat * type.getDimSize(d) + i->value;
      }
      if (good)
        return source->kids[flat];
    }
    break;
  }
  if (indices.empty())
    return source;
  auto shaped = dyn_cast_if_present<ShapedType>(source->type);
  Type type = shaped ? shaped.getElementType() : Type();
  indices.insert(indices.begin(), source);
  Expr *e = exprs.get(Kind::Elem, 0, type, indices);
  e->hasValue = source->hasValue;
  e->value = source->value;
  return e;
}

/// The host value of `source` under `conversion`.
Expr *Executor::readOf(StringRef conversion, Type type, Expr *source,
                       Expr *memory) {
  if (conversion == "item" && source->type == type)
    if (source->kind != Kind::Elem && sem.isHostScalar(type))
      return source; // from tensor.from_elements
  if (conversion == "item" && type.isIntOrIndex() && source->hasValue)
    return exprs.constant(type, source->value);
  Exprs kids{source};
  if (memory)
    kids.push_back(memory);
  Expr *e = exprs.get(Kind::Read, ctx.keys.intern(conversion), type, kids);
  e->onCpu = true;
  return e;
}

void Executor::addTransfer(Operation *op, ArrayRef<Expr *> reads) {
  if (reads.empty())
    return;
  TransferRecord record{{}, guard(), {}, op};
  record.reads.assign(reads.begin(), reads.end());
  record.loops.assign(loops.begin(), loops.end());
  records.transfers.push_back(std::move(record));
  ++counts.transfers;
  counts.values += reads.size();
}

/// The host value of `source` of a foreign type, if it is known; such a read is
/// a sync all the same. Null if it is not.
Expr *Executor::constantRead(StringRef conversion, Type type, Expr *source) {
  auto host = dyn_cast<OpaqueType>(type);
  if (!host || !source->hasValue)
    return nullptr;
  bool isBool = host.getTypeData() == "bool";
  if (isBool ? conversion == "bool"
             : host.getTypeData() == "int" &&
                   (conversion == "int" || conversion == "item"))
    return exprs.constant(type, isBool ? source->value != 0 : source->value);
  return nullptr;
}

/// Value `i` of a fetch or fetch.start; adds what is read to `reads`.
Expr *Executor::fetched(Operation *op, unsigned i, Exprs &reads) {
  auto start = dyn_cast<FetchStartOp>(op);
  Type type = start ? start.getFuture().getType().getTypes()[i]
                    : op->getResult(i).getType();
  auto conversions = op->getAttrOfType<ArrayAttr>("conversions");
  StringRef conversion = cast<StringAttr>(conversions[i]).getValue();
  Expr *source = value(op->getOperand(i));
  if (!source)
    return nullptr;
  bool onDevice = !isHostKnown(source);
  Expr *memory = source->holdsMemory ? version(source) : nullptr;
  source = held(source);
  auto tensor = dyn_cast<RankedTensorType>(op->getOperand(i).getType());
  if (tensor && conversion == "item") {
    Exprs zeros(tensor.getRank(),
                exprs.constant(IndexType::get(op->getContext()), 0));
    source = element(source, zeros);
  }
  Expr *e = readOf(conversion, type, source, memory);
  if (!e->ops[side])
    e->ops[side] = op;
  if (onDevice && !isOfConstant(e, source))
    reads.push_back(e);
  Expr *known = constantRead(conversion, type, source);
  return known ? known : e;
}

bool Executor::wait(Operation *op) {
  Expr *future = value(op->getOperand(0));
  if (!future || future->kind != Kind::Future)
    return fail(op, "can't tell which fetch.start this waits for");
  FutureState &f = futures[future];
  if (f.loops != loops.size())
    return fail(op, "waits in a loop for a fetch that was started outside");
  for (const Guard *other : f.waits)
    if (!other->excludes(*guard()))
      return fail(op, "may wait for the same future again");
  f.waits.push_back(guard());
  for (auto [result, e] : llvm::zip(op->getResults(), future->kids))
    set(result, e);
  return true;
}

/// Executes `op` if it is a read of the kinds that may be host syncs.
std::optional<bool> Executor::read(Operation *op) {
  if (isa<FetchWaitOp>(op))
    return wait(op);
  if (isa<FetchOp, FetchStartOp>(op)) {
    Exprs values, reads;
    for (unsigned i = 0, e = op->getNumOperands(); i < e; ++i) {
      Expr *v = fetched(op, i, reads);
      if (!v)
        return fail(op, "source that is not known here");
      values.push_back(v);
    }
    addTransfer(op, reads);
    if (isa<FetchOp>(op)) {
      for (auto [result, e] : llvm::zip(op->getResults(), values))
        set(result, e);
      return true;
    }
    Expr *future = exprs.get(Kind::Future, ++ctx.instances,
                             op->getResult(0).getType(), values);
    futures[future] = {loops.size(), {}};
    set(op->getResult(0), future);
    return true;
  }
  if (isa<ItemOp, tensor::ExtractOp, memref::LoadOp>(op)) {
    Expr *source = value(op->getOperand(0));
    Exprs indices;
    bool constant = true;
    for (Value v : op->getOperands().drop_front()) {
      indices.push_back(value(v));
      if (!indices.back())
        return fail(op, "index that is not known here");
      constant &= indices.back()->isConst();
    }
    if (!source)
      return fail(op, "source that is not known here");
    Expr *memory = source->holdsMemory ? version(source) : nullptr;
    bool onDevice = !isHostKnown(source);
    source = element(held(source), indices);
    Expr *e = readOf("item", op->getResult(0).getType(), source, memory);
    if (!e->ops[side])
      e->ops[side] = op;
    if (onDevice && !isOfConstant(e, source))
      addTransfer(op, e);
    if (!constant)
      addPartial(e, op); // out of bounds
    set(op->getResult(0), e);
    return true;
  }
  if (sem.kind(op) != OpKind::HostSync)
    return std::nullopt;
  std::optional<SyncInfo> info = sem.syncInfo(op);
  if (!info || info->sources.size() != 1 || op->getNumRegions() ||
      !info->blocking)
    return fail(op, "host sync of an unknown form");
  Expr *source = value(info->sources[0]->get());
  if (!source)
    return fail(op, "source that is not known here");
  bool onDevice = !isHostKnown(source);
  // Results that stay on the device, or are storage, are values of the op.
  bool storage = llvm::any_of(op->getResultTypes(),
                              [&](Type t) { return sem.isMemory(t); });
  if (!info->hostKnownSizes || storage) {
    if (!generic(op))
      return false;
    Exprs reads;
    for (Value result : op->getResults())
      if (onDevice && reads.empty())
        reads.push_back(readOf(info->conversions[0], result.getType(),
                               contents(env.lookup(result)), nullptr));
    addTransfer(op, reads);
    return true;
  }
  Expr *memory = source->holdsMemory ? version(source) : nullptr;
  source = held(source);
  Exprs reads;
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    Expr *e = readOf(info->conversions[i], result.getType(), source, memory);
    if (!e->ops[side])
      e->ops[side] = op;
    if (onDevice)
      reads.push_back(e);
    Expr *known = constantRead(info->conversions[i], result.getType(), source);
    set(result, known ? known : e);
  }
  addTransfer(op, reads);
  return true;
}
