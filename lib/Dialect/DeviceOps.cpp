//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Verifiers and effects of the operations that put work on the device.
//
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/Capstan.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace capstan;

using EffectList = SmallVectorImpl<MemoryEffects::EffectInstance>;

/// Buffers are read, and those of results written.
static void addEffects(DestinationStyleOpInterface op, EffectList &effects,
                       bool readsInits) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<BaseMemRefType>(operand.get().getType()))
      continue;
    bool isInit = op.isDpsInit(&operand);
    if (!isInit || readsInits)
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (isInit)
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}

//===----------------------------------------------------------------------===//
// gemm
//===----------------------------------------------------------------------===//

MutableOperandRange GemmOp::getDpsInitsMutable() { return getCMutable(); }

void GemmOp::getEffects(EffectList &effects) {
  addEffects(*this, effects, /*readsInits=*/getAccumulate());
}

LogicalResult GemmOp::verify() {
  auto a = cast<ShapedType>(getA().getType());
  auto b = cast<ShapedType>(getB().getType());
  auto c = cast<ShapedType>(getC().getType());
  for (ShapedType type : {a, b, c}) {
    if (!type.hasRank() || type.getRank() != c.getRank() ||
        (c.getRank() != 2 && c.getRank() != 3))
      return emitOpError("operands must all have rank 2, or all rank 3");
    if (isHostType(type))
      return emitOpError("operands must be on the device");
  }
  Type element = a.getElementType(), result = c.getElementType();
  bool isF8 = isa<Float8E4M3FNType>(element);
  bool widens = element.getIntOrFloatBitWidth() == 16 && result.isF32();
  if (!isa<FloatType>(element) || b.getElementType() != element ||
      (!isF8 && result != element && !widens))
    return emitOpError(
        "operands must have one floating-point element type, but "
        "for an f32 init of f16 or bf16");
  if (isF8 && !result.isF32() && !result.isF16() && !result.isBF16())
    return emitOpError("an init of f8E4M3FN must be f32, f16 or bf16");
  if (isF8 != bool(getScaleA()) || isF8 != bool(getScaleB()))
    return emitOpError(
        "has scales if a and b are f8E4M3FN, and none otherwise");
  bool isTensor = isa<RankedTensorType>(c);
  for (Value operand : getOperands())
    if (isa<RankedTensorType>(operand.getType()) != isTensor)
      return emitOpError("operands must be all tensors or all memrefs");
  if (getNumResults() != (isTensor ? 1 : 0) ||
      (isTensor && getResultTypes().front() != c))
    return emitOpError("has one result of the type of its init if that is a "
                       "tensor, and none otherwise");

  int64_t batch = c.getRank() - 2;
  auto same = [&](StringRef what, ShapedType x, int64_t i, ShapedType y,
                  int64_t j) -> LogicalResult {
    int64_t p = x.getDimSize(i), q = y.getDimSize(j);
    if (ShapedType::isDynamic(p) || ShapedType::isDynamic(q) || p == q)
      return success();
    return emitOpError("sizes of ")
           << what << " don't match: " << p << " and " << q;
  };
  int64_t ta = getTransposeA() ? 1 : 0, tb = getTransposeB() ? 1 : 0;
  if (batch &&
      (failed(same("batch", a, 0, c, 0)) || failed(same("batch", b, 0, c, 0))))
    return failure();
  if (failed(same("m", a, batch + ta, c, batch)) ||
      failed(same("n", b, batch + 1 - tb, c, batch + 1)) ||
      failed(same("k", a, batch + 1 - ta, b, batch + tb)))
    return failure();
  if (Value bias = getBias()) {
    auto type = cast<ShapedType>(bias.getType());
    if (!type.hasRank() || type.getRank() != 1 || isHostType(type) ||
        type.getElementType() != result)
      return emitOpError("the bias must have rank 1 and the type of the init");
    if (!takesBias(element, result))
      return emitOpError("of ")
             << element << " to " << result << " adds no bias";
    if (failed(same("bias", type, 0, c, batch + 1)))
      return failure();
  }
  if (!isF8)
    return success();
  auto scaleA = cast<ShapedType>(getScaleA().getType());
  auto scaleB = cast<ShapedType>(getScaleB().getType());
  for (ShapedType scale : {scaleA, scaleB})
    if (!scale.hasRank() || !scale.getElementType().isF32() ||
        isHostType(scale) || scale.getRank() != scaleA.getRank() ||
        scale.getRank() > 1)
      return emitOpError("scales must be f32 on the device, both of rank 0 or "
                         "both of rank 1");
  if (scaleA.getRank() == 0)
    return success();
  if (batch)
    return emitOpError("of a batch has one scale for all rows");
  return failure(failed(same("scale_a", scaleA, 0, c, 0)) ||
                 failed(same("scale_b", scaleB, 0, c, 1)));
}

bool GemmOp::takesBias(Type factors, Type result) {
  if (isa<Float8E4M3FNType>(factors))
    return result.isF16() || result.isBF16();
  return !result.isF64();
}

//===----------------------------------------------------------------------===//
// grouped_gemm
//===----------------------------------------------------------------------===//

MutableOperandRange GroupedGemmOp::getDpsInitsMutable() {
  return getCMutable();
}

void GroupedGemmOp::getEffects(EffectList &effects) {
  addEffects(*this, effects, /*readsInits=*/false);
}

LogicalResult GroupedGemmOp::verify() {
  auto type = [](Value value) { return cast<ShapedType>(value.getType()); };
  ShapedType a = type(getA()), b = type(getB()), c = type(getC()),
             offsets = type(getOffsets());
  bool isTensor = isa<RankedTensorType>(c);
  for (ShapedType operand : {a, b, offsets, c}) {
    if (!operand.hasRank() || isHostType(operand))
      return emitOpError("operands must have a rank and be on the device");
    if (isa<RankedTensorType>(operand) != isTensor)
      return emitOpError("operands must be all tensors or all memrefs");
  }
  if (a.getRank() != 2 || b.getRank() != 3 || c.getRank() != 2)
    return emitOpError("a and c must have rank 2, b rank 3");
  if (!isa<FloatType>(c.getElementType()) ||
      a.getElementType() != c.getElementType() ||
      b.getElementType() != c.getElementType())
    return emitOpError("a, b and c must have one floating-point element type");
  if (offsets.getRank() != 1 || !offsets.getElementType().isInteger(32))
    return emitOpError("offsets must have rank 1 and elements of i32");
  if (getNumResults() != (isTensor ? 1 : 0) ||
      (isTensor && getResultTypes().front() != c))
    return emitOpError("has one result of the type of its init if that is a "
                       "tensor, and none otherwise");
  auto same = [](ShapedType x, int64_t i, ShapedType y, int64_t j) {
    int64_t p = x.getDimSize(i), q = y.getDimSize(j);
    return ShapedType::isDynamic(p) || ShapedType::isDynamic(q) || p == q;
  };
  int64_t k = getTransposeB() ? 2 : 1;
  if (!same(offsets, 0, b, 0))
    return emitOpError("there must be an offset for each matrix of b");
  if (!same(a, 0, c, 0) || !same(a, 1, b, k) || !same(b, 3 - k, c, 1))
    return emitOpError("sizes of a, b and c don't match");
  return success();
}

//===----------------------------------------------------------------------===//
// varlen_attention
//===----------------------------------------------------------------------===//

MutableOperandRange VarlenAttentionOp::getDpsInitsMutable() {
  unsigned first = getOutMutable().getOperandNumber();
  return MutableOperandRange(getOperation(), first, getNumOperands() - first);
}

SmallVector<BoundOperand> VarlenAttentionOp::getBoundOperands() {
  unsigned q = getQMutable().getOperandNumber();
  unsigned k = getKMutable().getOperandNumber();
  return {{getMaxQMutable().getOperandNumber(), {{q, 0}}},
          {getMaxKMutable().getOperandNumber(), {{k, 0}}}};
}

void VarlenAttentionOp::getEffects(EffectList &effects) {
  addEffects(*this, effects, /*readsInits=*/false);
}

/// Nobody computes sums that nobody uses.
static LogicalResult dropLogsumexp(VarlenAttentionOp op,
                                   PatternRewriter &rewriter) {
  if (op.getNumResults() != 2 || !op.getResult(1).use_empty())
    return failure();
  auto slim = VarlenAttentionOp::create(
      rewriter, op.getLoc(), TypeRange(op.getOut().getType()),
      op->getOperands().drop_back(), op.getProperties(),
      llvm::to_vector(op->getDiscardableAttrs()));
  rewriter.replaceAllUsesWith(op.getResult(0), slim.getResult(0));
  rewriter.eraseOp(op);
  return success();
}

void VarlenAttentionOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                    MLIRContext *) {
  patterns.add(dropLogsumexp);
}

LogicalResult VarlenAttentionOp::verify() {
  auto type = [](Value value) { return cast<ShapedType>(value.getType()); };
  ShapedType q = type(getQ()), k = type(getK()), v = type(getV()),
             out = type(getOut());
  bool isTensor = isa<RankedTensorType>(out);
  for (Value value : getOperands()) {
    if (isa<IndexType>(value.getType()))
      continue;
    if (!type(value).hasRank() || isHostType(value.getType()))
      return emitOpError("operands must have a rank and be on the device");
    if (isa<RankedTensorType>(value.getType()) != isTensor)
      return emitOpError("operands must be all tensors or all memrefs");
  }
  for (ShapedType operand : {q, k, v, out})
    if (operand.getRank() != 3 ||
        operand.getElementType() != out.getElementType() ||
        !isa<FloatType>(out.getElementType()))
      return emitOpError("q, k, v and the output must have rank 3 and one "
                         "floating-point element type");
  for (Value lengths : {getCuSeqlensQ(), getCuSeqlensK()})
    if (type(lengths).getRank() != 1 ||
        !type(lengths).getElementType().isInteger(32))
      return emitOpError("cu_seqlens must have rank 1 and elements of i32");
  auto same = [](ShapedType a, int64_t i, ShapedType b, int64_t j) {
    int64_t x = a.getDimSize(i), y = b.getDimSize(j);
    return ShapedType::isDynamic(x) || ShapedType::isDynamic(y) || x == y;
  };
  if (!same(q, 2, k, 2))
    return emitOpError("q and k must have the same head_dim");
  if (!same(k, 0, v, 0) || !same(k, 1, v, 1))
    return emitOpError("k and v must have the same tokens and heads");
  if (!same(q, 0, out, 0) || !same(q, 1, out, 1) || !same(v, 2, out, 2))
    return emitOpError("the output must be [tokens_q, heads_q, head_dim_v]");
  if (!same(type(getCuSeqlensQ()), 0, type(getCuSeqlensK()), 0))
    return emitOpError("both cu_seqlens must have the same documents");
  if (!q.isDynamicDim(1) && !k.isDynamicDim(1) &&
      (k.getDimSize(1) == 0 || q.getDimSize(1) % k.getDimSize(1) != 0))
    return emitOpError("heads of q must be a multiple of those of k, got ")
           << q.getDimSize(1) << " and " << k.getDimSize(1);
  if (Value logsumexp = getLogsumexp())
    if (type(logsumexp).getRank() != 2 ||
        !type(logsumexp).getElementType().isF32() ||
        !same(type(logsumexp), 0, q, 1) || !same(type(logsumexp), 1, q, 0))
      return emitOpError("logsumexp must be [heads_q, tokens_q] of f32");
  if (static_cast<int64_t>(getWindowLeft()) < -1 ||
      static_cast<int64_t>(getWindowRight()) < -1)
    return emitOpError("a window is a number of keys, or -1 for all");
  SmallVector<Type> inits;
  if (isTensor)
    for (OpOperand &init : getDpsInitsMutable())
      inits.push_back(init.get().getType());
  if (getResultTypes() != TypeRange(inits))
    return emitOpError("has a result for each init that is a tensor");
  return success();
}

//===----------------------------------------------------------------------===//
// launch
//===----------------------------------------------------------------------===//

void LaunchOp::getEffects(EffectList &effects) {
  for (OpOperand &operand : getOperation()->getOpOperands()) {
    if (!isa<BaseMemRefType>(operand.get().getType()))
      continue;
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
    effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto kernel =
      symbols.lookupNearestSymbolFrom<func::FuncOp>(*this, getKernelAttr());
  if (!kernel || !kernel->hasAttr("capstan.kernel"))
    return emitOpError("'")
           << getKernel() << "' is no function with 'capstan.kernel'";
  SmallVector<Type> expected(getInputs().getTypes());
  Type index = IndexType::get(getContext());
  expected.append({index, index});
  if (kernel.getArgumentTypes() != ArrayRef<Type>(expected))
    return emitOpError("operand types don't match those of kernel '")
           << getKernel() << "'";
  return success();
}
