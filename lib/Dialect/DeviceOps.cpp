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

//===----------------------------------------------------------------------===//
// gemm
//===----------------------------------------------------------------------===//

MutableOperandRange GemmOp::getDpsInitsMutable() { return getCMutable(); }

void GemmOp::getEffects(EffectList &effects) {
  for (OpOperand &operand : getOperation()->getOpOperands()) {
    if (!isa<BaseMemRefType>(operand.get().getType()))
      continue;
    bool isInit =
        operand.get() == getC() &&
        operand.getOperandNumber() == getCMutable().getOperandNumber();
    if (!isInit || getAccumulate())
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (isInit)
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
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
    if (type.getElementType() != c.getElementType() ||
        !isa<FloatType>(type.getElementType()))
      return emitOpError("operands must have one floating-point element type");
  }
  bool isTensor = isa<RankedTensorType>(c);
  if (isa<RankedTensorType>(a) != isTensor ||
      isa<RankedTensorType>(b) != isTensor)
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
