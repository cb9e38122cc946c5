//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/Capstan.h"
#include "capstan/Interfaces/CaptureSafeOpInterface.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace capstan;

//===----------------------------------------------------------------------===//
// Host values
//===----------------------------------------------------------------------===//

static bool isHostScalar(Type type) { return type.isIntOrIndexOrFloat(); }

bool capstan::isSameEachReplay(Value value) {
  SmallVector<Value> left{value};
  DenseSet<Value> seen;
  while (!left.empty()) {
    Value v = left.pop_back_val();
    if (!seen.insert(v).second || matchPattern(v, m_Constant()))
      continue;
    if (auto argument = dyn_cast<BlockArgument>(v)) {
      auto loop =
          dyn_cast_if_present<scf::ForOp>(argument.getOwner()->getParentOp());
      if (!loop || argument != loop.getInductionVar())
        return false;
      left.append({loop.getLowerBound(), loop.getUpperBound(), loop.getStep()});
      continue;
    }
    Operation *op = v.getDefiningOp();
    if (!isMemoryEffectFree(op) || op->getNumRegions() ||
        !llvm::all_of(op->getOperandTypes(), isHostScalar))
      return false;
    llvm::append_range(left, op->getOperands());
  }
  return true;
}

/// Why a value that `op` uses can't be part of a replay.
static std::string obstacleOf(Value value) {
  Type type = value.getType();
  std::string text;
  llvm::raw_string_ostream os(text);
  if (isHostScalar(type)) {
    if (!isSameEachReplay(value))
      os << "a host value (" << type
         << ") that is neither constant, nor guarded, nor read from device "
            "memory";
  } else if (auto tensor = dyn_cast<RankedTensorType>(type)) {
    if (isHostType(type))
      os << "a tensor on the host (" << type << ")";
    else if (!tensor.hasStaticShape())
      os << "a size of run time (" << type << ")";
  } else {
    os << "a value of type " << type;
  }
  return text;
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

static bool isHostArithmetic(Operation *op) {
  return isMemoryEffectFree(op) && !op->getNumRegions() &&
         llvm::all_of(op->getOperandTypes(), isHostScalar) &&
         llvm::all_of(op->getResultTypes(), isHostScalar);
}

/// What stands in the way in `op` itself.
static std::string ownObstacle(Operation *op) {
  if (auto safe = dyn_cast<CaptureSafeOpInterface>(op))
    return safe.getCaptureObstacle();
  if (isa<HostSyncOpInterface>(op))
    return "it waits for the device";
  if (isa<cf::AssertOp>(op))
    return "it is a check on the host";
  if (isa<CallOpInterface>(op))
    return "it calls code that the graph doesn't have";
  if (op->hasTrait<OpTrait::ConstantLike>() || isHostArithmetic(op) ||
      (OpTrait::hasElementwiseMappableTraits(op) && isMemoryEffectFree(op)))
    return {};
  return "nothing says that it can be captured (CaptureSafeOpInterface)";
}

std::string capstan::captureObstacle(Operation *op) {
  SmallVector<Operation *> left{op};
  while (!left.empty()) {
    Operation *each = left.pop_back_val();
    if (std::string obstacle = ownObstacle(each); !obstacle.empty())
      return obstacle;
    SetVector<Value> used(each->operand_begin(), each->operand_end());
    bool isControl = isa<scf::ForOp>(each);
    // The body of anything else is a kernel, which may use what it likes.
    if (!isControl)
      getUsedValuesDefinedAbove(each->getRegions(), used);
    for (ValueRange values :
         {ValueRange(used.getArrayRef()), ValueRange(each->getResults())})
      for (Value value : values)
        if (std::string obstacle = obstacleOf(value); !obstacle.empty())
          return "it uses or makes " + obstacle;
    if (isControl)
      for (Operation &inner : each->getRegion(0).front().without_terminator())
        left.push_back(&inner);
  }
  return {};
}

bool capstan::enqueuesWork(Operation *op) {
  if (auto safe = dyn_cast<CaptureSafeOpInterface>(op))
    return safe.enqueuesWork();
  return OpTrait::hasElementwiseMappableTraits(op) &&
         llvm::any_of(op->getResultTypes(),
                      [](Type type) { return isa<TensorType>(type); });
}

//===----------------------------------------------------------------------===//
// Upstream's operations
//===----------------------------------------------------------------------===//

namespace {
template <typename OpTy>
struct Work : CaptureSafeOpInterface::ExternalModel<Work<OpTy>, OpTy> {};

/// Enqueues nothing, or is made a part of what does.
template <typename OpTy>
struct View : CaptureSafeOpInterface::ExternalModel<View<OpTy>, OpTy> {
  bool enqueuesWork(Operation *) const { return false; }
};

template <template <typename> typename Model, typename... Ops>
void attach(MLIRContext *ctx) {
  (Ops::template attachInterface<Model<Ops>>(*ctx), ...);
}
} // namespace

void capstan::registerCaptureSafeExternalModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *ctx, linalg::LinalgDialect *) {
    attach<Work,
#define GET_OP_LIST
#include "mlir/Dialect/Linalg/IR/LinalgStructuredOps.cpp.inc"
           >(ctx);
    attach<Work, linalg::SoftmaxOp>(ctx);
  });
  registry.addExtension(+[](MLIRContext *ctx, tensor::TensorDialect *) {
    attach<View, tensor::EmptyOp, tensor::CastOp, tensor::ExtractSliceOp,
           tensor::ExpandShapeOp, tensor::CollapseShapeOp>(ctx);
    attach<Work, tensor::InsertSliceOp, tensor::PadOp, tensor::ConcatOp,
           tensor::SplatOp, tensor::GatherOp>(ctx);
  });
  registry.addExtension(+[](MLIRContext *ctx, scf::SCFDialect *) {
    attach<Work, scf::ForOp>(ctx);
  });
  registry.addExtension(+[](MLIRContext *ctx, CapstanDialect *) {
    attach<Work, GemmOp, GroupedGemmOp, VarlenAttentionOp, DeviceCheckOp>(ctx);
  });
}
