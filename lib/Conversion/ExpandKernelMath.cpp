//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Expands math functions in kernels to code that vectorizes.
//
//   %p = math.fpowi %x, %c2 : f32, i64
//   // becomes
//   %p = arith.mulf %x, %x fastmath<contract> : f32
//
//===----------------------------------------------------------------------===//

#include "ExpandFunctions.h"
#include "capstan/Conversion/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANEXPANDKERNELMATH
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

namespace {

/// The operation that carries a reduction on: the memory that it stores to is
/// the memory that it read, in a loop that doesn't move it.
bool isCarried(arith::AddFOp add) {
  for (Operation *user : add->getUsers()) {
    auto store = dyn_cast<memref::StoreOp>(user);
    if (!store)
      continue;
    for (Value operand : add->getOperands()) {
      auto load = operand.getDefiningOp<memref::LoadOp>();
      if (!load || load.getMemRef() != store.getMemRef() ||
          load.getIndices() != store.getIndices())
        continue;
      auto loop = add->getParentOfType<scf::ForOp>();
      if (loop && !llvm::is_contained(store.getIndices(),
                                      Value(loop.getInductionVar())))
        return true;
    }
  }
  return false;
}

/// What a GPU has instructions for, or LLVM expands for it.
bool hasInstruction(Operation *op) {
  if (auto power = dyn_cast<math::Exp2Op>(op))
    return arith::bitEnumContainsAll(power.getFastmath(),
                                     arith::FastMathFlags::afn);
  return isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp,
             math::CountLeadingZerosOp, math::CountTrailingZerosOp,
             math::CtPopOp, math::FloorOp, math::FmaOp, math::RoundEvenOp,
             math::SqrtOp, math::TruncOp>(op);
}

/// Whether all that is made of a number of f32 by arithmetic of f32 is rounded
/// to 16 bits or less, and nobody sees it before.
bool isRounded(Value number) {
  llvm::SetVector<Value> made;
  made.insert(number);
  for (unsigned i = 0; i < made.size(); ++i)
    for (Operation *user : made[i].getUsers()) {
      if (user->getNumResults() != 1)
        return false;
      Type result = getElementTypeOrSelf(user->getResult(0).getType());
      if (isa<arith::TruncFOp>(user) && result.getIntOrFloatBitWidth() <= 16)
        continue;
      if (!result.isF32() || !(OpTrait::hasElementwiseMappableTraits(user) ||
                               isa<vector::BroadcastOp>(user)))
        return false;
      made.insert(user->getResult(0));
    }
  return true;
}

/// What a quotient that is rounded may be: a product, or the GPU's.
arith::FastMathFlags flagsOf(arith::DivFOp op) {
  if (!getElementTypeOrSelf(op.getType()).isF32() || !isRounded(op))
    return arith::FastMathFlags::none;
  return matchPattern(op.getRhs(), m_Constant()) ? arith::FastMathFlags::arcp
                                                 : arith::FastMathFlags::afn;
}

struct ExpandKernelMath
    : public capstan::impl::CapstanExpandKernelMathBase<ExpandKernelMath> {
  using CapstanExpandKernelMathBase::CapstanExpandKernelMathBase;

  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr("capstan.kernel"))
      return;
    RewritePatternSet patterns(&getContext());
    math::populateExpansionPatterns(patterns, {"fpowi", "rsqrt"});
    capstan::populateFloat8Patterns(patterns);
    // Upstream's polynomials of sine and cosine are exact for small arguments
    // only, and positions are large. On the host both stay calls. A GPU has an
    // instruction for powers of two.
    if (gpu) {
      populateMathF32ExpansionPatterns(patterns,
                                       [](StringRef) { return true; });
      capstan::populateFunctionPatterns(patterns);
    }
    populateMathPolynomialApproximationPatterns(patterns, [&](StringRef name) {
      return (name == "math.exp" && !gpu) || name == "math.expm1" ||
             name == "math.log" || name == "math.log1p" ||
             name == "math.log2" || name == "math.tanh" || name == "math.erf";
    });
    (void)applyPatternsGreedily(kernel, std::move(patterns));
    if (gpu &&
        kernel
            .walk([](Operation *op) {
              if (!isa_and_present<math::MathDialect>(op->getDialect()) ||
                  hasInstruction(op))
                return WalkResult::advance();
              op->emitOpError("of ") << op->getResultTypes().front()
                                     << " has no lowering on a GPU";
              return WalkResult::interrupt();
            })
            .wasInterrupted())
      return signalPassFailure();

    kernel.walk([&](arith::ArithFastMathInterface op) {
      arith::FastMathFlags flags = arith::FastMathFlags::contract;
      if (auto add = dyn_cast<arith::AddFOp>(op.getOperation()))
        if (isCarried(add))
          flags = flags | arith::FastMathFlags::reassoc;
      if (auto quotient = dyn_cast<arith::DivFOp>(op.getOperation()))
        if (gpu)
          flags = flags | flagsOf(quotient);
      if (auto given = op.getFastMathFlagsAttr())
        flags = flags | given.getValue();
      op->setAttr(op.getFastMathAttrName(),
                  arith::FastMathFlagsAttr::get(&getContext(), flags));
    });
  }
};
} // namespace
