//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Lets LLVM's intrinsics through upstream's conversion to NVVM, which refuses
// those for which CUDA's libdevice has a function; what may be approximate is
// an instruction of the GPU.
//
//   %y = llvm.intr.sqrt(%x) : (f32) -> f32
//   // becomes
//   %y = llvm.call_intrinsic "llvm.sqrt.f32"(%x) : (f32) -> f32
//
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANDEVICEINTRINSICS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

namespace {

/// As LLVM writes a type into a name: f32, v8f32.
std::string suffixOf(Type type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto vector = dyn_cast<VectorType>(type))
    os << "v" << vector.getNumElements();
  os << getElementTypeOrSelf(type);
  return text;
}

/// Calls an intrinsic of f32 that has no form for vectors.
Value callForEach(OpBuilder &b, Location loc, StringRef name,
                  ValueRange operands) {
  auto call = [&](ValueRange scalars) -> Value {
    return LLVM::CallIntrinsicOp::create(b, loc, b.getF32Type(),
                                         b.getStringAttr(name), scalars)
        .getResult(0);
  };
  auto type = dyn_cast<VectorType>(operands[0].getType());
  if (!type)
    return call(operands);
  Value result = LLVM::PoisonOp::create(b, loc, type);
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    Value place = LLVM::ConstantOp::create(b, loc, b.getI64Type(), i);
    auto scalars = llvm::map_to_vector(operands, [&](Value operand) -> Value {
      return LLVM::ExtractElementOp::create(b, loc, operand, place);
    });
    result =
        LLVM::InsertElementOp::create(b, loc, result, call(scalars), place);
  }
  return result;
}

/// The GPU's approximation of a function that may be approximate, or null.
Value approximate(OpBuilder &b, Operation *op) {
  auto flags = dyn_cast<LLVM::FastmathFlagsInterface>(op);
  if (!isa<LLVM::Exp2Op, LLVM::FDivOp>(op) ||
      !getElementTypeOrSelf(op->getResult(0).getType()).isF32() ||
      !bitEnumContainsAll(flags.getFastmathAttr().getValue(),
                          LLVM::FastmathFlags::afn))
    return {};
  auto call = [&](StringRef name, ValueRange operands) {
    return callForEach(b, op->getLoc(), name, operands);
  };
  if (isa<LLVM::Exp2Op>(op))
    return call("llvm.nvvm.ex2.approx.ftz.f32", op->getOperands());
  if (auto root = op->getOperand(1).getDefiningOp<LLVM::SqrtOp>();
      root && matchPattern(op->getOperand(0), m_OneFloat()))
    return call("llvm.nvvm.rsqrt.approx.f", root->getOperands());
  return call("llvm.nvvm.div.full", op->getOperands());
}

/// The upper half of an f32 is a bf16. Of a pair in 32 bits, one is moved, and
/// the other only lacks its neighbor: two operations, where instructions that
/// convert one element need three.
Value widen(OpBuilder &b, LLVM::FPExtOp op) {
  auto type = dyn_cast<VectorType>(op.getType());
  auto narrow = dyn_cast<VectorType>(op.getArg().getType());
  if (!type || !narrow || !narrow.getElementType().isBF16() ||
      !type.getElementType().isF32() || type.getNumElements() % 2 != 0)
    return {};
  Location loc = op.getLoc();
  int64_t half = type.getNumElements() / 2;
  auto words = VectorType::get({half}, b.getI32Type());
  auto number = [&](uint32_t value) -> Value {
    return LLVM::ConstantOp::create(
        b, loc, words, DenseElementsAttr::get(words, APInt(32, value)));
  };
  Value pairs = LLVM::BitcastOp::create(b, loc, words, op.getArg());
  Value first = LLVM::ShlOp::create(b, loc, pairs, number(16));
  Value second = LLVM::AndOp::create(b, loc, pairs, number(0xffff0000));
  SmallVector<int32_t> order;
  for (int64_t i = 0; i < half; ++i)
    order.append({int32_t(i), int32_t(half + i)});
  Value all = LLVM::ShuffleVectorOp::create(b, loc, first, second, order);
  return LLVM::BitcastOp::create(b, loc, type, all);
}

struct DeviceIntrinsics
    : public capstan::impl::CapstanDeviceIntrinsicsBase<DeviceIntrinsics> {
  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      OpBuilder b(op);
      auto extension = dyn_cast<LLVM::FPExtOp>(op);
      Value result = extension ? widen(b, extension) : approximate(b, op);
      if (!result)
        return;
      op->replaceAllUsesWith(ValueRange(result));
      op->erase();
    });
    getOperation().walk([](Operation *op) {
      if (!isa<LLVM::CopySignOp, LLVM::FAbsOp, LLVM::FCeilOp, LLVM::FFloorOp,
               LLVM::FTruncOp, LLVM::RoundEvenOp, LLVM::SqrtOp>(op))
        return;
      OpBuilder b(op);
      Type type = op->getResult(0).getType();
      std::string name;
      llvm::raw_string_ostream(name)
          << "llvm."
          << op->getName().getStringRef().drop_front(strlen("llvm.intr."))
          << "." << suffixOf(type);
      auto call = LLVM::CallIntrinsicOp::create(
          b, op->getLoc(), type, b.getStringAttr(name), op->getOperands());
      op->replaceAllUsesWith(call);
      op->erase();
    });
  }
};
} // namespace
