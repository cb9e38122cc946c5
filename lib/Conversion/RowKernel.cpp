//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "RowKernel.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/GPU/Utils/GPUUtils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include <numeric>

using namespace mlir;
using namespace capstan;

static constexpr int64_t warp = 32;
static constexpr int64_t blockSize = 256;

/// A vector of a row or of a part of one; those of one element are numbers.
static VectorType rowType(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector && vector.getNumElements() > 1 ? vector : VectorType();
}

/// Whether the place of a transfer is that of the row.
static bool isOfRow(VectorTransferOpInterface op) {
  return llvm::any_of(op.getIndices().drop_back(), [](Value index) {
    return !matchPattern(index, m_Constant());
  });
}

RowLayout::RowLayout(scf::ForallOp loop) {
  int64_t unit = 0, length = 1, bits = 8, read = 64;
  bool reduces = false;
  auto add = [&](Type type) {
    if (VectorType row = rowType(type)) {
      unit = std::gcd(unit, row.getNumElements());
      length = std::max(length, row.getNumElements());
    }
  };
  loop.getBody()->walk([&](Operation *op) {
    reduces |= isa<vector::ReductionOp>(op);
    llvm::for_each(op->getOperandTypes(), add);
    llvm::for_each(op->getResultTypes(), add);
    if (auto insert = dyn_cast<vector::InsertStridedSliceOp>(op))
      unit = std::gcd(unit, cast<IntegerAttr>(insert.getOffsets()[0]).getInt());
    auto transfer = dyn_cast<VectorTransferOpInterface>(op);
    if (!transfer || !rowType(transfer.getVectorType()) || !isOfRow(transfer))
      return;
    int64_t width = transfer.getShapedType().getElementTypeBitWidth();
    bits = std::max(bits, width);
    if (isa<vector::TransferReadOp>(op))
      read = std::min(read, width);
  });
  unit = std::max<int64_t>(unit, 1);
  // Threads side by side have what lies side by side, also in the widest type:
  // 16 bytes of that.
  chunk = std::gcd(128 / bits, unit);
  int64_t lanes = unit / chunk, all = length / chunk;
  auto largest = [&](int64_t limit) {
    int64_t result = llvm::bit_floor(uint64_t(limit));
    while (lanes % result)
      result /= 2;
    return result;
  };
  // A thread has two pieces or more, so that 32 bytes are on their way to it. A
  // reduction stays in a warp while its threads have registers for the row.
  int64_t pieces = 2 * std::clamp<int64_t>(bits / read, 1, 4);
  if (all <= pieces * warp)
    threads = largest(std::max(all / pieces, std::min<int64_t>(all, 4)));
  else if (reduces)
    threads = largest(all <= 8 * warp ? warp : std::min(all / 2, blockSize));
  else
    threads = largest(std::clamp(all / pieces, warp, blockSize));
  // Two heads of a token read the same of tables.
  bounds = loop.getMixedUpperBound();
  std::optional<int64_t> inner;
  if (bounds.size() > 1)
    inner = getConstantIntValue(bounds.back());
  each = threads < warp && inner && *inner % 2 == 0 ? 2 : 1;
  if (each > 1)
    bounds.back() =
        IntegerAttr::get(IndexType::get(loop.getContext()), *inner / each);
  inWarp = !reduces || threads <= warp;
  rows = inWarp ? blockSize / threads : 1;
}

VectorType RowKernel::pieceType(Type type) const {
  return VectorType::get({layout.chunk},
                         cast<VectorType>(type).getElementType());
}

int64_t RowKernel::numPieces(Type type) const {
  return cast<VectorType>(type).getNumElements() / layout.step();
}

SmallVector<SmallVector<Value>> RowKernel::places(VectorType type,
                                                  ValueRange indices) {
  SmallVector<SmallVector<Value>> result;
  Value lane = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
  lane = arith::MulIOp::create(b, lane, index(layout.chunk));
  for (int64_t i = 0; i < numPieces(type); ++i) {
    SmallVector<Value> place;
    for (Value value : indices)
      place.push_back(map.lookupOrDefault(value));
    Value offset = arith::AddIOp::create(b, lane, index(i * layout.step()));
    place.back() = arith::AddIOp::create(b, place.back(), offset);
    result.push_back(place);
  }
  return result;
}

/// Whether an index is a multiple of a number, whatever the row.
static bool isMultiple(Value index, int64_t number) {
  if (std::optional<int64_t> constant = getConstantIntValue(index))
    return *constant % number == 0;
  // A place in a part.
  if (auto apply = index.getDefiningOp<affine::AffineApplyOp>()) {
    AffineMap map = apply.getAffineMap();
    SmallVector<AffineExpr> operands;
    for (auto [i, operand] : llvm::enumerate(apply.getMapOperands())) {
      AffineExpr expr =
          i < map.getNumDims()
              ? getAffineDimExpr(i, index.getContext())
              : getAffineSymbolExpr(i - map.getNumDims(), index.getContext());
      operands.push_back(isMultiple(operand, number) ? expr * number : expr);
    }
    ArrayRef<AffineExpr> all(operands);
    return map.getResult(0)
        .replaceDimsAndSymbols(all.take_front(map.getNumDims()),
                               all.drop_front(map.getNumDims()))
        .isMultipleOf(number);
  }
  // A place in dimensions that were joined.
  auto joined = index.getDefiningOp<affine::AffineLinearizeIndexOp>();
  if (!joined)
    return false;
  SmallVector<OpFoldResult> basis = joined.getMixedBasis();
  int64_t stride = 1;
  for (Value part : llvm::reverse(joined.getMultiIndex())) {
    if (stride % number != 0 && !isMultiple(part, number))
      return false;
    // There may be no size of the first one.
    if (basis.empty())
      return true;
    std::optional<int64_t> size = getConstantIntValue(basis.pop_back_val());
    stride = size ? stride * *size : 1;
  }
  return true;
}

llvm::MaybeAlign RowKernel::alignment(Value buffer, ValueRange indices) const {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t element = type.getElementTypeBitWidth() / 8;
  SmallVector<int64_t> strides;
  int64_t offset;
  auto fits = [&](int64_t elements) {
    return !ShapedType::isDynamic(elements) && elements % layout.chunk == 0;
  };
  bool aligned = succeeded(type.getStridesAndOffset(strides, offset)) &&
                 fits(offset) &&
                 llvm::all_of(ArrayRef(strides).drop_back(), fits) &&
                 isMultiple(indices.back(), layout.chunk);
  return llvm::MaybeAlign(
      aligned ? std::min<int64_t>(layout.chunk * element, 16) : element);
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
  return pieces[value] = Pieces(numPieces(value.getType()), piece);
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
  for (ArrayRef<Value> place : places(op.getVectorType(), op.getIndices()))
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
    for (auto [value, place] :
         llvm::zip_equal(values, places(op.getVectorType(), op.getIndices())))
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
  if (!layout.inWarp)
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
  pieces[op] = Pieces(numPieces(op.getType()), piece);
  return success();
}

/// Each thread has the same places of the parts as of the row.
LogicalResult RowKernel::insert(vector::InsertStridedSliceOp op) {
  Pieces row = piecesOf(op.getDest()), part = piecesOf(op.getValueToStore());
  if (op.getType().getRank() != 1 || row.empty() || part.empty())
    return op.emitOpError("into a row can't be spread over threads");
  int64_t first = cast<IntegerAttr>(op.getOffsets()[0]).getInt();
  llvm::copy(part, row.begin() + first / layout.step());
  pieces[op] = row;
  return success();
}

LogicalResult RowKernel::elementwise(Operation *op) {
  if (!OpTrait::hasElementwiseMappableTraits(op) || op->getNumResults() != 1)
    return op->emitOpError("on a row can't be spread over threads");
  for (int64_t i = 0, e = numPieces(op->getResult(0).getType()); i < e; ++i) {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      if (!rowType(operand.getType())) {
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
                            [](Type type) { return bool(rowType(type)); }) ||
               llvm::any_of(op->getOperandTypes(),
                            [](Type type) { return bool(rowType(type)); });
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
        spread && !rowType(spread.getSource().getType()))
      return broadcast(spread);
    if (auto part = dyn_cast<vector::InsertStridedSliceOp>(op))
      return insert(part);
    return elementwise(op);
  }
  // What bufferization leaves of a row that was written in its place.
  if (auto copy = dyn_cast<memref::CopyOp>(op);
      copy && copy.getSource() == copy.getTarget())
    return success();
  if (number(op))
    return success();
  if (op->getNumRegions() != 0 ||
      !(isMemoryEffectFree(op) || isa<cf::AssertOp>(op) ||
        hasSingleEffect<MemoryEffects::Read>(op)))
    return op->emitOpError("can't be a part of a kernel of rows");
  b.clone(*op, map);
  return success();
}
