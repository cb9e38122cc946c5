//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The parts of --convert-capstan-to-runtime. Each `lower` makes one operation
// calls of the runtime, at the builder's place; the caller erases it.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_CONVERSION_LOWERTORUNTIME_H
#define CAPSTAN_CONVERSION_LOWERTORUNTIME_H

#include "RuntimeBuilder.h"
#include "capstan/Dialect/DeviceContextOps.h"
#include "capstan/Dialect/GraphOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/MapVector.h"

namespace capstan {

//===----------------------------------------------------------------------===//
// Memory: LowerMemoryToRuntime.cpp
//===----------------------------------------------------------------------===//

/// Memory of `bytes` bytes.
mlir::Value allocate(RuntimeBuilder &b, RuntimeEntry entry, mlir::Value bytes);
/// A host buffer of the shape of `source`.
mlir::Value hostBufferLike(RuntimeBuilder &b, mlir::MemRefType type,
                           mlir::Value source);
/// The address of an element.
mlir::Value elementOf(RuntimeBuilder &b, mlir::Value buffer,
                      mlir::ValueRange indices);

void lower(RuntimeBuilder &b, mlir::memref::AllocOp op);
void lower(RuntimeBuilder &b, mlir::memref::DeallocOp op);
mlir::LogicalResult lower(RuntimeBuilder &b, mlir::memref::CopyOp op);
void lower(RuntimeBuilder &b, mlir::memref::StoreOp op);

//===----------------------------------------------------------------------===//
// Library calls: LowerLibraryToRuntime.cpp
//===----------------------------------------------------------------------===//

mlir::LogicalResult lower(RuntimeBuilder &b, GemmOp op);
mlir::LogicalResult lower(RuntimeBuilder &b, GroupedGemmOp op);
mlir::LogicalResult lower(RuntimeBuilder &b, VarlenAttentionOp op);

//===----------------------------------------------------------------------===//
// Reads: LowerReadsToRuntime.cpp
//===----------------------------------------------------------------------===//

void lower(RuntimeBuilder &b, ItemOp op);
void lower(RuntimeBuilder &b, ToHostOp op);
void lower(RuntimeBuilder &b, FetchOp op);

/// Fetches that are started and waited for.
class Futures {
public:
  explicit Futures(RuntimeBuilder &b) : b(b) {}

  /// The operation stays until `finish`, since its waits look for it.
  void start(FetchStartOp op);
  mlir::LogicalResult wait(FetchWaitOp op);
  /// Releases what a path doesn't wait for.
  void finish();

private:
  /// What a fetch that was started has to give.
  struct Started {
    mlir::Value fetch; ///< slot of the handle; null when waited for
    mlir::Value items; ///< host memory of the scalars
    llvm::SmallVector<mlir::Value> results; ///< buffers, or addresses
    bool alwaysWaited = false;              ///< in the block that starts it
  };

  void release(mlir::Operation *op, const Started &info);

  RuntimeBuilder &b;
  llvm::MapVector<mlir::Operation *, Started> started;
};

//===----------------------------------------------------------------------===//
// Kernels: LowerKernelsToRuntime.cpp
//===----------------------------------------------------------------------===//

/// Kernels and their launches. All kernels come before the first launch.
class Kernels {
public:
  explicit Kernels(RuntimeBuilder &b) : b(b) {}

  void convert(mlir::func::FuncOp kernel);
  void launch(LaunchOp op);

private:
  /// A check in a kernel.
  struct Check {
    std::string message;
    mlir::Location location;
  };

  void convertArguments(mlir::func::FuncOp kernel);
  mlir::LLVM::LLVMFuncOp thunk(mlir::func::FuncOp kernel,
                               mlir::Type argumentsType);
  mlir::Value kernelInfo(LaunchOp op, mlir::func::FuncOp kernel);

  RuntimeBuilder &b;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<Check>> checks;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Type>> types;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<bool>> distinct;
  llvm::DenseMap<mlir::Operation *, mlir::LLVM::LLVMFuncOp> thunks;
  llvm::StringMap<mlir::LLVM::GlobalOp> infos;
};

//===----------------------------------------------------------------------===//
// Kernels of a GPU: LowerGpuToRuntime.cpp
//===----------------------------------------------------------------------===//

/// Launches of a GPU's kernels; see capstan_rt_gpu_module_info.
class GpuKernels {
public:
  explicit GpuKernels(RuntimeBuilder &b) : b(b) {}

  mlir::LogicalResult launch(mlir::gpu::LaunchFuncOp op);
  /// Device code reads the copy that the runtime made of a constant.
  void constant(mlir::memref::GetGlobalOp op);
  /// What the module says of them, in place of the binary.
  mlir::FailureOr<GpuCode> finish();

private:
  struct Kernel {
    std::string name;
    mlir::Location location;
    mlir::ArrayAttr checks; ///< null without
    int64_t block[3];
    int64_t sharedBytes;
    int64_t numArguments;
    int64_t addresses; ///< bit i: operand i is one; 0 if there are too many
    mlir::DenseF64ArrayAttr bytes; ///< null if unknown
  };

  RuntimeBuilder &b;
  llvm::SmallVector<Kernel> kernels;
  llvm::StringMap<int64_t> numbers;
  llvm::SmallVector<mlir::memref::GetGlobalOp> constants;
  llvm::StringMap<int64_t> constantNumbers;
};

//===----------------------------------------------------------------------===//
// Devices: LowerDeviceContextToRuntime.cpp
//===----------------------------------------------------------------------===//

void lower(RuntimeBuilder &b, SetDeviceOp op);
void lower(RuntimeBuilder &b, CurrentDeviceOp op);
void lower(RuntimeBuilder &b, DeviceCapabilityOp op);

//===----------------------------------------------------------------------===//
// Graphs and buckets: LowerGraphsToRuntime.cpp
//===----------------------------------------------------------------------===//

void lower(RuntimeBuilder &b, CountFallbackOp op);
void lower(RuntimeBuilder &b, CountPaddingOp op);

/// Calls a function of the module, with results of these types.
using HostCall = llvm::function_ref<mlir::ValueRange(
    mlir::FlatSymbolRefAttr, mlir::TypeRange, mlir::ValueRange)>;

/// `body` is the callee's type as it was before host code got its forward.
void lower(RuntimeBuilder &b, CallGraphOp op, mlir::FunctionType body,
           HostCall callHost);

} // namespace capstan

#endif // CAPSTAN_CONVERSION_LOWERTORUNTIME_H
