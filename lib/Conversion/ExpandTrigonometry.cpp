//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ExpandTrigonometry.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace {

/// x = n pi/2 + r with |r| <= pi/4. One rounding of f64 in r, since x is an f32
/// and each product is inside a fused multiply-add.
template <typename Op> struct Expand : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    // A scalar, or a vector of them.
    auto like = [&](Type element) -> Type {
      auto shaped = dyn_cast<ShapedType>(op.getType());
      return shaped ? Type(shaped.clone(element)) : element;
    };
    auto constant = [&](FloatAttr value) -> Value {
      TypedAttr attribute = value;
      if (auto shaped = dyn_cast<ShapedType>(like(value.getType())))
        attribute = DenseElementsAttr::get(shaped, value.getValue());
      return arith::ConstantOp::create(b, attribute);
    };
    auto wide = [&](double value) {
      return constant(b.getF64FloatAttr(value));
    };
    auto narrow = [&](float value) {
      return constant(b.getF32FloatAttr(value));
    };
    auto fma = [&](Value x, Value y, Value z) -> Value {
      return math::FmaOp::create(b, x, y, z);
    };
    auto mul = [&](Value x, Value y) -> Value {
      return arith::MulFOp::create(b, x, y);
    };
    Value x = arith::ExtFOp::create(b, like(b.getF64Type()), op.getOperand());
    // 2/pi, and pi/2 as the sum of two f64.
    Value n = math::RoundEvenOp::create(b, mul(x, wide(0x1.45f306dc9c883p-1)));
    Value r = fma(n, wide(-0x1.921fb54442d18p+0), x);
    r = fma(n, wide(-0x1.1a62633145c07p-54), r);
    r = arith::TruncFOp::create(b, op.getType(), r);

    // Minimax polynomials on [-pi/4, pi/4]: those of the Cephes library's
    // sinf.c and cosf.c.
    Value z = mul(r, r);
    Value sine = fma(z, narrow(-1.9515295891e-4f), narrow(8.3321608736e-3f));
    sine = fma(z, sine, narrow(-1.6666654611e-1f));
    sine = fma(mul(z, r), sine, r);
    Value cosine =
        fma(z, narrow(2.443315711809948e-5f), narrow(-1.388731625493765e-3f));
    cosine = fma(z, cosine, narrow(4.166664568298827e-2f));
    cosine = fma(mul(z, z), cosine, fma(z, narrow(-0.5f), narrow(1.0f)));

    // The quadrant, n modulo 4. It stays an f64: n may be larger than any int.
    if constexpr (std::is_same_v<Op, math::CosOp>)
      n = arith::AddFOp::create(b, n, wide(1));
    Value quarter = math::FloorOp::create(b, mul(n, wide(0.25)));
    Value quadrant = fma(quarter, wide(-4), n);
    auto is = [&](arith::CmpFPredicate predicate, double value) -> Value {
      return arith::CmpFOp::create(b, predicate, quadrant, wide(value));
    };
    Value odd = arith::OrIOp::create(b, is(arith::CmpFPredicate::OEQ, 1),
                                     is(arith::CmpFPredicate::OEQ, 3));
    Value result = arith::SelectOp::create(b, odd, cosine, sine);
    Value negated = arith::NegFOp::create(b, result);
    rewriter.replaceOpWithNewOp<arith::SelectOp>(
        op, is(arith::CmpFPredicate::OGE, 2), negated, result);
    return success();
  }
};
} // namespace

void capstan::populateTrigonometryPatterns(RewritePatternSet &patterns) {
  patterns.add<Expand<math::SinOp>, Expand<math::CosOp>>(patterns.getContext());
}
