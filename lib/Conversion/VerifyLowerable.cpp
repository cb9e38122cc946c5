//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Rejects what the host target can't lower, all of it at once.
//
//   // error: 'torch.aten.mm' op has no lowering for the host target
//   %0 = "torch.aten.mm"(%a, %b) : (...) -> ...
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/HostCode.h"
#include "capstan/Conversion/Passes.h"
#include "capstan/Dialect/Capstan.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANVERIFYLOWERABLE
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {

/// Why the operation has no lowering; empty if it may have one.
std::string reason(Operation *op) {
  if (!op->isRegistered())
    return "has no lowering for the host target: its dialect is foreign";
  if (auto function = dyn_cast<func::FuncOp>(op))
    if (function.isExternal() &&
        !SymbolTable::symbolKnownUseEmpty(function, function->getParentOp()))
      return "has no definition; host code can call only what the module "
             "defines";
  if (isa<func::CallIndirectOp>(op))
    return "has no lowering for the host target: its callee isn't known";
  if (auto forall = dyn_cast<scf::ForallOp>(op))
    if (forall.getMapping())
      return "has no lowering for the host target: it is mapped to the units "
             "of "
             "another one";
  if (auto parallel = dyn_cast<scf::ParallelOp>(op))
    if (parallel.getNumResults() > 0)
      return "has no lowering for the host target: a loop with results must be "
             "sequential";
  if (op->getName().getDialectNamespace() == "vector")
    for (Value value : op->getOperands())
      if (isDeviceType(value.getType()))
        return "has no lowering for the host target: it moves vectors from or "
               "to the device";
  for (Value value : op->getOperands())
    if (isa<UnrankedTensorType, UnrankedMemRefType>(value.getType()))
      return "has no lowering for the host target: the rank of an operand "
             "isn't known";
  return {};
}

struct VerifyLowerable
    : public capstan::impl::CapstanVerifyLowerableBase<VerifyLowerable> {
  void runOnOperation() override {
    bool failed = false;
    getOperation()->walk<WalkOrder::PreOrder>([&](Operation *op) {
      std::string why = reason(op);
      if (why.empty())
        return WalkResult::advance();
      op->emitOpError(why);
      failed = true;
      return WalkResult::skip();
    });
    if (failed)
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
