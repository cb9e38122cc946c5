//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ExpandFunctions.h"
#include "ElementBuilder.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace {

struct MathBuilder : capstan::ElementBuilder {
  using ElementBuilder::ElementBuilder;

  Value wide(double value) { return constant(getF64FloatAttr(value)); }
  Value narrow(float value) { return constant(getF32FloatAttr(value)); }
  Value fma(Value x, Value y, Value z) {
    return math::FmaOp::create(*this, x, y, z);
  }
  Value mul(Value x, Value y) { return arith::MulFOp::create(*this, x, y); }
  /// x, or y if the comparison isn't true.
  Value choose(arith::CmpFPredicate predicate, Value x, Value y) {
    Value is = arith::CmpFOp::create(*this, predicate, x, y);
    return arith::SelectOp::create(*this, is, x, y);
  }
};

/// x = n pi/2 + r with |r| <= pi/4. One rounding of f64 in r, since x is an f32
/// and each product is inside a fused multiply-add.
template <typename Op> struct ExpandWave : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    MathBuilder b(op, rewriter);
    Value x = arith::ExtFOp::create(b, b.like(b.getF64Type()), op.getOperand());
    // Behind this number f64 are integers: the sum's low bits are those of n.
    Value integers = b.wide(0x1.8p+52);
    // 2/pi, and pi/2 as the sum of two f64.
    Value sum = b.fma(x, b.wide(0x1.45f306dc9c883p-1), integers);
    Value n = arith::SubFOp::create(b, sum, integers);
    Value r = b.fma(n, b.wide(-0x1.921fb54442d18p+0), x);
    r = b.fma(n, b.wide(-0x1.1a62633145c07p-54), r);
    r = arith::TruncFOp::create(b, op.getType(), r);

    // Minimax polynomials on [-pi/4, pi/4]: those of the Cephes library's
    // sinf.c and cosf.c.
    Value z = b.mul(r, r);
    Value sine =
        b.fma(z, b.narrow(-1.9515295891e-4f), b.narrow(8.3321608736e-3f));
    sine = b.fma(z, sine, b.narrow(-1.6666654611e-1f));
    sine = b.fma(b.mul(z, r), sine, r);
    Value cosine = b.fma(z, b.narrow(2.443315711809948e-5f),
                         b.narrow(-1.388731625493765e-3f));
    cosine = b.fma(z, cosine, b.narrow(4.166664568298827e-2f));
    cosine =
        b.fma(b.mul(z, z), cosine, b.fma(z, b.narrow(-0.5f), b.narrow(1.0f)));

    // The quadrant, n modulo 4: odd ones have the other function, and the last
    // two the other sign.
    Type i32 = b.like(b.getI32Type());
    Value quadrant = arith::TruncIOp::create(
        b, i32, arith::BitcastOp::create(b, b.like(b.getI64Type()), sum));
    auto number = [&](int32_t value) {
      return b.constant(b.getI32IntegerAttr(value));
    };
    if constexpr (std::is_same_v<Op, math::CosOp>)
      quadrant = arith::AddIOp::create(b, quadrant, number(1));
    Value odd = arith::AndIOp::create(b, quadrant, number(1));
    odd = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, odd, number(0));
    Value result = arith::SelectOp::create(b, odd, cosine, sine);
    Value sign = arith::ShLIOp::create(b, quadrant, number(30));
    sign = arith::AndIOp::create(b, sign, number(int32_t(1u << 31)));
    Value bits = arith::BitcastOp::create(b, i32, result);
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(
        op, op.getType(), arith::XOrIOp::create(b, bits, sign));
    return success();
  }
};

/// x log2(e) = n + f with |f| <= 0.5. n is at least -126 and at most 127, so
/// that 2^n is a normal number; f has the rest of large x, infinities and NaN.
struct ExpandExp : OpRewritePattern<math::ExpOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::ExpOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    MathBuilder b(op, rewriter);
    Value x = op.getOperand();
    // Behind this number floats are integers, and the low byte of it is 127:
    // the sum's low byte is the exponent of 2^n.
    Value integers = b.narrow(0x1.8p+23f + 127);
    // log2(e) as the sum of two f32.
    Value high = b.narrow(0x1.715476p+0f), low = b.narrow(0x1.4ae0cp-26f);
    // Limits that 16 bits don't have: else LLVM compares before it widens.
    Value least = b.narrow(-87.3f), most = b.narrow(88.3f);
    Value c = b.choose(arith::CmpFPredicate::OGT, x, least);
    c = b.choose(arith::CmpFPredicate::OLT, c, most);
    c = b.fma(c, high, integers);
    Value n = arith::SubFOp::create(b, c, integers);
    Value f = b.fma(x, high, arith::NegFOp::create(b, n));
    f = b.fma(x, low, f);
    Value p = math::Exp2Op::create(b, f, arith::FastMathFlags::afn);
    Value bits = arith::BitcastOp::create(b, b.like(b.getI32Type()), c);
    bits = arith::ShLIOp::create(b, bits, b.constant(b.getI32IntegerAttr(23)));
    Value scale = arith::BitcastOp::create(b, op.getType(), bits);
    rewriter.replaceOpWithNewOp<arith::MulFOp>(op, p, scale);
    return success();
  }
};
} // namespace

void capstan::populateFunctionPatterns(RewritePatternSet &patterns) {
  patterns.add<ExpandWave<math::SinOp>, ExpandWave<math::CosOp>, ExpandExp>(
      patterns.getContext());
}
