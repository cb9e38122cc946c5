//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/DeviceContextOps.h"
#include "capstan/Dialect/GraphOps.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace capstan;

/// Names of devices that are known when compiling are right.
static LogicalResult verifyDevice(Operation *op, Value device) {
  std::optional<int64_t> ordinal = getConstantIntValue(device);
  if (ordinal && *ordinal < 0)
    return op->emitOpError("device ")
           << *ordinal << " can't be: devices count from 0";
  return success();
}

static std::optional<int64_t> architectureOf(StringRef chip) {
  int64_t number;
  if (!chip.consume_front("sm_"))
    return std::nullopt;
  if (chip.ends_with("a") || chip.ends_with("f"))
    chip = chip.drop_back();
  if (chip.getAsInteger(10, number) || number < 10 || number > 9999)
    return std::nullopt;
  return number;
}

std::string capstan::chipName(StringRef chip) {
  std::optional<int64_t> number = architectureOf(chip);
  return number ? "sm_" + std::to_string(*number) : std::string();
}

std::optional<int64_t> capstan::capabilityOf(StringRef chip, Capability name) {
  std::optional<int64_t> architecture = architectureOf(chip);
  if (!architecture)
    return std::nullopt;
  if (name == Capability::Architecture)
    return architecture;
  // CUDA C++ Programming Guide, technical specifications per compute
  // capability; layouts of FP8 as the runtime has them.
  static const struct {
    int64_t architecture, sharedKiB, fp8Layouts;
  } chips[] = {{80, 163, 0},   {86, 99, 0},    {89, 99, 1},  {90, 227, 1},
               {100, 227, 15}, {103, 227, 15}, {120, 99, 1}, {121, 99, 1}};
  for (const auto &known : chips) {
    if (known.architecture != *architecture)
      continue;
    if (name == Capability::SharedMemory)
      return known.sharedKiB * 1024;
    if (name == Capability::Fp8GemmLayouts)
      return known.fp8Layouts;
  }
  return std::nullopt;
}

LogicalResult SetDeviceOp::verify() { return verifyDevice(*this, getDevice()); }
LogicalResult DeviceCapabilityOp::verify() {
  return verifyDevice(*this, getDevice());
}

LogicalResult WithDeviceOp::verify() {
  return verifyDevice(*this, getDevice());
}

LogicalResult WithDeviceOp::verifyRegions() {
  Block &block = getBody().front();
  if (block.getNumArguments() != 0)
    return emitOpError("the body takes no arguments");
  if (!isa<YieldOp>(block.back()))
    return emitOpError("the body must end in capstan.yield");
  return success();
}

void WithDeviceOp::build(OpBuilder &builder, OperationState &state,
                         Value device, TypeRange results) {
  state.addOperands(device);
  state.addTypes(results);
  state.addRegion()->emplaceBlock();
}

void WithDeviceOp::getSuccessorRegions(
    RegionBranchPoint point, SmallVectorImpl<RegionSuccessor> &regions) {
  if (point.isParent())
    regions.push_back(RegionSuccessor(&getBody()));
  else
    regions.push_back(RegionSuccessor(getOperation(), getResults()));
}

//===----------------------------------------------------------------------===//
// Canonicalization: what the operations just before tell
//===----------------------------------------------------------------------===//

/// How far back to look.
static constexpr unsigned kMaxSteps = 16;

/// The device that is certainly current before `op`, or null.
static Value deviceBefore(Operation *op) {
  unsigned steps = 0;
  for (Operation *before = op->getPrevNode(); before;
       before = before->getPrevNode()) {
    if (auto set = dyn_cast<SetDeviceOp>(before))
      return set.getDevice();
    if (auto get = dyn_cast<CurrentDeviceOp>(before))
      return get.getDevice();
    if (++steps == kMaxSteps || !isMemoryEffectFree(before))
      return {};
  }
  auto region = dyn_cast_if_present<WithDeviceOp>(op->getParentOp());
  return region ? region.getDevice() : Value();
}

static bool isDeviceBefore(Operation *op, Value device) {
  Value before = deviceBefore(op);
  return before && isEqualConstantIntOrValue(before, device);
}

LogicalResult SetDeviceOp::canonicalize(SetDeviceOp op,
                                        PatternRewriter &rewriter) {
  if (!isDeviceBefore(op, op.getDevice()))
    return failure();
  rewriter.eraseOp(op);
  return success();
}

LogicalResult CurrentDeviceOp::canonicalize(CurrentDeviceOp op,
                                            PatternRewriter &rewriter) {
  Value device = deviceBefore(op);
  if (!device)
    return failure();
  rewriter.replaceOp(op, device);
  return success();
}

/// Whether the body certainly has no need of being restored after.
static bool keepsDevice(WithDeviceOp op) {
  return llvm::all_of(op.getBody().front(), [](Operation &nested) {
    return isa<WithDeviceOp, YieldOp>(nested) || isMemoryEffectFree(&nested);
  });
}

LogicalResult WithDeviceOp::canonicalize(WithDeviceOp op,
                                         PatternRewriter &rewriter) {
  if (!isDeviceBefore(op, op.getDevice()) || !keepsDevice(op))
    return failure();
  Operation *yield = op.getBody().front().getTerminator();
  SmallVector<Value> results(yield->getOperands());
  rewriter.eraseOp(yield);
  rewriter.inlineBlockBefore(&op.getBody().front(), op);
  rewriter.replaceOp(op, results);
  return success();
}

#include "capstan/Dialect/DeviceContextEnums.cpp.inc"

#define GET_OP_CLASSES
#include "capstan/Dialect/DeviceContextOps.cpp.inc"
