//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Rejects operations that mix host and device tensors: a cast between the
// spaces would hide a host sync.
//
//   // error: 'tensor.cast' op mixes host and device tensors
//   %0 = tensor.cast %t : tensor<4xi32> to tensor<4xi32, #capstan.host>
//
//===----------------------------------------------------------------------===//

#include "capstan/Transforms/Passes.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANVERIFYSPACES
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

/// Control flow and calls hand values on without looking into them; foreign
/// operations are described by their models.
static bool mayCarryBoth(Operation *op) {
  return !op->isRegistered() || isa<CapstanDialect>(op->getDialect()) ||
         op->hasTrait<OpTrait::IsTerminator>() ||
         isa<CallOpInterface, RegionBranchOpInterface, FunctionOpInterface>(op);
}

namespace {
struct VerifySpaces
    : public capstan::impl::CapstanVerifySpacesBase<VerifySpaces> {
  void runOnOperation() override {
    bool failed = false;
    getOperation()->walk([&](Operation *op) {
      if (mayCarryBoth(op))
        return;
      bool host = false, device = false;
      auto look = [&](TypeRange types) {
        for (Type type : types) {
          host |= isHostType(type);
          device |= isDeviceType(type);
        }
      };
      look(op->getOperandTypes());
      look(op->getResultTypes());
      if (!host || !device)
        return;
      failed = true;
      op->emitOpError("mixes host and device tensors; only capstan.item, "
                      "capstan.to_host and capstan.fetch cross between them");
    });
    if (failed)
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
