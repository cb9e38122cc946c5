//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "KernelFunction.h"
#include "BufferLives.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace capstan;

KernelFunction::KernelFunction(ModuleOp module, Location loc,
                               const llvm::SetVector<Value> &captured) {
  SmallVector<Operation *> constants;
  for (Value value : captured)
    if (matchPattern(value, m_Constant()))
      constants.push_back(value.getDefiningOp());
    else
      arguments.push_back(value);

  auto b = OpBuilder::atBlockEnd(module.getBody());
  SmallVector<Type> types(ValueRange(arguments).getTypes());
  types.append(2, b.getIndexType());
  function =
      func::FuncOp::create(b, loc, "kernel", b.getFunctionType(types, {}));
  function.setPrivate();
  function->setAttr("capstan.kernel", b.getUnitAttr());
  Block *entry = function.addEntryBlock();
  map.map(arguments, entry->getArguments().drop_back(2));
  b.setInsertionPointToStart(entry);
  for (Operation *constant : constants)
    b.clone(*constant, map);
}

/// Whether `other` was there before the allocation `alloc` was made, and so
/// isn't in its memory.
static bool isOlder(Value other, memref::AllocOp alloc) {
  if (auto argument = dyn_cast<BlockArgument>(other))
    return argument.getOwner()->findAncestorOpInBlock(*alloc);
  Operation *op = other.getDefiningOp();
  Operation *ancestor = op->getBlock()->findAncestorOpInBlock(*alloc);
  return ancestor && op->isBeforeInBlock(ancestor);
}

/// Whether what `written` points into is distinct from each other buffer.
static bool isDistinct(Value written, ArrayRef<Value> buffers) {
  Value root = rootOf(written);
  auto alloc = root.getDefiningOp<memref::AllocOp>();
  if (!alloc)
    return false;
  for (Value buffer : buffers) {
    Value other = rootOf(buffer);
    if (buffer == written)
      continue;
    if (other == root)
      return false;
    if (!other.getDefiningOp<memref::AllocOp>() && !isOlder(other, alloc))
      return false;
  }
  return true;
}

bool KernelFunction::markDistinct(ValueRange written) {
  SmallVector<Value> buffers;
  for (Value value : arguments)
    if (isa<MemRefType>(value.getType()))
      buffers.push_back(value);
  for (Value value : written)
    if (!isDistinct(value, buffers))
      return false;
  for (auto [i, value] : llvm::enumerate(arguments))
    if (isa<MemRefType>(value.getType()))
      function.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(),
                          UnitAttr::get(function.getContext()));
  return true;
}

func::FuncOp KernelTable::add(func::FuncOp kernel, StringRef name) {
  bool hasChecks =
      kernel.walk([](cf::AssertOp) { return WalkResult::interrupt(); })
          .wasInterrupted();
  std::string text;
  llvm::raw_string_ostream os(text);
  // Checks tell where they are.
  kernel->print(os,
                OpPrintingFlags().useLocalScope().enableDebugInfo(hasChecks));
  auto [same, isNew] = known.try_emplace(text, kernel);
  if (!isNew) {
    kernel.erase();
    return same->second;
  }
  kernel.setSymName(name);
  symbols.insert(kernel);
  return kernel;
}
