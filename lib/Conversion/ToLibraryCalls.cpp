//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Gives matrix products to the runtime's library.
//
//   %wt = linalg.transpose ins(%w : ...) outs(...) permutation = [1, 0]
//   %z = linalg.fill ins(%zero : f32) outs(%init : ...)
//   %y = linalg.matmul ins(%x, %wt : ...) outs(%z : ...)
//   // becomes
//   %y = capstan.gemm ins(%x, %w : ...) outs(%init : ...) {transpose_b}
//
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANTOLIBRARYCALLS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {

/// Whether an operand with this map is transposed, if its matrices run over
/// loops `row` and `column` (after the batch); nullopt if they don't.
std::optional<bool> isTransposed(AffineMap map, unsigned batch, unsigned row,
                                 unsigned column) {
  if (map.getNumResults() != batch + 2)
    return std::nullopt;
  SmallVector<int64_t> loops;
  for (AffineExpr expr : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim)
      return std::nullopt;
    loops.push_back(dim.getPosition());
  }
  if (batch && loops[0] != 0)
    return std::nullopt;
  if (loops[batch] == row && loops[batch + 1] == column)
    return false;
  if (loops[batch] == column && loops[batch + 1] == row)
    return true;
  return std::nullopt;
}

/// Looks through transposes of the matrices of a value.
Value lookThrough(Value value, bool &transposed, unsigned &count) {
  while (auto op = value.getDefiningOp<linalg::TransposeOp>()) {
    ArrayRef<int64_t> permutation = op.getPermutation();
    if (permutation != ArrayRef<int64_t>{1, 0} &&
        permutation != ArrayRef<int64_t>{0, 2, 1})
      break;
    transposed = !transposed;
    value = op.getInput();
    ++count;
  }
  return value;
}

struct ToLibraryCalls
    : public capstan::impl::CapstanToLibraryCallsBase<ToLibraryCalls> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> products;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (isa<linalg::MatmulOp, linalg::BatchMatmulOp>(op.getOperation()) &&
          op.hasPureTensorSemantics())
        products.push_back(op);
    });
    for (linalg::LinalgOp op : products)
      convert(op);
  }

  void convert(linalg::LinalgOp op) {
    Value a = op->getOperand(0), b = op->getOperand(1), c = op->getOperand(2);
    Type element = getElementTypeOrSelf(c);
    if (!element.isF32() && !element.isF64())
      return;
    if (getElementTypeOrSelf(a) != element ||
        getElementTypeOrSelf(b) != element)
      return;
    unsigned batch = isa<linalg::BatchMatmulOp>(op.getOperation()) ? 1 : 0;
    unsigned m = batch, n = batch + 1, k = batch + 2;
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    std::optional<bool> ta = isTransposed(maps[0], batch, m, k);
    std::optional<bool> tb = isTransposed(maps[1], batch, k, n);
    std::optional<bool> tc = isTransposed(maps[2], batch, m, n);
    if (!ta || !tb || !tc || *tc)
      return;
    unsigned transposes = 0;
    a = lookThrough(a, *ta, transposes);
    b = lookThrough(b, *tb, transposes);
    bool accumulate = true;
    if (auto fill = c.getDefiningOp<linalg::FillOp>())
      if (matchPattern(fill.getInputs().front(), m_AnyZeroFloat())) {
        c = fill.getOutputs().front();
        accumulate = false;
      }
    OpBuilder builder(op);
    auto gemm = GemmOp::create(builder, op.getLoc(), op->getResultTypes(), a, b,
                               c, *ta, *tb, accumulate);
    op->replaceAllUsesWith(gemm);
    op->erase();
    numTransposes += transposes;
    ++numGemms;
  }
};
} // namespace
