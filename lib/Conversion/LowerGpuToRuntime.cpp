//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Launches of a GPU's kernels, and what the module says of them: its code, and
// for each kernel a name, a place, checks and the threads of a block.
//
//===----------------------------------------------------------------------===//

#include "LowerToRuntime.h"
#include "capstan/Conversion/Passes.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace capstan;

/// A table of capstan_rt_check_info; null if there are none.
static Value checkTable(RuntimeBuilder &b, StringRef kernel, ArrayAttr checks) {
  if (!checks)
    return b.null();
  auto type = LLVM::LLVMArrayType::get(b.rt.check_info, checks.size());
  return b.addressOf(
      b.global((kernel + ".checks").str(), type, [&](RuntimeBuilder &b) {
        SmallVector<Value> entries;
        for (auto check : checks.getAsRange<DictionaryAttr>())
          entries.push_back(b.makeStruct(
              b.rt.check_info,
              {b.string(check.getAs<StringAttr>("message").getValue()),
               b.string(Location(check.getAs<LocationAttr>("location")))}));
        return b.makeStruct(type, entries);
      }));
}

/// The number of threads, which kernels are made for.
static FailureOr<int64_t> threadsOf(gpu::LaunchFuncOp op, Value size) {
  APInt value;
  if (matchPattern(size, m_ConstantInt(&value)))
    return value.getSExtValue();
  return op.emitOpError("has blocks of a size that isn't constant");
}

LogicalResult GpuKernels::launch(gpu::LaunchFuncOp op) {
  if (op.getAsyncToken() || !op.getAsyncDependencies().empty() ||
      op.getAsyncObject() || op.hasClusterSize())
    return op.emitOpError(
        "with tokens, streams or clusters has no lowering to runtime calls");
  Kernel kernel{op.getKernelName().str(),
                op.getLoc(),
                op->getAttrOfType<ArrayAttr>(kChecksAttr),
                {},
                0,
                static_cast<int64_t>(op.getNumKernelOperands()),
                0,
                op->getAttrOfType<DenseF64ArrayAttr>(kBytesAttr)};
  gpu::KernelDim3 block = op.getBlockSizeOperandValues();
  Value sizes[] = {block.x, block.y, block.z};
  for (auto [i, size] : llvm::enumerate(sizes)) {
    FailureOr<int64_t> threads = threadsOf(op, size);
    if (failed(threads))
      return failure();
    kernel.block[i] = *threads;
  }
  if (Value bytes = op.getDynamicSharedMemorySize()) {
    APInt value;
    if (!matchPattern(bytes, m_ConstantInt(&value)))
      return op.emitOpError("has shared memory of a size that isn't constant");
    kernel.sharedBytes = value.getSExtValue();
  }

  // Equal kernels share code; each place of a launch is an entry of its own.
  std::string key = kernel.name;
  llvm::raw_string_ostream(key) << " " << kernel.location;
  auto type = LLVM::LLVMArrayType::get(b.rt.ptr, kernel.numArguments);
  Value arguments = b.slot(type);
  // Pointers are operands of their own: a graph may give them other addresses.
  // The failure record isn't one of them.
  int64_t addresses = 0;
  for (auto [i, operand] : llvm::enumerate(op.getKernelOperands())) {
    if (isa<LLVM::LLVMPointerType>(operand.getType()) && i < 64 &&
        !(kernel.checks && i == 0))
      addresses |= int64_t(1) << i;
    Value place = b.slot(b.memoryType(operand.getType()));
    b.storeTo(operand, place);
    LLVM::StoreOp::create(
        b, place, b.field(type, arguments, {0, static_cast<int32_t>(i)}));
  }
  kernel.addresses = op.getNumKernelOperands() <= 64 ? addresses : 0;
  auto [known, isNew] = numbers.try_emplace(key, kernels.size());
  if (isNew)
    kernels.push_back(kernel);
  gpu::KernelDim3 grid = op.getGridSizeOperandValues();
  b.call(RuntimeEntry::launch_gpu,
         {b.i64(known->second), b.toI64(grid.x), b.toI64(grid.y),
          b.toI64(grid.z), arguments});
  return success();
}

/// Whether host code reads a constant, or a view of it.
static bool isReadByHost(Operation *user) {
  if (isa<ViewLikeOpInterface>(user))
    return llvm::all_of(user->getUsers(), isReadByHost);
  return isa<memref::LoadOp, memref::DimOp>(user);
}

void GpuKernels::constant(memref::GetGlobalOp op) {
  if (isHostType(op.getType()) || llvm::all_of(op->getUsers(), isReadByHost))
    return;
  auto [known, isNew] =
      constantNumbers.try_emplace(op.getName(), constants.size());
  if (isNew)
    constants.push_back(op);
  Value place = b.slot(b.rt.ptr);
  b.call(RuntimeEntry::constant, {b.i64(known->second), place});
  Value pointer = LLVM::LoadOp::create(b, b.rt.ptr, place);
  op.getResult().replaceUsesWithIf(
      b.makeBuffer(pointer, op.getType(), {}),
      [](OpOperand &use) { return !isReadByHost(use.getOwner()); });
}

FailureOr<GpuCode> GpuKernels::finish() {
  StringRef code;
  for (auto binary :
       llvm::make_early_inc_range(b.module.getOps<gpu::BinaryOp>())) {
    auto objects = binary.getObjects();
    if (!code.empty() || objects.size() != 1)
      return binary.emitOpError("is not the only one, or is for several GPUs");
    code = cast<gpu::ObjectAttr>(objects[0]).getObject().getValue();
    binary.erase();
  }
  if (!kernels.empty() && code.empty())
    return b.module.emitError("has launches, but no binary of kernels");

  GpuCode result;
  // PTX ends with a 0.
  std::string text = code.str() + '\0';
  result.bytes = text.size();
  result.numKernels = kernels.size();
  b.setInsertionPointToStart(b.module.getBody());
  b.setLoc(b.module.getLoc());
  result.code = LLVM::GlobalOp::create(
      b, LLVM::LLVMArrayType::get(b.rt.i8, text.size()), /*isConstant=*/true,
      LLVM::Linkage::Internal, "capstan_gpu_code", b.getStringAttr(text),
      /*alignment=*/16);
  auto type = LLVM::LLVMArrayType::get(b.rt.gpu_kernel_info, kernels.size());
  result.kernels =
      b.global("capstan_gpu_kernels", type, [&](RuntimeBuilder &b) -> Value {
        SmallVector<Value> infos;
        for (const Kernel &kernel : kernels)
          infos.push_back(b.makeStruct(
              b.rt.gpu_kernel_info,
              {b.string(kernel.name), b.string(kernel.location),
               b.i64(kernel.checks ? kernel.checks.size() : 0),
               checkTable(b, kernel.name, kernel.checks),
               b.i32(kernel.block[0]), b.i32(kernel.block[1]),
               b.i32(kernel.block[2]), b.i32(kernel.sharedBytes),
               b.i32(kernel.numArguments), b.i32(kernel.checks ? 1 : 0),
               b.i64(kernel.addresses)}));
        return b.makeStruct(type, infos);
      });
  auto bytesType = LLVM::LLVMArrayType::get(b.rt.kernel_bytes, kernels.size());
  result.kernelBytes = b.global(
      "capstan_gpu_kernel_bytes", bytesType, [&](RuntimeBuilder &b) -> Value {
        SmallVector<Value> infos;
        for (const Kernel &kernel : kernels) {
          auto number = [&](unsigned i) -> Value {
            return LLVM::ConstantOp::create(
                b, b.getF64Type(),
                b.getF64FloatAttr(kernel.bytes ? kernel.bytes[i] : 0));
          };
          infos.push_back(
              b.makeStruct(b.rt.kernel_bytes, {number(0), number(1)}));
        }
        return b.makeStruct(bytesType, infos);
      });
  result.numConstants = constants.size();
  auto constantsType =
      LLVM::LLVMArrayType::get(b.rt.gpu_constant_info, constants.size());
  result.constants = b.global(
      "capstan_gpu_constants", constantsType, [&](RuntimeBuilder &b) -> Value {
        SmallVector<Value> infos;
        for (memref::GetGlobalOp op : constants) {
          auto here = cast<memref::GetGlobalOp>(b.clone(*op));
          infos.push_back(b.makeStruct(b.rt.gpu_constant_info,
                                       {b.dataOf(here), b.bytesOf(here)}));
        }
        return b.makeStruct(constantsType, infos);
      });
  return result;
}
