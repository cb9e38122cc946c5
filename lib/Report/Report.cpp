//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Report/Report.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::report;

namespace {
/// Keeps what the passes say about syncs that they leave.
struct RemarkCollector : public remark::detail::MLIRRemarkStreamerBase {
  explicit RemarkCollector(std::vector<KeptRemark> &kept) : kept(kept) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    if (remark.getRemarkName() != "kept")
      return;
    KeptRemark entry{placesOf(remark.getLocation()), {}, {}};
    for (const remark::detail::Remark::Arg &arg : remark.getArgs()) {
      if (arg.key == "Reason")
        entry.reason = arg.val;
      else if (arg.key == "BlockedBy")
        entry.blockedBy = arg.val;
    }
    kept.push_back(std::move(entry));
  }

  std::vector<KeptRemark> &kept;
};
} // namespace

static llvm::Error error(const Twine &message) {
  return llvm::createStringError(message);
}

/// Runs the passes on `module`, with their remarks going to `kept`.
static llvm::Error optimize(ModuleOp module, PassManager &passes,
                            std::vector<KeptRemark> &kept) {
  remark::RemarkCategories categories;
  categories.missed = "capstan";
  if (failed(remark::enableOptimizationRemarks(
          *module.getContext(), std::make_unique<RemarkCollector>(kept),
          std::make_unique<remark::RemarkEmittingPolicyAll>(), categories)))
    return error("remarks can't be collected");
  if (failed(passes.run(module)))
    return error("the pipeline failed on this module");
  return llvm::Error::success();
}

llvm::Error capstan::report::fill(Report &report, ModuleOp module,
                                  PassManager &passes, const OpModels &models,
                                  const llvm::SourceMgr &source) {
  Semantics semantics(models);
  {
    SyncWeights weights(module, semantics);
    if (weights.entries().empty())
      return error("'" + report.file +
                   "' has no public function with a body: nothing to run in a "
                   "forward");
    for (Operation *entry : weights.entries())
      report.entries.push_back(SymbolTable::getSymbolName(entry).str());
    report.before = collect(module, semantics, weights, source);
  }
  report.unmodelled = findUnmodelled(module, semantics);

  OwningOpRef<ModuleOp> copy = module.clone();
  std::vector<KeptRemark> kept;
  if (llvm::Error failure = optimize(*copy, passes, kept))
    return failure;
  Semantics afterSemantics(models);
  SyncWeights weights(*copy, afterSemantics);
  report.after = collect(*copy, afterSemantics, weights, source, kept);
  report.kept = keptByReason(report.after);
  return llvm::Error::success();
}
