//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// How Capstan's operations bufferize. Host syncs read their sources and give
// host buffers of their own. A fetch reads its sources where it starts: the
// copy stands in the stream before every later write, so that nothing has to
// keep the sources alive or unwritten until the wait.
//
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/BufferizableOpInterfaceImpl.h"
#include "capstan/Dialect/Capstan.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/IR/Dialect.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace capstan;

namespace {

/// The buffer of a host tensor that a sync gives: its own memory, row-major.
Type hostBufferType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return type;
  return MemRefType::get(tensor.getShape(), tensor.getElementType(),
                         MemRefLayoutAttrInterface(), tensor.getEncoding());
}

SmallVector<Type> hostBufferTypes(TypeRange types) {
  return llvm::map_to_vector(types, hostBufferType);
}

/// The operands with buffers in place of tensors.
FailureOr<SmallVector<Value>> buffers(RewriterBase &rewriter,
                                      OperandRange operands,
                                      const BufferizationOptions &options,
                                      BufferizationState &state) {
  SmallVector<Value> result;
  for (Value operand : operands) {
    if (isa<TensorType>(operand.getType())) {
      FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      operand = *buffer;
    }
    result.push_back(operand);
  }
  return result;
}

/// An operation that reads its operands and writes none; tensors that it gives
/// are buffers of its own. `Model::replace` makes it anew with buffers.
template <typename Model, typename OpT>
struct ReadingModel
    : public BufferizableOpInterface::ExternalModel<Model, OpT> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &,
                              const AnalysisState &) const {
    return true;
  }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const AnalysisState &) const {
    return false;
  }
  AliasingValueList getAliasingValues(Operation *, OpOperand &,
                                      const AnalysisState &) const {
    return {};
  }
  bool bufferizesToAllocation(Operation *, Value) const { return true; }
  FailureOr<BufferLikeType> getBufferType(Operation *, Value value,
                                          const BufferizationOptions &,
                                          const BufferizationState &,
                                          SmallVector<Value> &) const {
    return cast<BufferLikeType>(hostBufferType(value.getType()));
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto operands = buffers(rewriter, op->getOperands(), options, state);
    return failed(operands)
               ? failure()
               : Model::replace(rewriter, cast<OpT>(op), *operands);
  }
};

struct ItemModel : public ReadingModel<ItemModel, ItemOp> {
  static LogicalResult replace(RewriterBase &rewriter, ItemOp op,
                               ArrayRef<Value> operands) {
    replaceOpWithNewBufferizedOp<ItemOp>(rewriter, op, op.getType(),
                                         operands.front(),
                                         ValueRange(operands).drop_front());
    return success();
  }
};

struct ToHostModel : public ReadingModel<ToHostModel, ToHostOp> {
  static LogicalResult replace(RewriterBase &rewriter, ToHostOp op,
                               ArrayRef<Value> operands) {
    replaceOpWithNewBufferizedOp<ToHostOp>(
        rewriter, op, hostBufferType(op.getType()), operands.front());
    return success();
  }
};

struct FetchModel : public ReadingModel<FetchModel, FetchOp> {
  static LogicalResult replace(RewriterBase &rewriter, FetchOp op,
                               ArrayRef<Value> operands) {
    replaceOpWithNewBufferizedOp<FetchOp>(rewriter, op,
                                          hostBufferTypes(op.getResultTypes()),
                                          operands, op.getConversions());
    return success();
  }
};

struct FetchStartModel : public ReadingModel<FetchStartModel, FetchStartOp> {
  static LogicalResult replace(RewriterBase &rewriter, FetchStartOp start,
                               ArrayRef<Value> operands) {
    auto type = FutureType::get(
        start.getContext(),
        hostBufferTypes(start.getFuture().getType().getTypes()));
    auto started = FetchStartOp::create(rewriter, start.getLoc(), type,
                                        operands, start.getConversions());
    // The future's type says what its wait gives, so both change together.
    for (Operation *user : llvm::make_early_inc_range(start->getUsers())) {
      auto wait = dyn_cast<FetchWaitOp>(user);
      if (!wait)
        return user->emitOpError("uses a future in a way that has no lowering");
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPoint(wait);
      auto waited =
          FetchWaitOp::create(rewriter, wait.getLoc(),
                              hostBufferTypes(wait.getResultTypes()), started);
      replaceOpWithBufferizedValues(rewriter, wait, waited.getResults());
    }
    rewriter.replaceOp(start, started);
    return success();
  }
};

struct FetchWaitModel : public ReadingModel<FetchWaitModel, FetchWaitOp> {
  LogicalResult bufferize(Operation *, RewriterBase &,
                          const BufferizationOptions &,
                          BufferizationState &) const {
    return success(); // with its start
  }
};

struct DeviceCheckModel : public ReadingModel<DeviceCheckModel, DeviceCheckOp> {
  static LogicalResult replace(RewriterBase &rewriter, DeviceCheckOp op,
                               ArrayRef<Value> operands) {
    replaceOpWithNewBufferizedOp<DeviceCheckOp>(rewriter, op, operands.front(),
                                                op.getMessageAttr());
    return success();
  }
};

/// Writes its inits in place and reads them only to accumulate.
template <typename OpT>
struct DeviceModel
    : public DstBufferizableOpInterfaceExternalModel<DeviceModel<OpT>, OpT> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    if (auto gemm = dyn_cast<GemmOp>(op))
      if (gemm.getAccumulate())
        return true;
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto operands = buffers(rewriter, op->getOperands(), options, state);
    if (failed(operands))
      return failure();
    OperationState created(op->getLoc(), op->getName(), *operands, TypeRange(),
                           op->getAttrs());
    rewriter.create(created);
    replaceOpWithBufferizedValues(
        rewriter, op, ArrayRef(*operands).take_back(op->getNumResults()));
    return success();
  }
};
} // namespace

void capstan::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, CapstanDialect *) {
    ItemOp::attachInterface<ItemModel>(*context);
    ToHostOp::attachInterface<ToHostModel>(*context);
    FetchOp::attachInterface<FetchModel>(*context);
    FetchStartOp::attachInterface<FetchStartModel>(*context);
    FetchWaitOp::attachInterface<FetchWaitModel>(*context);
    DeviceCheckOp::attachInterface<DeviceCheckModel>(*context);
    GemmOp::attachInterface<DeviceModel<GemmOp>>(*context);
    GroupedGemmOp::attachInterface<DeviceModel<GroupedGemmOp>>(*context);
    VarlenAttentionOp::attachInterface<DeviceModel<VarlenAttentionOp>>(
        *context);
  });
}
