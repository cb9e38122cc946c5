//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Checks that each future is waited for at most once on every path, and that
// nothing but a wait uses it. Futures that nobody waits for are fine.
//
//   // error: future may be waited for more than once
//   %a = capstan.fetch.wait %f : !capstan.future<i32> -> i32
//   %b = capstan.fetch.wait %f : !capstan.future<i32> -> i32
//
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/Capstan.h"
#include "capstan/Interfaces/Semantics.h"
#include "capstan/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANVERIFYFUTURES
#include "capstan/Transforms/Passes.h.inc"
} // namespace capstan

using namespace capstan;

namespace {
class FutureVerifier {
public:
  explicit FutureVerifier(const OpModels &models) : semantics(models) {}

  LogicalResult verify(Operation *op);

private:
  LogicalResult verifyUses(FetchStartOp start);
  LogicalResult verifyOnce(FetchStartOp start, ArrayRef<Operation *> waits);
  bool runsOnce(Operation *op);
  bool mayBothRun(FetchStartOp start, Operation *a, Operation *b);

  Semantics semantics;
};
} // namespace

/// Whether a path leads from the end of `from` to `to` without entering
/// `except`, where the future is started anew.
static bool reaches(Block *from, Block *to, Block *except) {
  SmallVector<Block *> worklist(from->getSuccessors());
  llvm::SmallPtrSet<Block *, 8> seen;
  while (!worklist.empty()) {
    Block *block = worklist.pop_back_val();
    if (block == except || !seen.insert(block).second)
      continue;
    if (block == to)
      return true;
    llvm::append_range(worklist, block->getSuccessors());
  }
  return false;
}

/// Whether at most one region of `op` runs, and that once: it can't repeat a
/// wait.
bool FutureVerifier::runsOnce(Operation *op) {
  return semantics.kind(op) == OpKind::Branch ||
         isa<scf::IndexSwitchOp, scf::ExecuteRegionOp>(op);
}

/// `a` and `b` stand in regions that run once each time they are entered.
bool FutureVerifier::mayBothRun(FetchStartOp start, Operation *a,
                                Operation *b) {
  for (Operation *x = a; x; x = x->getParentOp()) {
    Operation *y = x->getParentRegion()->findAncestorOpInRegion(*b);
    if (!y)
      continue;
    // The innermost region around both. In one op they stand in different
    // regions, of which only one runs.
    if (x == y)
      return false;
    if (x->getBlock() == y->getBlock())
      return true;
    return reaches(x->getBlock(), y->getBlock(), start->getBlock()) ||
           reaches(y->getBlock(), x->getBlock(), start->getBlock());
  }
  return true;
}

LogicalResult FutureVerifier::verifyOnce(FetchStartOp start,
                                         ArrayRef<Operation *> waits) {
  for (Operation *wait : waits) {
    Operation *op = wait;
    bool repeats = false;
    while (op->getParentRegion() != start->getParentRegion()) {
      // Of a graph of blocks inside another op.
      repeats |= reaches(op->getBlock(), op->getBlock(), nullptr);
      op = op->getParentOp();
      repeats |= !runsOnce(op);
    }
    if (op->getBlock() != start->getBlock())
      repeats |= reaches(op->getBlock(), op->getBlock(), start->getBlock());
    if (!repeats)
      continue;
    InFlightDiagnostic error =
        wait->emitError("future is waited for in a loop that it was started "
                        "outside of");
    error.attachNote(start.getLoc()) << "started here";
    return error;
  }
  for (unsigned i = 1; i < waits.size(); ++i)
    for (unsigned j = 0; j < i; ++j)
      if (mayBothRun(start, waits[i], waits[j])) {
        InFlightDiagnostic error =
            waits[i]->emitError("future may be waited for more than once");
        error.attachNote(waits[j]->getLoc()) << "also waited for here";
        return error;
      }
  return success();
}

LogicalResult FutureVerifier::verifyUses(FetchStartOp start) {
  SmallVector<Operation *> waits;
  for (Operation *user : start->getUsers()) {
    if (isa<FetchWaitOp>(user)) {
      waits.push_back(user);
      continue;
    }
    InFlightDiagnostic error = user->emitError(
        "future is used by an operation other than capstan.fetch.wait");
    error.attachNote(start.getLoc()) << "started here";
    return error;
  }
  // Users come latest first.
  std::reverse(waits.begin(), waits.end());
  return verifyOnce(start, waits);
}

LogicalResult FutureVerifier::verify(Operation *op) {
  auto isFuture = [](Type type) { return isa<FutureType>(type); };
  if (auto start = dyn_cast<FetchStartOp>(op))
    return verifyUses(start);
  if (auto function = dyn_cast<FunctionOpInterface>(op))
    if (llvm::any_of(function.getArgumentTypes(), isFuture) ||
        llvm::any_of(function.getResultTypes(), isFuture))
      return op->emitError("future in the signature of a function");
  if (llvm::any_of(op->getResultTypes(), isFuture))
    return op->emitError(
        "future is the result of an operation other than capstan.fetch.start");
  for (Region &region : op->getRegions())
    for (Block &block : region)
      if (llvm::any_of(block.getArgumentTypes(), isFuture))
        return op->emitError("future is an argument of a block");
  return success();
}

namespace {
struct VerifyFutures
    : public capstan::impl::CapstanVerifyFuturesBase<VerifyFutures> {
  void runOnOperation() override {
    const OpModels *models = OpModels::get(&getContext());
    if (!models)
      return signalPassFailure();
    FutureVerifier verifier(*models);
    bool failed = false;
    getOperation()->walk(
        [&](Operation *op) { failed |= verifier.verify(op).failed(); });
    if (failed)
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
