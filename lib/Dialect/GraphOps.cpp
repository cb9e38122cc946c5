//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/GraphOps.h"
#include "capstan/Dialect/DeviceContextOps.h"
#include "capstan/Interfaces/CaptureSafeOpInterface.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace capstan;

LogicalResult GraphOp::verify() {
  for (auto [i, input] : llvm::enumerate(getInputs())) {
    Type type = input.getType();
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || isHostType(tensor))
      return emitOpError("input #")
             << i << " (" << type
             << ") is a host value: a replay would use that of the capture. It "
                "has to be a constant inside, guarded by a bucket, or read "
                "from device memory";
    if (!tensor.hasStaticShape())
      return emitOpError("input #")
             << i << " (" << type << ") has a size of run time";
  }
  return success();
}

LogicalResult GraphOp::verifyRegions() {
  Block &block = getBody().front();
  if (block.getArgumentTypes() != getInputs().getTypes())
    return emitOpError("the body's arguments must have the inputs' types");
  auto yield = dyn_cast<YieldOp>(block.back());
  if (!yield)
    return emitOpError("the body must end in capstan.yield");
  if (yield.getOperandTypes() != getResultTypes())
    return yield.emitOpError("must give the types of the graph's results");
  for (Operation &op : block.without_terminator())
    if (std::string obstacle = captureObstacle(&op); !obstacle.empty())
      return (op.emitOpError("can't be part of a graph: ") << obstacle)
                 .attachNote(getLoc())
             << "the graph";
  return success();
}

//===----------------------------------------------------------------------===//
// CallGraphOp
//===----------------------------------------------------------------------===//

bool capstan::isPrefixOf(MemRefType part, MemRefType whole) {
  if (part.getRank() != whole.getRank() ||
      part.getElementType() != whole.getElementType() ||
      part.getMemorySpace() != whole.getMemorySpace() ||
      !part.getLayout().isIdentity())
    return false;
  // In front of the first dynamic size, only one of 1 can be taken whole.
  bool dynamic = false;
  for (auto [size, all] : llvm::zip_equal(part.getShape(), whole.getShape())) {
    bool isDynamic = ShapedType::isDynamic(size);
    if (isDynamic ? dynamic : size != all)
      return false;
    dynamic |= isDynamic;
    if (!dynamic && all != 1 && part.getNumDynamicDims())
      return false;
  }
  return true;
}

static bool isInputFor(Type input, MemRefType argument) {
  auto buffer = dyn_cast<MemRefType>(input);
  if (!buffer)
    return !argument.getRank() && input == argument.getElementType();
  return buffer == argument || isPrefixOf(buffer, argument);
}

LogicalResult
CallGraphOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto function =
      symbolTable.lookupNearestSymbolFrom<func::FuncOp>(*this, getCalleeAttr());
  if (!function)
    return emitOpError("calls ") << getCalleeAttr() << ", which is no function";
  auto type = function.getFunctionType();
  if (type.getNumInputs() != getInputs().size() ||
      type.getNumResults() != getNumResults())
    return emitOpError("has another number of inputs or results than ")
           << getCalleeAttr();
  int64_t dynamic = 0;
  for (auto [i, input] : llvm::enumerate(getInputs())) {
    auto argument = dyn_cast<MemRefType>(type.getInput(i));
    if (!argument || !argument.hasStaticShape() ||
        !isInputFor(input.getType(), argument))
      return emitOpError("input #")
             << i << " (" << input.getType() << ") doesn't begin the argument "
             << type.getInput(i);
  }
  for (auto [i, result] : llvm::enumerate(getResultTypes())) {
    auto made = dyn_cast<MemRefType>(type.getResult(i));
    auto part = cast<MemRefType>(result);
    if (!made || !made.hasStaticShape() ||
        !(part == made || isPrefixOf(part, made)))
      return emitOpError("result #")
             << i << " (" << result << ") doesn't begin the body's "
             << type.getResult(i);
    dynamic += part.getNumDynamicDims();
  }
  if (dynamic != static_cast<int64_t>(getSizes().size()))
    return emitOpError("has ") << dynamic << " results' dynamic sizes, but "
                               << getSizes().size() << " are given";
  return success();
}

void CallGraphOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  for (OpOperand &input : getInputsMutable())
    if (isa<MemRefType>(input.get().getType()))
      effects.emplace_back(MemoryEffects::Read::get(), &input);
  for (OpResult result : getResults()) {
    effects.emplace_back(MemoryEffects::Allocate::get(), result);
    effects.emplace_back(MemoryEffects::Write::get(), result);
  }
  // A check in it may fail.
  effects.emplace_back(MemoryEffects::Write::get());
}

#include "capstan/Dialect/GraphEnums.cpp.inc"

#define GET_OP_CLASSES
#include "capstan/Dialect/GraphOps.cpp.inc"
