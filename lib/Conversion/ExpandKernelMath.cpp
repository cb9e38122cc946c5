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

#include "capstan/Conversion/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

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

struct ExpandKernelMath
    : public capstan::impl::CapstanExpandKernelMathBase<ExpandKernelMath> {
  void runOnOperation() override {
    func::FuncOp kernel = getOperation();
    if (!kernel->hasAttr("capstan.kernel"))
      return;
    RewritePatternSet patterns(&getContext());
    math::populateExpansionPatterns(patterns, {"fpowi", "rsqrt"});
    // Sine and cosine stay calls: their polynomials are exact for small
    // arguments only, and positions are large.
    populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
      return name == "math.exp" || name == "math.expm1" || name == "math.log" ||
             name == "math.log1p" || name == "math.log2" ||
             name == "math.tanh" || name == "math.erf";
    });
    (void)applyPatternsGreedily(kernel, std::move(patterns));

    kernel.walk([&](arith::ArithFastMathInterface op) {
      arith::FastMathFlags flags = arith::FastMathFlags::contract;
      if (auto add = dyn_cast<arith::AddFOp>(op.getOperation()))
        if (isCarried(add))
          flags = flags | arith::FastMathFlags::reassoc;
      if (auto given = op.getFastMathFlagsAttr())
        flags = flags | given.getValue();
      op->setAttr(op.getFastMathAttrName(),
                  arith::FastMathFlagsAttr::get(&getContext(), flags));
    });
  }
};
} // namespace
