//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Lets LLVM's intrinsics through upstream's conversion to NVVM, which refuses
// those for which CUDA's libdevice has a function.
//
//   %y = llvm.intr.sqrt(%x) : (f32) -> f32
//   // becomes
//   %y = llvm.call_intrinsic "llvm.sqrt.f32"(%x) : (f32) -> f32
//
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANDEVICEINTRINSICS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

namespace {

/// As LLVM writes a type into a name: f32, v8f32.
std::string suffixOf(Type type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto vector = dyn_cast<VectorType>(type))
    os << "v" << vector.getNumElements();
  os << getElementTypeOrSelf(type);
  return text;
}

struct DeviceIntrinsics
    : public capstan::impl::CapstanDeviceIntrinsicsBase<DeviceIntrinsics> {
  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      if (!isa<LLVM::CopySignOp, LLVM::FAbsOp, LLVM::FCeilOp, LLVM::FFloorOp,
               LLVM::FTruncOp, LLVM::RoundEvenOp, LLVM::SqrtOp>(op))
        return;
      OpBuilder b(op);
      Type type = op->getResult(0).getType();
      std::string name;
      llvm::raw_string_ostream(name)
          << "llvm."
          << op->getName().getStringRef().drop_front(strlen("llvm.intr."))
          << "." << suffixOf(type);
      auto call = LLVM::CallIntrinsicOp::create(
          b, op->getLoc(), type, b.getStringAttr(name), op->getOperands());
      op->replaceAllUsesWith(call);
      op->erase();
    });
  }
};
} // namespace
