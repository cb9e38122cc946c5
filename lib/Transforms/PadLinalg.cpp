//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// PaddingOpInterface of linalg operations. A parallel loop keeps live and
// padded slots apart, so that nothing is masked there, except what may fail or
// fault: checks, indices, divisors, conversions of floats to integers. A
// reduction over padding keeps its accumulator where an iteration isn't live;
// a matrix product gets zeros there, so that it stays a matrix product.
//
//===----------------------------------------------------------------------===//

#include "PaddedLinalg.h"
#include "capstan/Transforms/PaddingModels.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace capstan;

namespace {
template <typename OpT>
struct LinalgModel
    : public PaddingOpInterface::ExternalModel<LinalgModel<OpT>, OpT> {
  LogicalResult rebuildPadded(Operation *op, Padder &padder) const {
    return PaddedLinalg(cast<linalg::LinalgOp>(op), padder).run();
  }
};

/// Contents that are all the same have no layout until somebody uses them.
struct FillModel
    : public PaddingOpInterface::ExternalModel<FillModel, linalg::FillOp> {
  LogicalResult rebuildPadded(Operation *op, Padder &padder) const {
    auto fill = cast<linalg::FillOp>(op);
    if (!op->getNumResults())
      return padder.fail("has buffers");
    PaddedTensor tensor = padder.lookup(fill.output());
    Value value = padder.hostValue(fill.value());
    if (!value)
      return fillOnDevice(fill, padder, tensor);
    if (!tensor.isFree())
      return PaddedLinalg(fill, padder).run();
    tensor.fill = value;
    Attribute constant;
    if (matchPattern(fill.value(), m_Constant(&constant)))
      tensor.states.assign(tensor.layouts.size(), constant);
    return padder.define(op->getResult(0), tensor);
  }

  /// With a size, or a value that was read.
  static LogicalResult fillOnDevice(linalg::FillOp fill, Padder &padder,
                                    PaddedTensor tensor) {
    if (tensor.isFree())
      tensor.value = padder.materialize(
          tensor, getElementTypeOrSelf(fill.output().getType()),
          tensor.layouts);
    PaddedGeneric generic(padder, fill.getLoc(), tensor.layouts, {},
                          tensor.value);
    Value value = generic.hostValue(fill.value());
    if (!value)
      return padder.fail("takes a host value that the device doesn't know");
    unsigned rank = tensor.layouts.size();
    SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
    auto made = generic.finish(
        value, generic.body().getMultiDimIdentityMap(rank), loops);
    if (!made)
      return failure();
    tensor.value = made.getResult(0);
    tensor.fill = {};
    tensor.states.assign(rank, {});
    return padder.define(fill->getResult(0), tensor);
  }
};

template <typename... OpTs> void attach(MLIRContext *context) {
  (OpTs::template attachInterface<LinalgModel<OpTs>>(*context), ...);
}
} // namespace

void capstan::registerLinalgPaddingModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    linalg::FillOp::attachInterface<FillModel>(*context);
    attach<
#define GET_OP_LIST
#include "mlir/Dialect/Linalg/IR/LinalgStructuredOps.cpp.inc"
        >(context);
  });
}
