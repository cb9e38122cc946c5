//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Lowers expansions that have several computed sizes in one group.
//
//   %r = memref.expand_shape %m [[0, 1]] output_shape [%a, %b]
//       : memref<?xf32> into memref<?x?xf32>
//   // becomes
//   %r = memref.reinterpret_cast %base to offset: [0], sizes: [%a, %b],
//   strides: [%b, 1]
//
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANLOWEREXPANDSHAPES
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

namespace {

/// Upstream infers one computed size of a group from the others.
bool isLeftByUpstream(memref::ExpandShapeOp op) {
  for (const ReassociationIndices &group : op.getReassociationIndices())
    if (llvm::count_if(group, [&](int64_t i) {
          return op.getResultType().isDynamicDim(i);
        }) > 1)
      return true;
  return false;
}

void lower(memref::ExpandShapeOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  auto metadata = memref::ExtractStridedMetadataOp::create(b, loc, op.getSrc());
  SmallVector<OpFoldResult> sizes = op.getMixedOutputShape();
  SmallVector<OpFoldResult> strides(sizes.size());
  auto [known, offset] = op.getResultType().getStridesAndOffset();
  for (auto [i, group] : llvm::enumerate(op.getReassociationIndices())) {
    Value stride = metadata.getStrides()[i];
    for (int64_t dim : llvm::reverse(group)) {
      strides[dim] = ShapedType::isDynamic(known[dim])
                         ? OpFoldResult(stride)
                         : OpFoldResult(b.getIndexAttr(known[dim]));
      Value size = isa<Value>(sizes[dim])
                       ? cast<Value>(sizes[dim])
                       : Value(arith::ConstantIndexOp::create(
                             b, loc, *getConstantIntValue(sizes[dim])));
      stride = b.createOrFold<arith::MulIOp>(loc, stride, size);
    }
  }
  OpFoldResult start = ShapedType::isDynamic(offset)
                           ? OpFoldResult(metadata.getOffset())
                           : OpFoldResult(b.getIndexAttr(offset));
  auto view = memref::ReinterpretCastOp::create(b, loc, op.getResultType(),
                                                metadata.getBaseBuffer(), start,
                                                sizes, strides);
  op.replaceAllUsesWith(view.getResult());
  op.erase();
}

struct LowerExpandShapes
    : public capstan::impl::CapstanLowerExpandShapesBase<LowerExpandShapes> {
  void runOnOperation() override {
    SmallVector<memref::ExpandShapeOp> ops;
    getOperation()->walk([&](memref::ExpandShapeOp op) {
      if (isLeftByUpstream(op))
        ops.push_back(op);
    });
    for (memref::ExpandShapeOp op : ops)
      lower(op);
  }
};
} // namespace
