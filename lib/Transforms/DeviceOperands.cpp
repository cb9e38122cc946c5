//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Transforms/DeviceOperands.h"
#include "capstan/Analysis/HostCode.h"
#include "capstan/Dialect/Capstan.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace capstan;

/// Whether the host reads elements of `tensor`, which the host made, without a
/// sync.
static bool isReadByHost(Semantics &semantics, Value tensor) {
  return llvm::any_of(tensor.getUsers(), [&](Operation *user) {
    return isHostCode(user) && (isa<tensor::ExtractOp>(user) ||
                                semantics.kind(user) == OpKind::HostSync);
  });
}

Operation *DeviceOperands::kernelOf(Semantics &semantics, OpOperand &use) {
  Operation *op = use.getOwner();
  while (!isHostCode(op))
    op = op->getParentOp();
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return structured.hasPureTensorSemantics() ? op : nullptr;
  if (!isa<tensor::FromElementsOp, tensor::SplatOp>(op))
    return nullptr;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  bool fills = type.hasStaticShape() && !isHostType(type) &&
               llvm::all_equal(op->getOperands());
  return fills && !isReadByHost(semantics, op->getResult(0)) ? op : nullptr;
}

/// What of the host values the kernel uses.
SmallVector<Value> DeviceOperands::uses(Operation *kernel) {
  llvm::SetVector<Value> values(kernel->operand_begin(), kernel->operand_end());
  getUsedValuesDefinedAbove(kernel->getRegions(), values);
  return llvm::filter_to_vector(
      values, [&](Value value) { return dependent.contains(value); });
}

bool DeviceOperands::canRewrite(Operation *kernel) {
  return collect(uses(kernel)) &&
         llvm::all_of(operations(),
                      [](Operation *op) {
                        return isa<arith::ArithDialect>(op->getDialect());
                      }) &&
         llvm::all_of(results(), [&](Value result) {
           Value from = source(result);
           return from && isa<RankedTensorType>(from.getType());
         });
}

/// `kernel` as a generic operation whose body captures what it uses.
static linalg::GenericOp toGeneric(IRRewriter &b, Operation *kernel) {
  b.setInsertionPoint(kernel);
  if (auto generic = dyn_cast<linalg::GenericOp>(kernel))
    return generic;
  if (auto named = dyn_cast<linalg::LinalgOp>(kernel))
    return *linalg::generalizeNamedOp(b, named);
  auto type = cast<RankedTensorType>(kernel->getResult(0).getType());
  Location loc = kernel->getLoc();
  Value value = kernel->getOperand(0);
  Value init = tensor::EmptyOp::create(b, loc, type, ValueRange());
  SmallVector<utils::IteratorType> loops(type.getRank(),
                                         utils::IteratorType::parallel);
  auto generic =
      linalg::GenericOp::create(b, loc, type, ValueRange(), init,
                                b.getMultiDimIdentityMap(type.getRank()), loops,
                                [&](OpBuilder &body, Location, ValueRange) {
                                  linalg::YieldOp::create(body, loc, value);
                                });
  b.replaceOp(kernel, generic.getResults());
  return generic;
}

void DeviceOperands::rewrite(Operation *kernel) {
  IRRewriter b(sync->getContext());
  b.setInsertionPoint(sync);
  // The tensor itself, instead of a copy.
  if (auto copy = dyn_cast<tensor::FromElementsOp>(kernel);
      copy && copy.getType().getRank() == 0 &&
      copy->getOperand(0).getDefiningOp() == sync)
    return b.replaceOp(kernel, buildSource(b, copy->getOperand(0)));

  linalg::GenericOp generic = toGeneric(b, kernel);
  Block *body = generic.getBody();
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (OpOperand *input : generic.getDpsInputOperands()) {
    if (dependent.contains(input->get())) {
      body->getArgument(inputs.size()).replaceAllUsesWith(input->get());
      body->eraseArgument(inputs.size());
      continue;
    }
    inputs.push_back(input->get());
    maps.push_back(generic.getMatchingIndexingMap(input));
  }
  SmallVector<Value> used = uses(generic);
  collect(used);
  IRMapping map;
  b.setInsertionPoint(sync);
  for (Value result : results()) {
    map.map(result, body->insertArgument(inputs.size(), result.getType(),
                                         result.getLoc()));
    inputs.push_back(buildSource(b, result));
    maps.push_back(AffineMap::get(generic.getNumLoops(), 0, b.getContext()));
  }
  b.setInsertionPointToStart(body);
  for (Operation *op : operations())
    b.clone(*op, map);
  for (Value value : used)
    value.replaceUsesWithIf(map.lookup(value), [&](OpOperand &use) {
      return generic->isProperAncestor(use.getOwner());
    });

  for (OpOperand &init : generic.getDpsInitsMutable())
    maps.push_back(generic.getMatchingIndexingMap(&init));
  b.setInsertionPoint(generic);
  auto wide = linalg::GenericOp::create(
      b, generic.getLoc(), generic.getResultTypes(), inputs,
      generic.getDpsInits(), maps, generic.getIteratorTypesArray());
  wide->setDiscardableAttrs(generic->getDiscardableAttrDictionary());
  wide.getRegion().takeBody(generic.getRegion());
  b.replaceOp(generic, wide.getResults());
}
