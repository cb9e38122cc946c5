//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Makes reads of device data in host code visible as `capstan.item`.
//
//   %n = tensor.extract %max[] : tensor<i32>
//   // becomes
//   %n = capstan.item %max[] : tensor<i32>
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/HostCode.h"
#include "capstan/Analysis/PureFunctions.h"
#include "capstan/Analysis/Slice.h"
#include "capstan/Transforms/Passes.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANRAISEHOSTSYNCS
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {
struct RaiseHostSyncs
    : public capstan::impl::CapstanRaiseHostSyncsBase<RaiseHostSyncs> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<Operation *> reads;
    walkHostCode(getOperation(), [&](Operation *op) {
      if (isUnraisedSync(op))
        reads.push_back(op);
    });
    for (Operation *read : reads) {
      OpBuilder b(read);
      auto item =
          ItemOp::create(b, read->getLoc(), read->getResult(0).getType(),
                         read->getOperand(0), read->getOperands().drop_front());
      read->getResult(0).replaceAllUsesWith(item.getResult());
      read->erase();
    }
    numRaised += reads.size();
    bool erased = false;
    if (eraseDead) {
      const OpModels *models = OpModels::get(&getContext());
      if (!models)
        return signalPassFailure();
      Semantics semantics(*models);
      erased = eraseDeadCode(semantics, getOperation());
    }
    if (reads.empty() && !erased)
      markAllAnalysesPreserved();
    // For the function passes that follow.
    getAnalysis<PureFunctions>();
    markAnalysesPreserved<PureFunctions>();
  }
};
} // namespace
