//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Lowers cumulative operations of torch-mlir to linalg.
//
//   %sum:2 = "tm_tensor.scan"(%x, %init, %acc) <{dimension = 0 : i64, ...}>
//   ({...})
//   // becomes
//   %sum:2 = linalg.generic {iterator_types = ["reduction"], ...}
//       ins(%x : tensor<?xi64>) outs(%init, %acc : tensor<?xi64>, tensor<i64>)
//
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANLOWERSCANS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

namespace {

/// Why the scan can't be lowered, or null.
const char *unsupported(Operation *scan) {
  if (scan->getNumOperands() != 3 || scan->getNumResults() != 2 ||
      scan->getNumRegions() != 1 || !scan->getRegion(0).hasOneBlock())
    return "expects an input, an init, an accumulator and one block";
  auto type = dyn_cast<RankedTensorType>(scan->getOperand(0).getType());
  auto dimension = scan->getAttrOfType<IntegerAttr>("dimension");
  if (!type || !dimension || dimension.getInt() < 0 ||
      dimension.getInt() >= type.getRank())
    return "expects a ranked tensor and one of its dimensions";
  Block &body = scan->getRegion(0).front();
  if (body.getNumArguments() != 2 || body.back().getNumOperands() != 1)
    return "expects a body with two arguments and one result";
  auto inclusive = scan->getAttrOfType<BoolAttr>("inclusive");
  if (!inclusive)
    return "expects 'inclusive'";
  if (!inclusive.getValue() && !scan->getResult(1).use_empty())
    return "is exclusive, and its accumulator is used";
  return nullptr;
}

void lower(Operation *scan) {
  OpBuilder b(scan);
  Location loc = scan->getLoc();
  auto type = cast<RankedTensorType>(scan->getOperand(0).getType());
  int64_t dimension = scan->getAttrOfType<IntegerAttr>("dimension").getInt();
  bool inclusive = scan->getAttrOfType<BoolAttr>("inclusive").getValue();

  AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  iterators[dimension] = utils::IteratorType::reduction;
  auto generic = linalg::GenericOp::create(
      b, loc, scan->getResultTypes(), scan->getOperands().take_front(1),
      scan->getOperands().drop_front(1),
      ArrayRef<AffineMap>{identity, identity, identity.dropResult(dimension)},
      iterators, [&](OpBuilder &b, Location loc, ValueRange args) {
        Value in = args[0], accumulated = args[2];
        Block &body = scan->getRegion(0).front();
        IRMapping mapping;
        mapping.map(body.getArguments(), ValueRange{accumulated, in});
        // A foreign terminator is an operation like others.
        for (Operation &op : body)
          if (&op != &body.back())
            b.clone(op, mapping);
        Value next = mapping.lookupOrDefault(body.back().getOperand(0));
        if (!inclusive) {
          linalg::YieldOp::create(b, loc, ValueRange{accumulated, next});
          return;
        }
        // The first result is the first element itself.
        Value index = linalg::IndexOp::create(b, loc, dimension);
        Value zero = arith::ConstantIndexOp::create(b, loc, 0);
        Value first = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                            index, zero);
        next = arith::SelectOp::create(b, loc, first, in, next);
        linalg::YieldOp::create(b, loc, ValueRange{next, next});
      });
  scan->replaceAllUsesWith(generic);
  scan->erase();
}

struct LowerScans : public capstan::impl::CapstanLowerScansBase<LowerScans> {
  void runOnOperation() override {
    SmallVector<Operation *> scans;
    getOperation()->walk([&](Operation *op) {
      if (op->getName().getStringRef() == "tm_tensor.scan")
        scans.push_back(op);
    });
    for (Operation *scan : scans) {
      if (const char *reason = unsupported(scan)) {
        scan->emitOpError(reason);
        signalPassFailure();
        continue;
      }
      lower(scan);
      ++numLowered;
    }
  }
};
} // namespace
