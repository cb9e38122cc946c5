//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Makes each deallocation one of a single buffer.
//
//   bufferization.dealloc (%a, %b : ...) if (%ca, %cb) retain (%r : ...)
//   // becomes, with comparisons of pointers,
//   bufferization.dealloc (%a : ...) if (%fa)
//   bufferization.dealloc (%b : ...) if (%fb)
//
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANSPLITDEALLOCATIONS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

namespace {

/// Buffer `i` is freed if its condition holds, no buffer before it that is
/// freed is the same, and none that is retained.
void split(bufferization::DeallocOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  auto pointers = [&](ValueRange buffers) {
    return llvm::map_to_vector(buffers, [&](Value buffer) -> Value {
      return memref::ExtractAlignedPointerAsIndexOp::create(b, loc, buffer);
    });
  };
  auto compare = [&](arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(b, loc, predicate, x, y);
  };
  SmallVector<Value> freed = pointers(op.getMemrefs());
  SmallVector<Value> retained = pointers(op.getRetained());
  for (auto [i, result] : llvm::enumerate(op.getUpdatedConditions())) {
    Value owned = arith::ConstantIntOp::create(b, loc, 0, 1);
    for (auto [pointer, condition] : llvm::zip(freed, op.getConditions())) {
      Value same = compare(arith::CmpIPredicate::eq, pointer, retained[i]);
      same = arith::AndIOp::create(b, loc, same, condition);
      owned = arith::OrIOp::create(b, loc, owned, same);
    }
    result.replaceAllUsesWith(owned);
  }
  for (auto [i, buffer] : llvm::enumerate(op.getMemrefs())) {
    Value condition = op.getConditions()[i];
    for (Value pointer : retained)
      condition = arith::AndIOp::create(
          b, loc, condition,
          compare(arith::CmpIPredicate::ne, freed[i], pointer));
    for (size_t j = 0; j < i; ++j) {
      Value same = compare(arith::CmpIPredicate::eq, freed[i], freed[j]);
      same = arith::AndIOp::create(b, loc, same, op.getConditions()[j]);
      Value no = arith::ConstantIntOp::create(b, loc, 0, 1);
      condition = arith::AndIOp::create(
          b, loc, condition, compare(arith::CmpIPredicate::eq, same, no));
    }
    bufferization::DeallocOp::create(b, loc, TypeRange(), buffer, condition,
                                     ValueRange());
  }
  op.erase();
}

struct SplitDeallocations
    : public capstan::impl::CapstanSplitDeallocationsBase<SplitDeallocations> {
  void runOnOperation() override {
    SmallVector<bufferization::DeallocOp> ops;
    getOperation()->walk([&](bufferization::DeallocOp op) {
      // Upstream lowers one buffer without a table in memory.
      if (op.getMemrefs().size() > 1)
        ops.push_back(op);
    });
    for (bufferization::DeallocOp op : ops)
      split(op);
  }
};
} // namespace
