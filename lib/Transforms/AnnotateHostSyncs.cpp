//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Marks every host sync with kind, location and weight.
//
//   %n = capstan.item %max[] {capstan.sync = {function = "layer", kind =
//   "item",
//                             weight = 16 : i64}} : tensor<i32>
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/SyncWeights.h"
#include "capstan/Transforms/Passes.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANANNOTATEHOSTSYNCS
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {
struct AnnotateHostSyncs
    : public capstan::impl::CapstanAnnotateHostSyncsBase<AnnotateHostSyncs> {
  void runOnOperation() override {
    const OpModels *models = OpModels::get(&getContext());
    if (!models)
      return signalPassFailure();
    Semantics semantics(*models);
    SyncWeights weights(getOperation(), semantics);
    Builder b(&getContext());
    for (const HostSync &sync : weights.syncs()) {
      NamedAttrList mark;
      if (sync.function)
        mark.set("function",
                 b.getStringAttr(
                     SymbolTable::getSymbolName(sync.function).getValue()));
      mark.set("kind", b.getStringAttr(sync.kind));
      mark.set("weight", b.getI64IntegerAttr(sync.weight.most));
      if (!sync.weight.unknown.empty())
        mark.set("unknown",
                 b.getArrayAttr(SmallVector<Attribute>(
                     sync.weight.unknown.begin(), sync.weight.unknown.end())));
      sync.op->setDiscardableAttr("capstan.sync",
                                  mark.getDictionary(&getContext()));
    }
    numSyncs += weights.syncs().size();
    markAllAnalysesPreserved();
  }
};
} // namespace
