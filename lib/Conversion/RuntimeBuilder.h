//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// What the conversions to runtime calls share: the structs of
// capstan_rt/compiled.h as LLVM types, and a builder that calls entries.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_CONVERSION_RUNTIMEBUILDER_H
#define CAPSTAN_CONVERSION_RUNTIMEBUILDER_H

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringMap.h"

namespace capstan {

/// The entries that compiled code may call, from entry_points.def.
enum class RuntimeEntry {
#define CAPSTAN_RT_CALL(NAME, ...) NAME,
#include "capstan_rt/entry_points.def"
};

/// Version and limits of the ABI, from entry_points.def.
struct RuntimeConstants {
#define CAPSTAN_RT_CONSTANT(NAME, VALUE) static constexpr int64_t NAME = VALUE;
#include "capstan_rt/entry_points.def"
};

/// The structs of entry_points.def.
struct RuntimeTypes {
  explicit RuntimeTypes(mlir::MLIRContext *context);

  mlir::Type i8, i16, i32, i64;
  mlir::LLVM::LLVMPointerType ptr;
#define CAPSTAN_RT_STRUCT(NAME, ...) mlir::LLVM::LLVMStructType NAME;
#include "capstan_rt/entry_points.def"
};

/// DLPack's code and the bits of an element type; nullopt if it has none.
std::optional<std::pair<int64_t, int64_t>> dtypeOf(mlir::Type element);

/// Builds LLVM operations in a module. Functions are still `func.func`, buffers
/// still memrefs: casts to their LLVM types fold away with upstream's
/// conversions.
class RuntimeBuilder : public mlir::ImplicitLocOpBuilder {
public:
  RuntimeBuilder(mlir::ModuleOp module, const mlir::LLVMTypeConverter &types);

  /// Continues before `op`, at its location.
  void startAt(mlir::Operation *op);

  mlir::Value i32(int64_t value);
  mlir::Value i64(int64_t value);
  mlir::Value null();
  mlir::Value toI64(mlir::Value index);
  mlir::Value toIndex(mlir::Value integer);
  /// Between a value and its LLVM form.
  mlir::Value toLLVM(mlir::Value value);
  mlir::Value fromLLVM(mlir::Value value, mlir::Type type);
  /// The LLVM type of a value in memory: booleans are bytes.
  mlir::Type memoryType(mlir::Type type);
  void storeTo(mlir::Value value, mlir::Value pointer);
  mlir::Value loadFrom(mlir::Type type, mlir::Value pointer);

  /// Memory in the frame of the function, made at its entry.
  mlir::Value slot(mlir::Type type, int64_t count = 1);
  /// The address of a field.
  mlir::Value field(mlir::Type structType, mlir::Value pointer,
                    llvm::ArrayRef<int32_t> path);
  void storeFields(mlir::Type structType, mlir::Value pointer,
                   mlir::ValueRange fields);
  mlir::Value makeStruct(mlir::Type type, mlir::ValueRange fields);
  int64_t sizeOf(mlir::Type type);

  /// First element of a buffer, what was allocated, and size in bytes.
  mlir::Value dataOf(mlir::Value buffer);
  mlir::Value baseOf(mlir::Value buffer);
  mlir::Value bytesOf(mlir::Value buffer);
  mlir::Value bytesOf(mlir::MemRefType type, mlir::ValueRange dynamicSizes);
  /// A row-major buffer at a pointer.
  mlir::Value makeBuffer(mlir::Value pointer, mlir::MemRefType type,
                         mlir::ValueRange dynamicSizes);

  /// The address of a constant, null-terminated string.
  mlir::Value string(llvm::StringRef text);
  mlir::Value string(mlir::Location location);
  /// An internal constant, initialized by what `init` returns.
  mlir::LLVM::GlobalOp
  global(llvm::StringRef name, mlir::Type type,
         llvm::function_ref<mlir::Value(RuntimeBuilder &)> init);
  mlir::Value addressOf(mlir::LLVM::GlobalOp global);

  /// Calls an entry with the function's forward, and returns from the function
  /// if it fails. The builder goes on in what is left of the block.
  void call(RuntimeEntry entry, mlir::ValueRange arguments);
  /// Goes on if `status` is 0, else returns it.
  void checkStatus(mlir::Value status);
  /// Returns `status` if `condition` is false.
  void returnUnless(mlir::Value condition, mlir::Value status);

  RuntimeTypes rt;
  mlir::ModuleOp module;
  const mlir::LLVMTypeConverter &types;

private:
  mlir::func::FuncOp function();
  mlir::Block *failBlock(mlir::func::FuncOp function);
  mlir::LLVM::LLVMFuncOp declare(RuntimeEntry entry);

  mlir::SymbolTable symbols;
  llvm::StringMap<mlir::LLVM::GlobalOp> strings;
  llvm::DenseMap<mlir::Operation *, mlir::Block *> failBlocks;
};

/// A GPU's code in a module, and the tables of its kernels and constants.
struct GpuCode {
  mlir::LLVM::GlobalOp code, kernels, constants, kernelBytes;
  int64_t bytes = 0, numKernels = 0, numConstants = 0;
};

/// Makes the entries of public functions and the global `capstan_module`, for
/// the target "cuda" if there is code for it, else for "host".
mlir::LogicalResult emitModuleInfo(RuntimeBuilder &b,
                                   llvm::ArrayRef<mlir::func::FuncOp> entries,
                                   std::optional<GpuCode> gpu);

} // namespace capstan

#endif // CAPSTAN_CONVERSION_RUNTIMEBUILDER_H
