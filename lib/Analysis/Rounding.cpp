//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/Rounding.h"

using namespace mlir;

linalg::GenericOp capstan::elementwiseUser(Value value) {
  if (!value.hasOneUse())
    return {};
  auto op = dyn_cast<linalg::GenericOp>(*value.user_begin());
  if (!op || !op.hasPureTensorSemantics() || op.getNumDpsInits() != 1 ||
      op.getNumParallelLoops() != op.getNumLoops() ||
      !llvm::all_of(op.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isIdentity(); }))
    return {};
  return op;
}

linalg::GenericOp capstan::roundingUser(Value value) {
  linalg::GenericOp op = elementwiseUser(value);
  if (!op || op.getNumDpsInputs() != 1)
    return {};
  Value result = op.getBody()->getTerminator()->getOperand(0);
  auto round = result.getDefiningOp<arith::TruncFOp>();
  return round && round.getIn() == op.getBody()->getArgument(0)
             ? op
             : linalg::GenericOp();
}
