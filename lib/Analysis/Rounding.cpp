//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/Rounding.h"

using namespace mlir;

/// The only user, if it is a generic of parallel loops with one result that
/// reads the value and does nothing but arithmetic.
static linalg::GenericOp parallelUser(Value value) {
  if (!value.hasOneUse())
    return {};
  OpOperand &use = *value.use_begin();
  auto op = dyn_cast<linalg::GenericOp>(use.getOwner());
  if (!op || !op.isDpsInput(&use) || !op.hasPureTensorSemantics() ||
      op.getNumDpsInits() != 1 ||
      op.getNumParallelLoops() != op.getNumLoops() ||
      !llvm::all_of(*op.getBody(), [](Operation &one) {
        return one.hasTrait<OpTrait::IsTerminator>() || isPure(&one);
      }))
    return {};
  return op;
}

linalg::GenericOp capstan::elementwiseUser(Value value) {
  linalg::GenericOp op = parallelUser(value);
  if (!op || !llvm::all_of(op.getIndexingMapsArray(),
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

bool capstan::addsInputs(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 2)
    return false;
  Value value = op.getBody()->getTerminator()->getOperand(0);
  bool rounds = false;
  if (auto round = value.getDefiningOp<arith::TruncFOp>()) {
    value = round.getIn();
    rounds = value.getType().isF32();
  }
  auto add = value.getDefiningOp<arith::AddFOp>();
  if (!add)
    return false;
  auto source = [&](Value operand) {
    auto extend = operand.getDefiningOp<arith::ExtFOp>();
    return rounds && extend ? extend.getIn() : operand;
  };
  Value x = source(add.getLhs()), y = source(add.getRhs());
  Block *body = op.getBody();
  return (x == body->getArgument(0) && y == body->getArgument(1)) ||
         (x == body->getArgument(1) && y == body->getArgument(0));
}

linalg::GenericOp capstan::biasUser(Value value, Value &bias) {
  linalg::GenericOp op = parallelUser(value);
  if (!op || !addsInputs(op))
    return {};
  bool first = op.getInputs()[0] == value;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  AffineMap last =
      AffineMap::get(op.getNumLoops(), 0,
                     getAffineDimExpr(op.getNumLoops() - 1, op.getContext()));
  if (maps[first ? 1 : 0] != last || !maps[first ? 0 : 1].isIdentity() ||
      !maps[2].isIdentity())
    return {};
  bias = op.getInputs()[first ? 1 : 0];
  return op;
}
