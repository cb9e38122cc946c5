//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Entries of public functions and what a module says about itself.
//
//===----------------------------------------------------------------------===//

#include "RuntimeBuilder.h"
#include "capstan/Dialect/DeviceContextOps.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Config/llvm-config.h"

using namespace mlir;
using namespace capstan;

/// The name that people know an argument or result by.
static std::string nameOf(DictionaryAttr attributes, StringRef fallback,
                          unsigned index) {
  for (StringRef key : {"capstan.name", "torch.name", "iree.abi.name",
                        "tf.name", "ml_program.identifier"})
    if (attributes)
      if (auto name = attributes.getAs<StringAttr>(key))
        return name.str();
  return (fallback + Twine(index)).str();
}

/// Loads the argument that `pointer`, a capstan_rt_memref, describes.
static Value loadArgument(RuntimeBuilder &b, Value pointer, Type type) {
  auto load = [&](Type fieldType, ArrayRef<int32_t> path) -> Value {
    return LLVM::LoadOp::create(b, fieldType,
                                b.field(b.rt.memref, pointer, path));
  };
  Value data = load(b.rt.ptr, {0, 1});
  auto buffer = dyn_cast<MemRefType>(type);
  if (!buffer)
    return b.loadFrom(type, data);
  auto descriptor =
      MemRefDescriptor::poison(b, b.getLoc(), b.types.convertType(type));
  descriptor.setAllocatedPtr(b, b.getLoc(), load(b.rt.ptr, {0, 0}));
  descriptor.setAlignedPtr(b, b.getLoc(), data);
  descriptor.setConstantOffset(b, b.getLoc(), 0);
  for (int32_t i = 0; i < buffer.getRank(); ++i) {
    descriptor.setSize(b, b.getLoc(), i, load(b.rt.i64, {0, 2, i}));
    descriptor.setStride(b, b.getLoc(), i, load(b.rt.i64, {0, 3, i}));
  }
  return b.fromLLVM(descriptor, type);
}

/// Stores a result where `pointer`, a capstan_rt_memref, says.
static void storeResult(RuntimeBuilder &b, Value value, Value pointer) {
  auto store = [&](Value field, ArrayRef<int32_t> path) {
    LLVM::StoreOp::create(b, field, b.field(b.rt.memref, pointer, path));
  };
  auto buffer = dyn_cast<MemRefType>(value.getType());
  if (!buffer) {
    Value data = LLVM::LoadOp::create(b, b.rt.ptr,
                                      b.field(b.rt.memref, pointer, {0, 1}));
    b.storeTo(value, data);
    return;
  }
  store(b.baseOf(value), {0, 0});
  store(b.dataOf(value), {0, 1});
  MemRefDescriptor descriptor(b.toLLVM(value));
  for (int32_t i = 0; i < buffer.getRank(); ++i) {
    store(descriptor.size(b, b.getLoc(), i), {0, 2, i});
    store(descriptor.stride(b, b.getLoc(), i), {0, 3, i});
  }
}

/// `i32 @NAME.entry(forward, arguments, results)`.
static LLVM::LLVMFuncOp makeEntry(RuntimeBuilder &b, func::FuncOp function) {
  b.setInsertionPointToEnd(b.module.getBody());
  b.setLoc(function.getLoc());
  auto entry = LLVM::LLVMFuncOp::create(
      b, (function.getSymName() + ".entry").str(),
      LLVM::LLVMFunctionType::get(b.rt.i32, {b.rt.ptr, b.rt.ptr, b.rt.ptr}),
      LLVM::Linkage::Internal);
  Block *body = entry.addEntryBlock(b);
  Block *done = b.createBlock(&entry.getBody(), {}, {}, {});
  Block *fail = b.createBlock(&entry.getBody(), {}, {}, {});

  b.setInsertionPointToStart(body);
  auto place = [&](unsigned argument, size_t i) {
    return b.field(b.rt.memref, body->getArgument(argument),
                   {static_cast<int32_t>(i)});
  };
  SmallVector<Value> operands{body->getArgument(0)};
  for (auto [i, type] :
       llvm::enumerate(function.getArgumentTypes().drop_front()))
    operands.push_back(loadArgument(b, place(1, i), type));
  auto call = func::CallOp::create(b, function, operands);
  Value status = call.getResult(0);
  Value ok = LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::eq, status, b.i32(0));
  LLVM::CondBrOp::create(b, ok, done, fail);

  b.setInsertionPointToStart(done);
  for (auto [i, result] : llvm::enumerate(call.getResults().drop_front()))
    storeResult(b, result, place(2, i));
  LLVM::ReturnOp::create(b, status);
  b.setInsertionPointToStart(fail);
  LLVM::ReturnOp::create(b, status);
  return entry;
}

/// An array of capstan_rt_value_info; fails on types that can't cross.
static FailureOr<LLVM::GlobalOp>
makeInfos(RuntimeBuilder &b, func::FuncOp function, bool results) {
  auto types =
      results ? function.getResultTypes() : function.getArgumentTypes();
  types = types.drop_front(); // status, forward
  for (auto [i, type] : llvm::enumerate(types)) {
    auto buffer = dyn_cast<MemRefType>(type);
    if (!dtypeOf(buffer ? buffer.getElementType() : type) ||
        (buffer && buffer.getRank() > RuntimeConstants::MAX_RANK))
      return function.emitOpError(results ? "result #" : "argument #")
             << i << " of type " << type
             << " can't cross the boundary of a module";
  }
  auto arrayType = LLVM::LLVMArrayType::get(b.rt.value_info, types.size());
  return b.global(
      (function.getSymName() + (results ? ".results" : ".arguments")).str(),
      arrayType, [&](RuntimeBuilder &b) {
        SmallVector<Value> infos;
        for (auto [i, type] : llvm::enumerate(types)) {
          auto buffer = dyn_cast<MemRefType>(type);
          auto [code, bits] = *dtypeOf(buffer ? buffer.getElementType() : type);
          auto constant = [&](Type type, int64_t value) -> Value {
            return LLVM::ConstantOp::create(b, type, value);
          };
          Value dtype = b.makeStruct(b.rt.dtype, {constant(b.rt.i8, code),
                                                  constant(b.rt.i8, bits),
                                                  constant(b.rt.i16, 1)});
          Value dims = b.null();
          if (buffer && buffer.getRank() > 0) {
            SmallVector<int64_t> sizes(buffer.getShape());
            for (int64_t &size : sizes)
              if (ShapedType::isDynamic(size))
                size = -1;
            auto dimsType = LLVM::LLVMArrayType::get(b.rt.i64, sizes.size());
            dims = b.addressOf(
                b.global("dims", dimsType, [&](RuntimeBuilder &b) -> Value {
                  SmallVector<Value> values;
                  for (int64_t size : sizes)
                    values.push_back(b.i64(size));
                  return b.makeStruct(dimsType, values);
                }));
          }
          DictionaryAttr attributes = results
                                          ? function.getResultAttrDict(i + 1)
                                          : function.getArgAttrDict(i + 1);
          std::string name = nameOf(attributes, results ? "result" : "arg", i);
          infos.push_back(
              b.makeStruct(b.rt.value_info,
                           {b.string(name), b.i32(buffer ? 0 : 1),
                            b.i32(!buffer || isHostType(type) ? 1 : 0), dtype,
                            b.i32(buffer ? buffer.getRank() : 0), dims}));
        }
        return b.makeStruct(arrayType, infos);
      });
}

LogicalResult capstan::emitModuleInfo(RuntimeBuilder &b,
                                      ArrayRef<func::FuncOp> functions,
                                      std::optional<GpuCode> gpu) {
  struct Parts {
    func::FuncOp function;
    LLVM::LLVMFuncOp entry;
    LLVM::GlobalOp arguments, results;
  };
  SmallVector<Parts> parts;
  for (func::FuncOp function : functions) {
    auto arguments = makeInfos(b, function, false);
    auto results = makeInfos(b, function, true);
    if (failed(arguments) || failed(results))
      return failure();
    parts.push_back({function, makeEntry(b, function), *arguments, *results});
  }
  b.setLoc(b.module.getLoc());
  auto entriesType = LLVM::LLVMArrayType::get(b.rt.entry_info, parts.size());
  auto entries =
      b.global("capstan_entries", entriesType, [&](RuntimeBuilder &b) -> Value {
        SmallVector<Value> infos;
        for (Parts &part : parts) {
          Value address = LLVM::AddressOfOp::create(b, part.entry);
          infos.push_back(b.makeStruct(
              b.rt.entry_info,
              {b.string(part.function.getSymName()), address,
               b.i32(part.function.getNumArguments() - 1),
               b.i32(part.function.getNumResults() - 1),
               b.addressOf(part.arguments), b.addressOf(part.results)}));
        }
        return b.makeStruct(entriesType, infos);
      });
  Type type = gpu ? b.rt.gpu_module_info : b.rt.module_info;
  std::string target = gpu ? "cuda" : "host";
  if (auto chip = b.module->getAttrOfType<StringAttr>(kChipAttr))
    target += ":" + chip.str();
  auto info = b.global("capstan_module", type, [&](RuntimeBuilder &b) -> Value {
    SmallVector<Value> fields{
        b.i32(b.sizeOf(type)), b.i32(RuntimeConstants::ABI_VERSION),
        b.string(target),      b.string("capstan, LLVM " LLVM_VERSION_STRING),
        b.i64(parts.size()),   b.addressOf(entries)};
    if (gpu)
      fields.append({b.addressOf(gpu->code), b.i64(gpu->bytes),
                     b.i64(gpu->numKernels), b.addressOf(gpu->kernels),
                     b.i64(gpu->numConstants), b.addressOf(gpu->constants),
                     b.addressOf(gpu->kernelBytes)});
    return b.makeStruct(type, fields);
  });
  info.setLinkage(LLVM::Linkage::External);
  return success();
}
