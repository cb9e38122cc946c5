//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// One forward, operation by operation, with loops and calls multiplied out.
// Only what holds syncs is walked; the rest only has a length.
//
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/HostCode.h"
#include "capstan/Dialect/Capstan.h"
#include "capstan/Report/Report.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::report;

static constexpr size_t kMaxEvents = 2000;
static constexpr unsigned kMaxVisits = 1000000;
/// Calls and regions inside one another.
static constexpr unsigned kMaxDepth = 2000;

namespace {
struct Extent {
  double length = 1;
  bool holdsSync = false;
};

class Walker {
public:
  Walker(Semantics &semantics, const SyncWeights &weights)
      : semantics(semantics), weights(weights) {
    for (auto [index, sync] : llvm::enumerate(weights.syncs()))
      syncs[sync.op] = index;
  }

  Timeline run() {
    for (Operation *entry : weights.entries()) {
      double begin = timeline.length;
      timeline.length += extent(entry, 0).length;
      timeline.entries.push_back(
          {begin, timeline.length,
           "@" + SymbolTable::getSymbolName(entry).str()});
      visitRegions(entry, begin, 0, /*spans=*/true);
    }
    return std::move(timeline);
  }

private:
  /// The operation that `op` runs the regions of: itself or a callee.
  Operation *body(Operation *op) {
    if (Operation *callee = weights.callee(op))
      return weights.isRecursive(op) ? nullptr : callee;
    return op->getNumRegions() && holdsHostCode(op) ? op : nullptr;
  }

  double trips(Operation *op) {
    if (weights.callee(op) || semantics.kind(op) != OpKind::Loop)
      return 1;
    return knownTripCount(semantics, op).value_or(1);
  }

  /// Of one run of the regions of `op`.
  Extent extent(Operation *op, unsigned depth) {
    auto it = extents.find(op);
    if (it != extents.end())
      return it->second;
    Extent result;
    if (depth > kMaxDepth) {
      timeline.truncated = true;
      return result;
    }
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Operation &nested : block) {
          result.length += 1;
          result.holdsSync |= syncs.contains(&nested);
          if (Operation *inner = body(&nested)) {
            Extent of = extent(inner, depth + 1);
            result.length += of.length * trips(&nested);
            result.holdsSync |= of.holdsSync;
          }
        }
    extents[op] = result;
    return result;
  }

  void visitRegions(Operation *op, double at, unsigned depth, bool spans) {
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Operation &nested : block) {
          if (timeline.events.size() >= kMaxEvents || ++visits > kMaxVisits ||
              depth > kMaxDepth) {
            timeline.truncated = true;
            return;
          }
          at += 1;
          visit(&nested, at, depth, spans);
          if (Operation *inner = body(&nested))
            at += extent(inner, depth + 1).length * trips(&nested);
        }
  }

  void visit(Operation *op, double at, unsigned depth, bool spans) {
    if (isa<FetchStartOp>(op))
      starts[op] = at;
    if (auto it = syncs.find(op); it != syncs.end()) {
      Event event{at, it->second, std::nullopt};
      if (auto wait = dyn_cast<FetchWaitOp>(op))
        if (Operation *start = wait.getFuture().getDefiningOp())
          if (auto at = starts.find(start); at != starts.end())
            event.start = at->second;
      timeline.events.push_back(event);
    }
    Operation *inner = body(op);
    if (!inner)
      return;
    Extent of = extent(inner, depth + 1);
    if (!of.holdsSync)
      return;
    // Spans are drawn for the outermost loops and calls only.
    bool isBranch = inner == op && semantics.kind(op) != OpKind::Loop;
    double count = trips(op);
    for (double trip = 0; trip < count && !timeline.truncated; ++trip) {
      if (spans && !isBranch)
        timeline.spans.push_back({at, at + of.length, label(op, trip, count)});
      visitRegions(inner, at, depth + 1, spans && isBranch);
      at += of.length;
    }
  }

  std::string label(Operation *op, double trip, double count) {
    if (Operation *callee = weights.callee(op))
      return "call of @" + SymbolTable::getSymbolName(callee).str();
    std::string name = op->getName().getStringRef().str();
    if (!knownTripCount(semantics, op))
      return name + ", trips unknown";
    return name + ", trip " + std::to_string(int64_t(trip) + 1) + " of " +
           std::to_string(int64_t(count));
  }

  Semantics &semantics;
  const SyncWeights &weights;
  Timeline timeline;
  unsigned visits = 0;
  llvm::DenseMap<Operation *, unsigned> syncs;
  llvm::DenseMap<Operation *, Extent> extents;
  llvm::DenseMap<Operation *, double> starts;
};
} // namespace

Timeline report::makeTimeline(Semantics &semantics,
                              const SyncWeights &weights) {
  return Walker(semantics, weights).run();
}
