//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Calls of runtime entries, and what their arguments are made of.
//
//===----------------------------------------------------------------------===//

#include "RuntimeBuilder.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace capstan;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

RuntimeTypes::RuntimeTypes(MLIRContext *context)
    : i8(IntegerType::get(context, 8)), i16(IntegerType::get(context, 16)),
      i32(IntegerType::get(context, 32)), i64(IntegerType::get(context, 64)),
      ptr(LLVM::LLVMPointerType::get(context)) {
  auto make = [&](ArrayRef<Type> fields) {
    return LLVM::LLVMStructType::getLiteral(context, fields);
  };
  Type PTR = ptr, I64 = i64, I32 = i32, I16 = i16, I8 = i8,
       F64 = Float64Type::get(context),
       DIMS = LLVM::LLVMArrayType::get(i64, RuntimeConstants::MAX_RANK);
  LLVM::LLVMStructType &DTYPE = dtype;
#define CAPSTAN_RT_STRUCT(NAME, ...) NAME = make({__VA_ARGS__});
#include "capstan_rt/entry_points.def"
}

std::optional<std::pair<int64_t, int64_t>> capstan::dtypeOf(Type element) {
  if (element.isInteger(1))
    return std::pair<int64_t, int64_t>{6, 8};
  if (isa<IndexType>(element))
    return std::pair<int64_t, int64_t>{0, 64};
  if (auto integer = dyn_cast<IntegerType>(element)) {
    if (!llvm::is_contained({8u, 16u, 32u, 64u}, integer.getWidth()))
      return std::nullopt;
    return std::pair<int64_t, int64_t>{integer.isUnsigned() ? 1 : 0,
                                       integer.getWidth()};
  }
  if (element.isBF16())
    return std::pair<int64_t, int64_t>{4, 16};
  if (isa<Float8E4M3FNType>(element))
    return std::pair<int64_t, int64_t>{10, 8};
  if (element.isF16() || element.isF32() || element.isF64())
    return std::pair<int64_t, int64_t>{2, element.getIntOrFloatBitWidth()};
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

RuntimeBuilder::RuntimeBuilder(ModuleOp module, const LLVMTypeConverter &types)
    : ImplicitLocOpBuilder(module.getLoc(), module.getContext()),
      rt(module.getContext()), module(module), types(types), symbols(module) {}

void RuntimeBuilder::startAt(Operation *op) {
  setInsertionPoint(op);
  setLoc(op->getLoc());
}

Value RuntimeBuilder::i32(int64_t value) {
  return LLVM::ConstantOp::create(*this, rt.i32, value);
}
Value RuntimeBuilder::i64(int64_t value) {
  return LLVM::ConstantOp::create(*this, rt.i64, value);
}
Value RuntimeBuilder::null() { return LLVM::ZeroOp::create(*this, rt.ptr); }
Value RuntimeBuilder::toI64(Value index) {
  if (index.getType() == rt.i64)
    return index;
  return arith::IndexCastOp::create(*this, rt.i64, index);
}
Value RuntimeBuilder::toIndex(Value integer) {
  return arith::IndexCastOp::create(*this, getIndexType(), integer);
}
Value RuntimeBuilder::toLLVM(Value value) {
  Type type = types.convertType(value.getType());
  if (type == value.getType())
    return value;
  return UnrealizedConversionCastOp::create(*this, type, value).getResult(0);
}
Value RuntimeBuilder::fromLLVM(Value value, Type type) {
  if (type == value.getType())
    return value;
  return UnrealizedConversionCastOp::create(*this, type, value).getResult(0);
}

Type RuntimeBuilder::memoryType(Type type) {
  return type.isInteger(1) ? rt.i8 : types.convertType(type);
}
void RuntimeBuilder::storeTo(Value value, Value pointer) {
  value = toLLVM(value);
  if (value.getType().isInteger(1))
    value = LLVM::ZExtOp::create(*this, rt.i8, value);
  LLVM::StoreOp::create(*this, value, pointer);
}
Value RuntimeBuilder::loadFrom(Type type, Value pointer) {
  Value value = LLVM::LoadOp::create(*this, memoryType(type), pointer);
  if (type.isInteger(1))
    value = LLVM::TruncOp::create(*this, type, value);
  return fromLLVM(value, type);
}

func::FuncOp RuntimeBuilder::function() {
  return cast<func::FuncOp>(getInsertionBlock()->getParentOp());
}

Value RuntimeBuilder::slot(Type type, int64_t count) {
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(&getInsertionBlock()->getParent()->front());
  return LLVM::AllocaOp::create(*this, rt.ptr, type, i64(count));
}

Value RuntimeBuilder::field(Type structType, Value pointer,
                            ArrayRef<int32_t> path) {
  SmallVector<LLVM::GEPArg> indices(path.begin(), path.end());
  return LLVM::GEPOp::create(*this, rt.ptr, structType, pointer, indices);
}

void RuntimeBuilder::storeFields(Type type, Value pointer, ValueRange fields) {
  for (auto [i, value] : llvm::enumerate(fields))
    LLVM::StoreOp::create(*this, value,
                          field(type, pointer, {0, static_cast<int32_t>(i)}));
}

Value RuntimeBuilder::makeStruct(Type type, ValueRange fields) {
  Value result = LLVM::UndefOp::create(*this, type);
  for (auto [i, value] : llvm::enumerate(fields))
    result = LLVM::InsertValueOp::create(*this, result, value,
                                         static_cast<int64_t>(i));
  return result;
}

int64_t RuntimeBuilder::sizeOf(Type type) {
  return DataLayout(module).getTypeSize(type);
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

Value RuntimeBuilder::dataOf(Value buffer) {
  MemRefDescriptor descriptor(toLLVM(buffer));
  return descriptor.bufferPtr(*this, getLoc(), types,
                              cast<MemRefType>(buffer.getType()));
}

Value RuntimeBuilder::baseOf(Value buffer) {
  return MemRefDescriptor(toLLVM(buffer)).allocatedPtr(*this, getLoc());
}

Value RuntimeBuilder::bytesOf(MemRefType type, ValueRange dynamicSizes) {
  int64_t fixed = sizeOf(memoryType(type.getElementType()));
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size))
      fixed *= size;
  Value bytes = i64(fixed);
  for (Value size : dynamicSizes)
    bytes = arith::MulIOp::create(*this, bytes, toI64(size));
  return bytes;
}

Value RuntimeBuilder::bytesOf(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<Value> sizes;
  for (auto [i, size] : llvm::enumerate(type.getShape()))
    if (ShapedType::isDynamic(size))
      sizes.push_back(memref::DimOp::create(*this, buffer, i));
  return bytesOf(type, sizes);
}

Value RuntimeBuilder::makeBuffer(Value pointer, MemRefType type,
                                 ValueRange dynamicSizes) {
  auto descriptor =
      MemRefDescriptor::poison(*this, getLoc(), types.convertType(type));
  descriptor.setAllocatedPtr(*this, getLoc(), pointer);
  descriptor.setAlignedPtr(*this, getLoc(), pointer);
  descriptor.setConstantOffset(*this, getLoc(), 0);
  SmallVector<Value> sizes;
  unsigned next = 0;
  for (int64_t size : type.getShape())
    sizes.push_back(ShapedType::isDynamic(size) ? toI64(dynamicSizes[next++])
                                                : i64(size));
  Value stride = i64(1);
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    descriptor.setSize(*this, getLoc(), i, sizes[i]);
    descriptor.setStride(*this, getLoc(), i, stride);
    if (i > 0)
      stride = arith::MulIOp::create(*this, stride, sizes[i]);
  }
  return fromLLVM(descriptor, type);
}

//===----------------------------------------------------------------------===//
// Globals
//===----------------------------------------------------------------------===//

LLVM::GlobalOp
RuntimeBuilder::global(StringRef name, Type type,
                       llvm::function_ref<Value(RuntimeBuilder &)> init) {
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(module.getBody());
  auto result =
      LLVM::GlobalOp::create(*this, type, /*isConstant=*/true,
                             LLVM::Linkage::Internal, name, Attribute());
  symbols.insert(result);
  setInsertionPointToStart(&result.getInitializerRegion().emplaceBlock());
  Value value = init(*this);
  LLVM::ReturnOp::create(*this, value);
  return result;
}

Value RuntimeBuilder::addressOf(LLVM::GlobalOp global) {
  return LLVM::AddressOfOp::create(*this, global);
}

Value RuntimeBuilder::string(StringRef text) {
  LLVM::GlobalOp &known = strings[text];
  if (!known) {
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(module.getBody());
    std::string bytes = text.str() + '\0';
    known = LLVM::GlobalOp::create(
        *this, LLVM::LLVMArrayType::get(rt.i8, bytes.size()),
        /*isConstant=*/true, LLVM::Linkage::Internal, "str",
        getStringAttr(bytes));
    symbols.insert(known);
  }
  return addressOf(known);
}

Value RuntimeBuilder::string(Location location) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto file = location->findInstanceOf<FileLineColLoc>())
    os << file.getFilename().getValue() << ':' << file.getLine() << ':'
       << file.getColumn();
  else if (auto name = location->findInstanceOf<NameLoc>())
    os << name.getName().getValue();
  else
    os << "unknown location";
  return string(text);
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

LLVM::LLVMFuncOp RuntimeBuilder::declare(RuntimeEntry entry) {
  // Names and parameters of all entries, by number.
  Type PTR = rt.ptr, I64 = rt.i64, I32 = rt.i32;
  struct Entry {
    StringRef name;
    SmallVector<Type> parameters;
  };
  const Entry entries[] = {
#define CAPSTAN_RT_CALL(NAME, ...) {"capstan_rt_" #NAME, {PTR, __VA_ARGS__}},
#include "capstan_rt/entry_points.def"
  };
  const Entry &wanted = entries[static_cast<size_t>(entry)];
  if (auto known = symbols.lookup<LLVM::LLVMFuncOp>(wanted.name))
    return known;
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(module.getBody());
  auto result = LLVM::LLVMFuncOp::create(
      *this, wanted.name, LLVM::LLVMFunctionType::get(I32, wanted.parameters));
  symbols.insert(result);
  return result;
}

Block *RuntimeBuilder::failBlock(func::FuncOp function) {
  Block *&known = failBlocks[function];
  if (known)
    return known;
  OpBuilder::InsertionGuard guard(*this);
  known = createBlock(&function.getBody(), function.getBody().end(), {rt.i32},
                      {getLoc()});
  SmallVector<Value> results{known->getArgument(0)};
  for (Type type : function.getResultTypes().drop_front())
    results.push_back(
        fromLLVM(LLVM::PoisonOp::create(*this, types.convertType(type)), type));
  func::ReturnOp::create(*this, results);
  return known;
}

void RuntimeBuilder::returnUnless(Value condition, Value status) {
  Block *fail = failBlock(function());
  Block *block = getInsertionBlock();
  Block *next = block->splitBlock(getInsertionPoint());
  setInsertionPointToEnd(block);
  cf::CondBranchOp::create(*this, condition, next, ValueRange(), fail,
                           ValueRange(status));
  setInsertionPointToStart(next);
}

void RuntimeBuilder::checkStatus(Value status) {
  Value ok =
      LLVM::ICmpOp::create(*this, LLVM::ICmpPredicate::eq, status, i32(0));
  returnUnless(ok, status);
}

void RuntimeBuilder::call(RuntimeEntry entry, ValueRange arguments) {
  SmallVector<Value> operands{function().getArgument(0)};
  llvm::append_range(operands, arguments);
  auto called = LLVM::CallOp::create(*this, declare(entry), operands);
  checkStatus(called.getResult());
}
