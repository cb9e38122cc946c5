//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// f8E4M3FN in memory: 4 bits of exponent with a bias of 7, 3 of mantissa, no
// infinities, and one NaN of each sign, 0x7f.
//
//===----------------------------------------------------------------------===//

#include "ElementBuilder.h"
#include "ExpandFunctions.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace {

struct BitBuilder : capstan::ElementBuilder {
  using ElementBuilder::ElementBuilder;

  Value bits(uint32_t value) {
    return constant(getI32IntegerAttr(static_cast<int32_t>(value)));
  }
  Value add(Value x, uint32_t y) {
    return arith::AddIOp::create(*this, x, bits(y));
  }
  Value mask(Value x, uint32_t y) {
    return arith::AndIOp::create(*this, x, bits(y));
  }
  Value left(Value x, uint32_t y) {
    return arith::ShLIOp::create(*this, x, bits(y));
  }
  Value right(Value x, uint32_t y) {
    return arith::ShRUIOp::create(*this, x, bits(y));
  }
  /// `then` where x is less than y as unsigned numbers.
  Value below(Value x, uint32_t y, Value then, Value otherwise) {
    Value is =
        arith::CmpIOp::create(*this, arith::CmpIPredicate::ult, x, bits(y));
    return arith::SelectOp::create(*this, is, then, otherwise);
  }
  Value toFloat(Value x) {
    return arith::BitcastOp::create(*this, like(getF32Type()), x);
  }
  Value toBits(Value x) {
    return arith::BitcastOp::create(*this, like(getI32Type()), x);
  }
};

bool isFloat8(Type type) {
  return isa<Float8E4M3FNType>(getElementTypeOrSelf(type));
}

struct ExpandExtend : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &rewriter) const override {
    if (!isFloat8(op.getIn().getType()))
      return failure();
    BitBuilder b(op, rewriter);
    Value code = arith::BitcastOp::create(b, b.like(b.getI8Type()), op.getIn());
    code = arith::ExtUIOp::create(b, b.like(b.getI32Type()), code);
    Value magnitude = b.mask(code, 0x7f);
    Value normal = b.add(b.left(magnitude, 20), uint32_t(127 - 7) << 23);
    // Below 2^-6: multiples of 2^-9.
    Value small = arith::UIToFPOp::create(b, b.like(b.getF32Type()), magnitude);
    small =
        arith::MulFOp::create(b, small, b.constant(b.getF32FloatAttr(0x1p-9f)));
    Value value = b.below(magnitude, 8, b.toBits(small), normal);
    value = b.below(magnitude, 0x7f, value, b.bits(0x7fc00000));
    value = arith::OrIOp::create(b, value, b.left(b.mask(code, 0x80), 24));
    value = b.toFloat(value);
    Type result = getElementTypeOrSelf(op.getType());
    if (result.isF64())
      value = arith::ExtFOp::create(b, op.getType(), value);
    else if (!result.isF32()) // exact
      value = arith::TruncFOp::create(b, op.getType(), value);
    rewriter.replaceOp(op, value);
    return success();
  }
};

/// To nearest even; NaN beyond 464.
struct ExpandRound : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    if (!isFloat8(op.getType()))
      return failure();
    BitBuilder b(op, rewriter);
    Value value = op.getIn();
    Type source = getElementTypeOrSelf(value.getType());
    if (source.isF64())
      value = arith::TruncFOp::create(b, b.like(b.getF32Type()), value);
    else if (!source.isF32())
      value = arith::ExtFOp::create(b, b.like(b.getF32Type()), value);
    Value bits = b.toBits(value), magnitude = b.mask(bits, 0x7fffffff);
    // The sum with 2^14, whose last place is 2^-9, rounds what is below 2^-6.
    constexpr uint32_t power = uint32_t(127 + 14) << 23;
    Value small = arith::AddFOp::create(b, b.toFloat(magnitude),
                                        b.toFloat(b.bits(power)));
    small = b.add(b.toBits(small), -power);
    Value odd = b.mask(b.right(magnitude, 20), 1);
    Value normal = b.add(magnitude, (uint32_t(7 - 127) << 23) + 0x7ffff);
    normal = b.right(arith::AddIOp::create(b, normal, odd), 20);
    Value code = b.below(magnitude, uint32_t(127 - 6) << 23, small, normal);
    code = b.below(magnitude, 0x43f00000 /* 480 */, code, b.bits(0x7f));
    code = arith::OrIOp::create(b, code, b.mask(b.right(bits, 24), 0x80));
    code = arith::TruncIOp::create(b, b.like(b.getI8Type()), code);
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, op.getType(), code);
    return success();
  }
};
} // namespace

void capstan::populateFloat8Patterns(RewritePatternSet &patterns) {
  patterns.add<ExpandExtend, ExpandRound>(patterns.getContext());
}
