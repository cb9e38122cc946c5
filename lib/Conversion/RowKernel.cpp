//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "RowKernel.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/GPU/Utils/GPUUtils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace capstan;

static constexpr int64_t warp = 32;
static constexpr int64_t blockSize = 256;

RowLayout::RowLayout(scf::ForallOp loop, int64_t length) : length(length) {
  int64_t bits = 64;
  bool reduces = false;
  loop.walk([&](Operation *op) {
    reduces |= isa<vector::ReductionOp>(op);
    for (Type type : op->getOperandTypes())
      if (auto buffer = dyn_cast<MemRefType>(type))
        bits = std::min<int64_t>(bits, buffer.getElementTypeBitWidth());
  });
  chunk = 128 / bits;
  int64_t lanes = length / chunk;
  // A reduction stays in a warp while its threads have registers for the row.
  threads = lanes <= warp ? llvm::bit_floor(uint64_t(lanes)) : warp;
  if (lanes > warp && (!reduces || lanes > 8 * warp))
    for (int64_t more : {64, 128, 256})
      if (lanes % more == 0)
        threads = more;
  while (lanes % threads)
    threads /= 2;
  chunks = lanes / threads;
  rows = threads <= warp ? blockSize / threads : 1;
}

bool RowKernel::isWhole(Type type) const {
  auto vector = dyn_cast<VectorType>(type);
  return vector && vector.getNumElements() == layout.length;
}

VectorType RowKernel::pieceType(Type type) const {
  return VectorType::get({layout.chunk},
                         cast<VectorType>(type).getElementType());
}
SmallVector<SmallVector<Value>> RowKernel::places(ValueRange indices) {
  SmallVector<SmallVector<Value>> result;
  Value lane = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
  lane = arith::MulIOp::create(b, lane, index(layout.chunk));
  for (int64_t i = 0; i < layout.chunks; ++i) {
    SmallVector<Value> place;
    for (Value value : indices)
      place.push_back(map.lookupOrDefault(value));
    Value offset = arith::AddIOp::create(
        b, lane, index(i * layout.threads * layout.chunk));
    place.back() = arith::AddIOp::create(b, place.back(), offset);
    result.push_back(place);
  }
  return result;
}

llvm::MaybeAlign RowKernel::alignment(Value buffer, ValueRange indices) const {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t element = type.getElementTypeBitWidth() / 8;
  SmallVector<int64_t> strides;
  int64_t offset;
  auto fits = [&](int64_t elements) {
    return !ShapedType::isDynamic(elements) && elements % layout.chunk == 0;
  };
  APInt first;
  bool aligned = succeeded(type.getStridesAndOffset(strides, offset)) &&
                 fits(offset) &&
                 llvm::all_of(ArrayRef(strides).drop_back(), fits) &&
                 matchPattern(indices.back(), m_ConstantInt(&first)) &&
                 fits(first.getSExtValue());
  return llvm::MaybeAlign(aligned ? layout.chunk * element : element);
}

RowKernel::Pieces RowKernel::piecesOf(Value value) {
  if (auto known = pieces.find(value); known != pieces.end())
    return known->second;
  // A constant: the same for all.
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat())
    return {};
  Value piece = arith::ConstantOp::create(
      b, DenseElementsAttr::get(pieceType(value.getType()),
                                elements.getSplatValue<Attribute>()));
  return pieces[value] = Pieces(layout.chunks, piece);
}

void RowKernel::storeIfRow(llvm::function_ref<void()> store) {
  OpBuilder::InsertionGuard guard(b);
  if (isRow)
    b.setInsertionPointToStart(
        scf::IfOp::create(b, isRow, /*withElseRegion=*/false).thenBlock());
  store();
}

LogicalResult RowKernel::read(vector::TransferReadOp op) {
  if (!op.getPermutationMap().isMinorIdentity() || op.getMask() ||
      op.hasOutOfBoundsDim())
    return op.emitOpError("of a row isn't contiguous");
  VectorType type = pieceType(op.getVectorType());
  for (ArrayRef<Value> place : places(op.getIndices()))
    pieces[op].push_back(vector::LoadOp::create(
        b, type, map.lookupOrDefault(op.getBase()), place,
        /*nontemporal=*/false, alignment(op.getBase(), op.getIndices())));
  return success();
}

LogicalResult RowKernel::write(vector::TransferWriteOp op) {
  Pieces values = piecesOf(op.getVector());
  if (!op.getPermutationMap().isMinorIdentity() || op.getMask() ||
      op.hasOutOfBoundsDim() || values.empty())
    return op.emitOpError("of a row isn't contiguous");
  storeIfRow([&] {
    for (auto [value, place] : llvm::zip_equal(values, places(op.getIndices())))
      vector::StoreOp::create(
          b, value, map.lookupOrDefault(op.getBase()), place,
          /*nontemporal=*/false, alignment(op.getBase(), op.getIndices()));
  });
  return success();
}

/// The inverse of upstream's conversion.
static std::optional<gpu::AllReduceOperation>
reductionOf(vector::CombiningKind kind) {
  for (uint32_t i = 0; auto op = gpu::symbolizeAllReduceOperation(i); ++i)
    if (gpu::convertReductionKind(*op) == kind)
      return op;
  return std::nullopt;
}

LogicalResult RowKernel::reduce(vector::ReductionOp op) {
  Pieces values = piecesOf(op.getVector());
  auto kind = reductionOf(op.getKind());
  if (values.empty() || !kind)
    return op.emitOpError("of a row can't be spread over threads");
  Value sum = values[0];
  for (Value value : ArrayRef(values).drop_front())
    sum = vector::makeArithReduction(b, b.getLoc(), op.getKind(), sum, value,
                                     op.getFastmathAttr());
  // linalg leaves the order open.
  sum = vector::ReductionOp::create(b, op.getKind(), sum,
                                    arith::FastMathFlags::reassoc);
  if (layout.threads > warp)
    sum = gpu::AllReduceOp::create(
        b, sum, gpu::AllReduceOperationAttr::get(b.getContext(), *kind),
        /*uniform=*/true);
  else if (layout.threads > 1)
    sum = gpu::SubgroupReduceOp::create(
        b, sum, *kind, /*uniform=*/false,
        layout.threads < warp ? std::optional<uint32_t>(layout.threads)
                              : std::nullopt);
  if (op.getAcc())
    sum = vector::makeArithReduction(b, b.getLoc(), op.getKind(), sum,
                                     map.lookupOrDefault(op.getAcc()));
  map.map(op.getResult(), sum);
  return success();
}

LogicalResult RowKernel::broadcast(vector::BroadcastOp op) {
  Value number = map.lookupOrDefault(op.getSource());
  if (auto type = dyn_cast<VectorType>(number.getType())) {
    if (type.getNumElements() != 1)
      return op.emitOpError("to a row isn't of one number");
    number = vector::ExtractOp::create(b, number,
                                       SmallVector<int64_t>(type.getRank(), 0));
  }
  Value piece = vector::BroadcastOp::create(b, pieceType(op.getType()), number);
  pieces[op] = Pieces(layout.chunks, piece);
  return success();
}

LogicalResult RowKernel::elementwise(Operation *op) {
  if (!OpTrait::hasElementwiseMappableTraits(op) || op->getNumResults() != 1)
    return op->emitOpError("on a row can't be spread over threads");
  for (int64_t i = 0; i < layout.chunks; ++i) {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      if (!isWhole(operand.getType())) {
        operands.push_back(map.lookupOrDefault(operand));
        continue;
      }
      Pieces values = piecesOf(operand);
      if (values.empty())
        return op->emitOpError("on a row has an operand of elsewhere");
      operands.push_back(values[i]);
    }
    Operation *piece =
        b.create(op->getLoc(), op->getName().getIdentifier(), operands,
                 pieceType(op->getResult(0).getType()), op->getAttrs());
    pieces[op->getResult(0)].push_back(piece->getResult(0));
  }
  return success();
}

/// Vectors of one element in memory are numbers of the row. All its threads
/// read them, and write the same.
bool RowKernel::number(Operation *op) {
  auto places = [&](ValueRange indices) {
    return llvm::map_to_vector(
        indices, [&](Value value) { return map.lookupOrDefault(value); });
  };
  if (auto read = dyn_cast<vector::TransferReadOp>(op);
      read && read.getVectorType().getNumElements() == 1 && !read.getMask() &&
      !read.hasOutOfBoundsDim()) {
    Value value = memref::LoadOp::create(b, map.lookupOrDefault(read.getBase()),
                                         places(read.getIndices()));
    map.map(read.getResult(),
            vector::BroadcastOp::create(b, read.getVectorType(), value));
    return true;
  }
  auto write = dyn_cast<vector::TransferWriteOp>(op);
  if (!write || write.getVectorType().getNumElements() != 1 ||
      write.getMask() || write.hasOutOfBoundsDim())
    return false;
  // Others may still have to read what was there.
  gpu::BarrierOp::create(b);
  Value value = vector::ExtractOp::create(
      b, map.lookupOrDefault(write.getVector()),
      SmallVector<int64_t>(write.getVectorType().getRank(), 0));
  storeIfRow([&] {
    memref::StoreOp::create(b, value, map.lookupOrDefault(write.getBase()),
                            places(write.getIndices()));
  });
  return true;
}

LogicalResult RowKernel::convert(Operation *op) {
  b.setLoc(op->getLoc());
  bool ofRow = llvm::any_of(op->getResultTypes(),
                            [&](Type type) { return isWhole(type); }) ||
               llvm::any_of(op->getOperandTypes(),
                            [&](Type type) { return isWhole(type); });
  if (ofRow) {
    if (matchPattern(op, m_Constant()))
      return success();
    if (auto read = dyn_cast<vector::TransferReadOp>(op))
      return this->read(read);
    if (auto write = dyn_cast<vector::TransferWriteOp>(op))
      return this->write(write);
    if (auto reduction = dyn_cast<vector::ReductionOp>(op))
      return reduce(reduction);
    if (auto spread = dyn_cast<vector::BroadcastOp>(op);
        spread && !isWhole(spread.getSource().getType()))
      return broadcast(spread);
    return elementwise(op);
  }
  // What bufferization leaves of a row that was written in its place.
  if (auto copy = dyn_cast<memref::CopyOp>(op);
      copy && copy.getSource() == copy.getTarget())
    return success();
  if (number(op))
    return success();
  if (op->getNumRegions() != 0 ||
      !(isMemoryEffectFree(op) || hasSingleEffect<MemoryEffects::Read>(op)))
    return op->emitOpError("can't be a part of a kernel of rows");
  b.clone(*op, map);
  return success();
}

LogicalResult RowKernel::convert(scf::ForallOp loop, IRMapping given,
                                 Value isRow) {
  map = std::move(given);
  this->isRow = isRow;
  for (Operation &op : loop.getBody()->without_terminator())
    if (failed(convert(&op)))
      return failure();
  return success();
}
