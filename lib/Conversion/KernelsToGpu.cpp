//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Makes kernels functions of a GPU, a thread for each iteration.
//
//   capstan.launch @kernel(%x) extent %n : (memref<?xf32>)
//   // becomes
//   gpu.launch_func @kernels::@kernel blocks in (%blocks, %c1, %c1)
//       threads in (%c256, %c1, %c1) args(%x_ptr : !llvm.ptr, %size : i64,
//                                         %n : i64)
//
//===----------------------------------------------------------------------===//

#include "KernelChecks.h"
#include "capstan/Conversion/Passes.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANKERNELSTOGPU
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {

/// Threads of a block: full occupancy on all chips since sm_70.
constexpr int64_t blockSize = 256;

/// Threads of a multiprocessor that there must be registers for: 128 each.
constexpr int64_t fewestThreads = 512;

/// Threads of a block in x and y.
std::pair<int64_t, int64_t> blockOf(func::FuncOp kernel) {
  if (auto block = kernel->getAttrOfType<DenseI64ArrayAttr>(kBlockAttr))
    return {block[0], block[1]};
  return {blockSize, 1};
}

/// What a kernel must be told of a buffer: its sizes and strides that the type
/// doesn't say, and whether its pointer has to include the offset.
struct BufferParameters {
  explicit BufferParameters(MemRefType type) : type(type) {
    (void)type.getStridesAndOffset(strides, offset);
    for (int64_t size : type.getShape())
      dynamic += ShapedType::isDynamic(size);
    for (int64_t stride : strides)
      dynamic += ShapedType::isDynamic(stride);
  }

  MemRefType type;
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  /// Number of i64 parameters behind the pointer.
  unsigned dynamic = 0;
};

class KernelBuilder {
public:
  KernelBuilder(OpBuilder &b, LLVMTypeConverter &types) : b(b), types(types) {}

  /// A function of the GPU that does what `kernel` does: pointer, sizes and
  /// strides of each buffer, scalars, and the number of iterations. With
  /// checks, first the failure record and the code of its first check; see
  /// capstan_rt_gpu_kernel_info.
  gpu::GPUFuncOp build(func::FuncOp kernel) {
    Location loc = kernel.getLoc();
    bool hasChecks =
        kernel.walk([](cf::AssertOp) { return WalkResult::interrupt(); })
            .wasInterrupted();
    SmallVector<Type> parameters;
    if (hasChecks)
      parameters.append({pointer(), b.getI64Type()});
    for (Type type : kernel.getArgumentTypes().drop_back(2))
      appendParameters(type, parameters);
    parameters.push_back(b.getI64Type());
    auto result = gpu::GPUFuncOp::create(b, loc, kernel.getSymName(),
                                         b.getFunctionType(parameters, {}));
    result->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
    auto [x, y] = blockOf(kernel);
    result.setKnownBlockSizeAttr(
        b.getDenseI32ArrayAttr({int32_t(x), int32_t(y), 1}));
    // What is read early takes registers, which more threads would need as
    // well; ptxas would rather have the threads.
    if (kernel->hasAttr(kBlockAttr))
      result->setAttr(
          NVVM::NVVMDialect::getMinctasmAttrName(),
          b.getI32IntegerAttr(std::max<int64_t>(1, fewestThreads / (x * y))));

    Block *entry = &result.getBody().front();
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(entry);
    auto index = [&](Value value) -> Value {
      return arith::IndexCastOp::create(b, loc, b.getIndexType(), value);
    };
    IRMapping map;
    unsigned next = hasChecks ? 2 : 0;
    for (auto [i, argument] :
         llvm::enumerate(kernel.getArguments().drop_back(2))) {
      auto type = dyn_cast<MemRefType>(argument.getType());
      if (!type) {
        Value scalar = entry->getArgument(next++);
        map.map(argument,
                argument.getType().isIndex() ? index(scalar) : scalar);
        continue;
      }
      if (kernel.getArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName()))
        result.setArgAttr(next, LLVM::LLVMDialect::getNoAliasAttrName(),
                          b.getUnitAttr());
      BufferParameters buffer(type);
      map.map(argument,
              view(loc, buffer,
                   entry->getArguments().slice(next, 1 + buffer.dynamic)));
      next += 1 + buffer.dynamic;
    }
    Value extent = entry->getArgument(next);
    Value begin, end, works;
    if (kernel->hasAttr(kBlockAttr)) {
      // It knows its threads.
      begin = arith::ConstantIndexOp::create(b, loc, 0);
      end = index(extent);
      works = arith::ConstantIntOp::create(b, loc, 1, /*width=*/1);
    } else {
      begin =
          gpu::GlobalIdOp::create(b, loc, b.getIndexType(), gpu::Dimension::x);
      Value one = arith::ConstantIndexOp::create(b, loc, 1);
      end = arith::AddIOp::create(b, loc, begin, one);
      works = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, begin,
                                    index(extent));
    }
    map.map(kernel.getArguments().end()[-2], begin);
    map.map(kernel.getArguments().end()[-1], end);

    kernel.getBody().cloneInto(&result.getBody(), map);
    Block *body = map.lookup(&kernel.getBody().front());
    Block *done = b.createBlock(&result.getBody());
    gpu::ReturnOp::create(b, loc);
    b.setInsertionPointToEnd(entry);
    SmallVector<Value> arguments;
    for (BlockArgument argument : kernel.getArguments())
      arguments.push_back(map.lookup(argument));
    // The clone of the entry has arguments of its own, which aren't those.
    for (auto [argument, value] :
         llvm::zip_equal(body->getArguments(), arguments))
      argument.replaceAllUsesWith(value);
    body->eraseArguments(0, body->getNumArguments());
    cf::CondBranchOp::create(b, loc, works, body, ValueRange(), done,
                             ValueRange());
    for (auto ret : llvm::make_early_inc_range(
             result.getBody().getOps<func::ReturnOp>())) {
      b.setInsertionPoint(ret);
      gpu::ReturnOp::create(b, ret.getLoc());
      ret.erase();
    }
    if (hasChecks && failed(lowerKernelChecks(b, result, *body, done))) {
      result.erase();
      return {};
    }
    return result;
  }

  void appendParameters(Type type, SmallVectorImpl<Type> &parameters) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref) {
      parameters.push_back(type.isIndex() ? b.getI64Type() : type);
      return;
    }
    parameters.push_back(pointer());
    parameters.append(BufferParameters(memref).dynamic, b.getI64Type());
  }

private:
  Type pointer() { return LLVM::LLVMPointerType::get(b.getContext()); }

  Value number(Location loc, int64_t value) {
    return LLVM::ConstantOp::create(b, loc, b.getI64Type(), value);
  }

  /// The buffer that the parameters describe.
  Value view(Location loc, const BufferParameters &buffer,
             ValueRange parameters) {
    Type type = types.convertType(buffer.type);
    auto descriptor = MemRefDescriptor::poison(b, loc, type);
    descriptor.setAllocatedPtr(b, loc, parameters[0]);
    descriptor.setAlignedPtr(b, loc, parameters[0]);
    descriptor.setOffset(
        b, loc,
        number(loc, ShapedType::isDynamic(buffer.offset) ? 0 : buffer.offset));
    auto next = parameters.begin() + 1;
    auto take = [&](int64_t known) -> Value {
      return ShapedType::isDynamic(known) ? *next++ : number(loc, known);
    };
    for (auto [i, size] : llvm::enumerate(buffer.type.getShape()))
      descriptor.setSize(b, loc, i, take(size));
    for (auto [i, stride] : llvm::enumerate(buffer.strides))
      descriptor.setStride(b, loc, i, take(stride));
    return UnrealizedConversionCastOp::create(b, loc, buffer.type,
                                              Value(descriptor))
        .getResult(0);
  }

  OpBuilder &b;
  LLVMTypeConverter &types;
};

/// What a launch hands over for `value`: see KernelBuilder::build.
void appendOperands(OpBuilder &b, Location loc, Value value,
                    SmallVectorImpl<Value> &operands) {
  auto number = [&](Value index) -> Value {
    return arith::IndexCastOp::create(b, loc, b.getI64Type(), index);
  };
  auto type = dyn_cast<MemRefType>(value.getType());
  if (!type) {
    operands.push_back(value.getType().isIndex() ? number(value) : value);
    return;
  }
  BufferParameters buffer(type);
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, value);
  bool isMoved = ShapedType::isDynamic(buffer.offset);
  auto metadata = isMoved || buffer.dynamic
                      ? memref::ExtractStridedMetadataOp::create(b, loc, value)
                      : memref::ExtractStridedMetadataOp();
  if (isMoved) {
    int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    Value size = arith::ConstantIndexOp::create(b, loc, bytes);
    address = arith::AddIOp::create(
        b, loc, address,
        arith::MulIOp::create(b, loc, metadata.getOffset(), size));
  }
  operands.push_back(LLVM::IntToPtrOp::create(
      b, loc, LLVM::LLVMPointerType::get(b.getContext()), number(address)));
  for (auto [i, size] : llvm::enumerate(type.getShape()))
    if (ShapedType::isDynamic(size))
      operands.push_back(number(metadata.getSizes()[i]));
  for (auto [i, stride] : llvm::enumerate(buffer.strides))
    if (ShapedType::isDynamic(stride))
      operands.push_back(number(metadata.getStrides()[i]));
}

struct KernelsToGpu
    : public capstan::impl::CapstanKernelsToGpuBase<KernelsToGpu> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::FuncOp> kernels;
    for (auto function : module.getOps<func::FuncOp>())
      if (function->hasAttr("capstan.kernel"))
        kernels.push_back(function);
    if (kernels.empty())
      return markAllAnalysesPreserved();

    OpBuilder b(&getContext());
    LLVMTypeConverter types(&getContext());
    b.setInsertionPointToEnd(module.getBody());
    auto gpuModule = gpu::GPUModuleOp::create(b, module.getLoc(), "kernels");
    SymbolTable(module).insert(gpuModule);
    module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                    b.getUnitAttr());
    KernelBuilder builder(b, types);
    llvm::StringMap<gpu::GPUFuncOp> made;
    for (func::FuncOp kernel : kernels) {
      b.setInsertionPointToEnd(gpuModule.getBody());
      gpu::GPUFuncOp function = builder.build(kernel);
      if (!function)
        return signalPassFailure();
      made[kernel.getSymName()] = function;
      ++numKernels;
    }
    module.walk([&](LaunchOp launch) {
      b.setInsertionPoint(launch);
      auto kernel = module.lookupSymbol<func::FuncOp>(launch.getKernelAttr());
      lowerLaunch(b, launch, kernel, made[launch.getKernel()]);
    });
    for (func::FuncOp kernel : kernels)
      kernel.erase();
  }

  static void lowerLaunch(OpBuilder &b, LaunchOp launch, func::FuncOp function,
                          gpu::GPUFuncOp kernel) {
    Location loc = launch.getLoc();
    SmallVector<Value> operands;
    // The runtime knows the failure record.
    if (kernel->hasAttr(kChecksAttr)) {
      operands.push_back(LLVM::ZeroOp::create(
          b, loc, LLVM::LLVMPointerType::get(b.getContext())));
      operands.push_back(
          LLVM::ConstantOp::create(b, loc, b.getI64Type(), int64_t(0)));
    }
    for (Value input : launch.getInputs())
      appendOperands(b, loc, input, operands);
    appendOperands(b, loc, launch.getExtent(), operands);
    auto [x, y] = blockOf(function);
    Value threads = arith::ConstantIndexOp::create(b, loc, x);
    Value one = arith::ConstantIndexOp::create(b, loc, 1);
    // Iterations of a block: rows, or one for each thread.
    Value rows = threads, height = one;
    if (function->hasAttr(kBlockAttr))
      rows = height = arith::ConstantIndexOp::create(b, loc, y);
    Value blocks = arith::CeilDivUIOp::create(b, loc, launch.getExtent(), rows);
    auto made = gpu::LaunchFuncOp::create(
        b, loc, kernel, {blocks, one, one}, {threads, height, one},
        /*dynamicSharedMemorySize=*/Value(), operands);
    // Of a kernel that is machine code, only the launch is left.
    if (Attribute checks = kernel->getAttr(kChecksAttr))
      made->setAttr(kChecksAttr, checks);
    if (Attribute bytes = function->getAttr(kBytesAttr))
      made->setAttr(kBytesAttr, bytes);
    launch.erase();
  }
};
} // namespace
