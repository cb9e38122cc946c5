//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Makes host code calls of the runtime, each with a check of its status.
//
//   %m = memref.alloc(%n) {alignment = 64 : i64} : memref<?xf32>
//   // becomes
//   %status = llvm.call @capstan_rt_alloc(%forward, %bytes, %c64, %slot)
//   cf.cond_br %ok, ^next, ^fail(%status : i32)
//
//===----------------------------------------------------------------------===//

#include "LowerToRuntime.h"
#include "capstan/Conversion/Passes.h"
#include "capstan/Dialect/Dims.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CONVERTCAPSTANTORUNTIME
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {
/// Status of a failed check; see capstan_rt/status.h.
constexpr int64_t failedCheck = 1;

/// Constants are in memory that host code reads, and so is a frame.
bool isLocal(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>())
    buffer = view.getViewSource();
  return buffer.getDefiningOp<memref::GetGlobalOp>() ||
         buffer.getDefiningOp<memref::AllocaOp>();
}

/// What upstream's conversions lower: other dialects' operations, but for those
/// on device memory.
bool isUpstreams(Operation *op) {
  auto isHost = [](Value buffer) {
    return isHostType(buffer.getType()) || isLocal(buffer);
  };
  return TypeSwitch<Operation *, bool>(op)
      .Case([&](memref::CopyOp copy) {
        return isHostType(copy.getSource().getType()) &&
               isHostType(copy.getTarget().getType());
      })
      .Case<memref::StoreOp, memref::LoadOp>(
          [&](auto access) { return isHost(access.getMemRef()); })
      .Case<memref::AllocOp, memref::DeallocOp, cf::AssertOp, func::CallOp,
            gpu::LaunchFuncOp>([](Operation *) { return false; })
      .Default([](Operation *op) {
        return op->getDialect() && !isa<CapstanDialect>(op->getDialect());
      });
}

/// Converts one module.
class Converter {
public:
  Converter(ModuleOp module, const LLVMTypeConverter &types, bool isGpu)
      : module(module), isGpu(isGpu), b(module, types), kernels(b),
        gpuKernels(b), futures(b) {}

  LogicalResult run();

private:
  LogicalResult convertSignature(func::FuncOp function);
  LogicalResult convertHostCode(func::FuncOp function);
  LogicalResult convert(Operation *op);
  void load(memref::LoadOp op);
  void assertion(cf::AssertOp op);
  ValueRange callHost(FlatSymbolRefAttr callee, TypeRange results,
                      ValueRange operands);
  void call(func::CallOp op);
  void callGraph(CallGraphOp op);
  LogicalResult deviceCheck(DeviceCheckOp op);

  ModuleOp module;
  bool isGpu;
  RuntimeBuilder b;
  Kernels kernels;
  GpuKernels gpuKernels;
  Futures futures;
};

/// `(A) -> R` becomes `(!llvm.ptr, A) -> (i32, R)`.
LogicalResult Converter::convertSignature(func::FuncOp function) {
  if (function.isExternal())
    return function.emitOpError(
        "has no definition; host code can call only what the module defines");
  if (failed(function.insertArgument(0, b.rt.ptr, {}, function.getLoc())) ||
      failed(function.insertResult(0, b.rt.i32, {})))
    return failure();
  function.walk([&](func::ReturnOp ret) {
    b.startAt(ret);
    Value zero = b.i32(0);
    ret->insertOperands(0, zero);
  });
  return success();
}

LogicalResult Converter::convertHostCode(func::FuncOp function) {
  SmallVector<Operation *> ops;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op != function)
      ops.push_back(op);
  });
  bool failed = false;
  for (Operation *op : ops) {
    b.startAt(op);
    failed |= mlir::failed(convert(op));
  }
  return failure(failed);
}

LogicalResult Converter::convert(Operation *op) {
  if (auto constant = dyn_cast<memref::GetGlobalOp>(op); constant && isGpu)
    gpuKernels.constant(constant);
  if (isUpstreams(op))
    return success();
  if (auto start = dyn_cast<FetchStartOp>(op)) {
    futures.start(start);
    return success(); // erased with its waits
  }
  LogicalResult result =
      TypeSwitch<Operation *, LogicalResult>(op)
          .Case<memref::AllocOp, memref::DeallocOp, memref::StoreOp, ItemOp,
                ToHostOp, FetchOp, CountFallbackOp, CountPaddingOp, SetDeviceOp,
                CurrentDeviceOp, DeviceCapabilityOp>(
              [&](auto op) { return lower(b, op), success(); })
          .Case<memref::CopyOp, GemmOp, GroupedGemmOp, VarlenAttentionOp>(
              [&](auto op) { return lower(b, op); })
          .Case([&](memref::LoadOp op) { return load(op), success(); })
          .Case([&](cf::AssertOp op) { return assertion(op), success(); })
          .Case([&](func::CallOp op) { return call(op), success(); })
          .Case([&](CallGraphOp op) { return callGraph(op), success(); })
          .Case([&](DeviceCheckOp op) { return deviceCheck(op); })
          .Case([&](LaunchOp op) { return kernels.launch(op), success(); })
          .Case([&](gpu::LaunchFuncOp op) -> LogicalResult {
            if (!isGpu)
              return op.emitOpError("has no lowering for the target host");
            return gpuKernels.launch(op);
          })
          .Case([&](FetchWaitOp op) { return futures.wait(op); })
          .Default([](Operation *op) {
            return op->emitOpError("has no lowering to runtime calls");
          });
  if (succeeded(result))
    op->erase();
  return result;
}

/// A read of device data that the host-sync passes didn't see.
void Converter::load(memref::LoadOp op) {
  auto read = ItemOp::create(b, op.getType(), op.getMemRef(), op.getIndices());
  op.replaceAllUsesWith(read.getResult());
  b.startAt(read);
  lower(b, read);
  read.erase();
}

void Converter::assertion(cf::AssertOp op) {
  Value failed =
      LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::eq, op.getArg(),
                           LLVM::ConstantOp::create(b, b.getI1Type(), 0));
  // Only a failing check calls the runtime.
  Block *block = b.getInsertionBlock();
  Block *next = block->splitBlock(b.getInsertionPoint());
  auto *region = block->getParent();
  Block *report = b.createBlock(region, std::next(block->getIterator()));
  b.setInsertionPointToEnd(block);
  cf::CondBranchOp::create(b, failed, report, ValueRange(), next, ValueRange());
  b.setInsertionPointToStart(report);
  cf::BranchOp::create(b, next);
  b.setInsertionPointToStart(report);
  b.call(RuntimeEntry::fail,
         {b.i32(failedCheck), b.string(op.getMsg()), b.string(op.getLoc())});
}

/// Calls a function. Returns the results.
ValueRange Converter::callHost(FlatSymbolRefAttr callee, TypeRange results,
                               ValueRange operands) {
  auto caller = cast<func::FuncOp>(b.getInsertionBlock()->getParentOp());
  SmallVector<Value> all{caller.getArgument(0)};
  llvm::append_range(all, operands);
  SmallVector<Type> types{b.rt.i32};
  llvm::append_range(types, results);
  auto call = func::CallOp::create(b, callee, types, all);
  b.checkStatus(call.getResult(0));
  return call.getResults().drop_front();
}

void Converter::call(func::CallOp op) {
  op.replaceAllUsesWith(
      callHost(op.getCalleeAttr(), op.getResultTypes(), op.getOperands()));
}

void Converter::callGraph(CallGraphOp op) {
  // Its function has got its forward and its status already.
  auto type =
      module.lookupSymbol<func::FuncOp>(op.getCallee()).getFunctionType();
  auto body = FunctionType::get(op.getContext(), type.getInputs().drop_front(),
                                type.getResults().drop_front());
  lower(b, op, body,
        [&](FlatSymbolRefAttr callee, TypeRange results, ValueRange operands) {
          return callHost(callee, results, operands);
        });
}

LogicalResult Converter::deviceCheck(DeviceCheckOp op) {
  auto type = cast<MemRefType>(op.getCondition().getType());
  if (!type.hasStaticShape() || type.getNumElements() != 1)
    return op.emitOpError("has no lowering: its condition must be one element");
  b.call(RuntimeEntry::device_check,
         {b.dataOf(op.getCondition()), b.string(op.getMessage()),
          b.string(op.getLoc())});
  return success();
}

LogicalResult Converter::run() {
  SmallVector<func::FuncOp> host, entries;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function->hasAttr("capstan.kernel")) {
      kernels.convert(function);
      continue;
    }
    host.push_back(function);
    if (function.isPublic() && !function.isExternal())
      entries.push_back(function);
  }
  bool failed = false;
  for (func::FuncOp function : host)
    failed |= mlir::failed(convertSignature(function));
  if (failed)
    return failure();
  for (func::FuncOp function : host)
    failed |= mlir::failed(convertHostCode(function));
  if (failed)
    return failure();

  futures.finish();
  for (func::FuncOp function : host) {
    function.setPrivate();
    function->setAttr(
        "llvm.linkage",
        LLVM::LinkageAttr::get(b.getContext(), LLVM::Linkage::Internal));
  }
  std::optional<GpuCode> gpuCode;
  if (isGpu) {
    FailureOr<GpuCode> code = gpuKernels.finish();
    if (mlir::failed(code))
      return failure();
    gpuCode = *code;
    module->removeAttr(gpu::GPUDialect::getContainerModuleAttrName());
  }
  if (mlir::failed(emitModuleInfo(b, entries, gpuCode)))
    return failure();
  module->removeAttr(kChipAttr);
  // Upstream's conversion hands names and sizes on, and LLVM warns of them.
  for (func::FuncOp function : host) {
    function.removeArgAttrsAttr();
    function.removeResAttrsAttr();
  }
  return success();
}

struct ConvertToRuntime
    : public capstan::impl::ConvertCapstanToRuntimeBase<ConvertToRuntime> {
  using ConvertCapstanToRuntimeBase::ConvertCapstanToRuntimeBase;

  void runOnOperation() override {
    LowerToLLVMOptions options(&getContext());
    LLVMTypeConverter types(&getContext(), options);
    types.addTypeAttributeConversion([](BaseMemRefType, HostAttr host) {
      return IntegerAttr::get(IntegerType::get(host.getContext(), 64), 0);
    });
    if (failed(Converter(getOperation(), types, gpu).run()))
      return signalPassFailure();

    // From here on, all memory is memory.
    AttrTypeReplacer replacer;
    replacer.addReplacement([](MemRefType type) -> Type {
      if (!isHostType(type))
        return type;
      return MemRefType::get(type.getShape(), type.getElementType(),
                             type.getLayout());
    });
    replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
  }
};
} // namespace
