//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Makes regions of a device changes of the current device around their bodies.
//
//   %y = capstan.with_device %d -> f32 { ... capstan.yield %0 : f32 }
//   // becomes
//   %before = capstan.current_device
//   capstan.set_device %d
//   ...
//   capstan.set_device %before
//
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "capstan/Dialect/DeviceContextOps.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANEXPANDDEVICEREGIONS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

using namespace capstan;

static void expand(IRRewriter &rewriter, WithDeviceOp op) {
  rewriter.setInsertionPoint(op);
  Value before = CurrentDeviceOp::create(rewriter, op.getLoc());
  SetDeviceOp::create(rewriter, op.getLoc(), op.getDevice());
  Block *body = &op.getBody().front();
  Operation *yield = body->getTerminator();
  SmallVector<Value> results(yield->getOperands());
  rewriter.eraseOp(yield);
  rewriter.inlineBlockBefore(body, op);
  rewriter.setInsertionPoint(op);
  SetDeviceOp::create(rewriter, op.getLoc(), before);
  rewriter.replaceOp(op, results);
}

namespace {
struct ExpandDeviceRegions
    : public capstan::impl::CapstanExpandDeviceRegionsBase<
          ExpandDeviceRegions> {
  void runOnOperation() override {
    // Inner ones first.
    SmallVector<WithDeviceOp> regions;
    getOperation()->walk([&](WithDeviceOp op) { regions.push_back(op); });
    IRRewriter rewriter(&getContext());
    for (WithDeviceOp op : regions)
      expand(rewriter, op);
    if (regions.empty())
      markAllAnalysesPreserved();
  }
};
} // namespace
