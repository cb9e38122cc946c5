//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/GraphOps.h"
#include "capstan/Dialect/DeviceContextOps.h"
#include "capstan/Interfaces/CaptureSafeOpInterface.h"

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

#include "capstan/Dialect/GraphEnums.cpp.inc"

#define GET_OP_CLASSES
#include "capstan/Dialect/GraphOps.cpp.inc"
