//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Kernels, and what a launch hands to the runtime: a function that unpacks the
// arguments, and what a message says of the kernel.
//
//===----------------------------------------------------------------------===//

#include "LowerToRuntime.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"

using namespace mlir;
using namespace capstan;

/// Kernels only load from, store to and measure their buffers; booleans are
/// bytes there, since LLVM doesn't vectorize single bits.
static void accessAsBytes(RuntimeBuilder &b, Value buffer, MemRefType type,
                          BlockArgument argument) {
  auto bytes = MemRefType::get(type.getShape(), b.getI8Type(), type.getLayout(),
                               type.getMemorySpace());
  Value view = b.fromLLVM(buffer, bytes);
  for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
    if (auto load = dyn_cast<memref::LoadOp>(user)) {
      b.startAt(load);
      Value byte = memref::LoadOp::create(b, view, load.getIndices());
      Value bit = arith::TruncIOp::create(b, load.getType(), byte);
      load.replaceAllUsesWith(bit);
      load.erase();
    } else if (auto store = dyn_cast<memref::StoreOp>(user)) {
      b.startAt(store);
      Value byte =
          arith::ExtUIOp::create(b, b.getI8Type(), store.getValueToStore());
      memref::StoreOp::create(b, byte, view, store.getIndices());
      store.erase();
    } else if (auto dim = dyn_cast<memref::DimOp>(user)) {
      dim.getSourceMutable().assign(view);
    }
  }
}

/// A buffer is taken as its descriptor, and, if it is distinct from the others,
/// its first element as a pointer of its own, which carries the attribute.
void Kernels::convertArguments(func::FuncOp kernel) {
  SmallVector<Type> &original = types[kernel];
  llvm::append_range(original, kernel.getArgumentTypes());
  SmallVector<bool> &isDistinct = distinct[kernel];
  isDistinct.resize(original.size());
  StringRef noalias = LLVM::LLVMDialect::getNoAliasAttrName();
  for (int64_t i = original.size() - 1; i >= 0; --i) {
    auto type = dyn_cast<MemRefType>(original[i]);
    if (!type)
      continue;
    BlockArgument argument = kernel.getArgument(i);
    isDistinct[i] = bool(kernel.removeArgAttr(i, noalias));
    b.setInsertionPointToStart(&kernel.getBody().front());
    b.setLoc(kernel.getLoc());
    // The uses move to a view of the descriptor.
    auto placeholder = LLVM::UndefOp::create(b, b.types.convertType(type));
    Value descriptor = placeholder;
    if (isDistinct[i]) {
      (void)kernel.insertArgument(
          i + 1, b.rt.ptr,
          b.getDictionaryAttr(b.getNamedAttr(noalias, b.getUnitAttr())),
          kernel.getLoc());
      descriptor = LLVM::InsertValueOp::create(
          b, descriptor, kernel.getArgument(i + 1), int64_t(1));
    }
    Operation *last = descriptor.getDefiningOp();
    if (type.getElementType().isInteger(1))
      accessAsBytes(b, descriptor, type, argument);
    if (!argument.use_empty()) {
      b.setInsertionPointAfter(last);
      argument.replaceAllUsesWith(b.fromLLVM(descriptor, type));
    }
    argument.setType(placeholder.getType());
    placeholder.replaceAllUsesWith(Value(argument));
    placeholder->erase();
  }
  kernel.setFunctionType(b.getFunctionType(kernel.getBody().getArgumentTypes(),
                                           kernel.getResultTypes()));
}

/// A kernel returns 0, or 1 + the number of the check that failed.
void Kernels::convert(func::FuncOp kernel) {
  convertArguments(kernel);
  SmallVector<cf::AssertOp> asserts;
  SmallVector<func::ReturnOp> returns;
  kernel.walk([&](Operation *op) {
    if (auto check = dyn_cast<cf::AssertOp>(op))
      asserts.push_back(check);
    else if (auto ret = dyn_cast<func::ReturnOp>(op))
      returns.push_back(ret);
  });
  kernel.setFunctionType(
      b.getFunctionType(kernel.getArgumentTypes(), {b.rt.i32}));
  kernel->setAttr("llvm.linkage", LLVM::LinkageAttr::get(
                                      b.getContext(), LLVM::Linkage::Internal));
  for (func::ReturnOp ret : returns) {
    b.startAt(ret);
    Value zero = b.i32(0);
    ret->insertOperands(0, zero);
  }
  SmallVector<Check> &table = checks[kernel];
  for (cf::AssertOp check : asserts) {
    table.push_back({check.getMsg().str(), check.getLoc()});
    b.startAt(check);
    b.returnUnless(check.getArg(), b.i32(table.size()));
    check.erase();
  }
}

/// `i32 @NAME.thunk(arguments, begin, end)` unpacks the arguments.
LLVM::LLVMFuncOp Kernels::thunk(func::FuncOp kernel, Type argumentsType) {
  LLVM::LLVMFuncOp &known = thunks[kernel];
  if (known)
    return known;
  OpBuilder::InsertionGuard guard(b);
  Location loc = b.getLoc();
  b.setLoc(kernel.getLoc());
  b.setInsertionPointAfter(kernel);
  known = LLVM::LLVMFuncOp::create(
      b, (kernel.getSymName() + ".thunk").str(),
      LLVM::LLVMFunctionType::get(b.rt.i32, {b.rt.ptr, b.rt.i64, b.rt.i64}),
      LLVM::Linkage::Internal);
  Block *body = known.addEntryBlock(b);
  b.setInsertionPointToStart(body);
  SmallVector<Value> operands;
  for (auto [i, type] : llvm::enumerate(ArrayRef(types[kernel]).drop_back(2))) {
    Value place = b.field(argumentsType, body->getArgument(0),
                          {0, static_cast<int32_t>(i)});
    if (!isa<MemRefType>(type)) {
      operands.push_back(b.loadFrom(type, place));
      continue;
    }
    Value descriptor =
        LLVM::LoadOp::create(b, b.types.convertType(type), place);
    operands.push_back(descriptor);
    if (distinct[kernel][i])
      operands.push_back(
          LLVM::ExtractValueOp::create(b, descriptor, int64_t(1)));
  }
  operands.push_back(b.toIndex(body->getArgument(1)));
  operands.push_back(b.toIndex(body->getArgument(2)));
  auto call = func::CallOp::create(b, kernel, operands);
  LLVM::ReturnOp::create(b, call.getResult(0));
  b.setLoc(loc);
  return known;
}

/// Equal kernels share code; each launch has its own place.
Value Kernels::kernelInfo(LaunchOp op, func::FuncOp kernel) {
  Value name = b.string(op.getKernel()), location = b.string(op.getLoc());
  auto symbol = [](Value value) {
    return value.getDefiningOp<LLVM::AddressOfOp>().getGlobalName().str();
  };
  LLVM::GlobalOp &known = infos[symbol(name) + symbol(location)];
  if (!known) {
    ArrayRef<Check> table = checks[kernel];
    auto tableType = LLVM::LLVMArrayType::get(b.rt.check_info, table.size());
    LLVM::GlobalOp tableGlobal;
    if (!table.empty())
      tableGlobal =
          b.global((kernel.getSymName() + ".checks").str(), tableType,
                   [&](RuntimeBuilder &b) -> Value {
                     SmallVector<Value> entries;
                     for (const Check &check : table)
                       entries.push_back(b.makeStruct(
                           b.rt.check_info, {b.string(check.message),
                                             b.string(check.location)}));
                     return b.makeStruct(tableType, entries);
                   });
    known = b.global((kernel.getSymName() + ".info").str(), b.rt.kernel_info,
                     [&](RuntimeBuilder &b) -> Value {
                       return b.makeStruct(
                           b.rt.kernel_info,
                           {b.string(op.getKernel()), b.string(op.getLoc()),
                            b.i64(table.size()),
                            tableGlobal ? b.addressOf(tableGlobal) : b.null()});
                     });
  }
  return b.addressOf(known);
}

void Kernels::launch(LaunchOp op) {
  auto kernel = b.module.lookupSymbol<func::FuncOp>(op.getKernelAttr());
  SmallVector<Type> fields;
  for (Type type : op.getInputs().getTypes())
    fields.push_back(b.memoryType(type));
  auto type = LLVM::LLVMStructType::getLiteral(b.getContext(), fields);
  Value arguments = b.slot(type);
  for (auto [i, input] : llvm::enumerate(op.getInputs()))
    b.storeTo(input, b.field(type, arguments, {0, static_cast<int32_t>(i)}));
  Value function = LLVM::AddressOfOp::create(b, thunk(kernel, type));
  b.call(RuntimeEntry::launch,
         {kernelInfo(op, kernel), function, arguments, b.i64(b.sizeOf(type)),
          b.toI64(op.getExtent())});
}
