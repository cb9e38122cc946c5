//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Analysis/HostCode.h"
#include "capstan/Analysis/ValueNumbering.h"
#include "capstan/Dialect/DeviceContextOps.h"
#include "capstan/Report/Report.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace capstan;
using namespace capstan::report;

std::string report::countText(int64_t count, bool unknown) {
  if (count == std::numeric_limits<int64_t>::max())
    return "very many";
  return std::to_string(count) + (unknown ? "+" : "");
}

std::vector<Place> report::placesOf(Location loc) {
  std::vector<Place> places;
  loc->walk([&](Location nested) {
    if (auto file = dyn_cast<FileLineColLoc>(nested))
      places.push_back(
          {file.getFilename().str(), file.getLine(), file.getColumn()});
    return WalkResult::advance();
  });
  return places;
}

std::string report::shortPlace(const Place &place, StringRef file) {
  if (!place.line)
    return "-";
  std::string text =
      std::to_string(place.line) + ":" + std::to_string(place.column);
  return place.file == file ? text : place.file + ":" + text;
}

static int64_t sum(int64_t a, int64_t b) {
  int64_t result;
  return llvm::AddOverflow(a, b, result) ? std::numeric_limits<int64_t>::max()
                                         : result;
}

static void count(std::vector<Count> &counts, StringRef name, int64_t number) {
  auto it =
      llvm::find_if(counts, [&](const Count &c) { return c.name == name; });
  if (it == counts.end())
    counts.push_back({name.str(), number});
  else
    it->count = sum(it->count, number);
}

/// Names the reason of the last remark at one of the sync's places.
static void explain(Sync &sync, ArrayRef<Place> places,
                    ArrayRef<KeptRemark> remarks) {
  for (const KeptRemark &remark : llvm::reverse(remarks))
    if (llvm::any_of(remark.places, [&](const Place &place) {
          return llvm::is_contained(places, place);
        })) {
      sync.reason = remark.reason;
      sync.blockedBy = remark.blockedBy;
      return;
    }
}

bool report::usesDevices(ModuleOp module, const OpModels &models) {
  Semantics semantics(models);
  return module
      ->walk([&](Operation *op) {
        return isa<WithDeviceOp>(op) || semantics.deviceContext(op)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Adds what has to do with the current device; a region of one changes it
/// twice.
static void countDevices(Side &side, ModuleOp module, Semantics &semantics,
                         const SyncWeights &weights) {
  walkHostCode(module, [&](Operation *op) {
    std::optional<DeviceContext> context = semantics.deviceContext(op);
    bool region = isa<WithDeviceOp>(op);
    if (!context && !region)
      return;
    Operation *function = op->getParentOfType<FunctionOpInterface>();
    int64_t runs = weights.weight(function, op).most;
    if (region)
      side.setDeviceCalls = sum(side.setDeviceCalls, sum(runs, runs));
    else if (context->set)
      side.setDeviceCalls = sum(side.setDeviceCalls, runs);
    else if (context->query)
      side.capabilityQueries = sum(side.capabilityQueries, runs);
  });
}

Side report::collect(ModuleOp module, Semantics &semantics,
                     const SyncWeights &weights, const llvm::SourceMgr &source,
                     ArrayRef<KeptRemark> remarks) {
  Side side;
  using Key = std::tuple<Operation *, std::string>;
  std::map<Key, unsigned> patterns;
  std::map<Key, llvm::SmallPtrSet<Operation *, 4>> leaders;
  llvm::DenseMap<Operation *, std::unique_ptr<ValueNumbering>> numbers;
  llvm::DenseMap<Operation *, SmallVector<Operation *>> syncsOf;
  for (const HostSync &found : weights.syncs())
    syncsOf[found.function].push_back(found.op);
  for (const HostSync &found : weights.syncs()) {
    Sync sync;
    sync.op = found.op->getName().getStringRef();
    sync.kind = found.kind.str();
    if (found.function)
      sync.function = SymbolTable::getSymbolName(found.function).getValue();
    sync.pattern = describe(found.op, found.kind, semantics, source);
    sync.most = found.weight.most;
    sync.least = found.weight.least;
    sync.overlapped = found.overlapped;
    for (StringAttr factor : found.weight.unknown) {
      sync.unknown.push_back(factor.str());
      if (!llvm::is_contained(side.unknown, factor.getValue()))
        side.unknown.push_back(factor.str());
    }
    std::vector<Place> places = placesOf(found.op->getLoc());
    if (!places.empty())
      sync.place = places.front();
    explain(sync, places, remarks);

    side.most = sum(side.most, sync.most);
    side.least = sum(side.least, sync.least);
    if (sync.overlapped)
      side.overlapped = sum(side.overlapped, sync.most);
    count(side.byKind, sync.kind, sync.most);
    count(side.byFunction, sync.function, sync.most);

    Key key{found.function, sync.pattern};
    auto [it, inserted] = patterns.try_emplace(key, side.patterns.size());
    if (inserted)
      side.patterns.push_back({sync.pattern, sync.kind, sync.function});
    Pattern &pattern = side.patterns[it->second];
    ++pattern.sites;
    pattern.syncs = sum(pattern.syncs, sync.most);
    pattern.places.push_back(sync.place);
    Operation *leader = found.op;
    if (found.function) {
      auto &numbering = numbers[found.function];
      if (!numbering)
        numbering = std::make_unique<ValueNumbering>(semantics, found.function,
                                                     syncsOf[found.function]);
      leader = numbering->leader(found.op);
    }
    leaders[key].insert(leader ? leader : found.op);
    pattern.values = leaders[key].size();
    side.syncs.push_back(std::move(sync));
  }
  llvm::stable_sort(side.patterns, [](const Pattern &a, const Pattern &b) {
    return a.syncs > b.syncs;
  });
  countDevices(side, module, semantics, weights);
  side.timeline = makeTimeline(semantics, weights);
  return side;
}

std::vector<Kept> report::keptByReason(const Side &after) {
  std::vector<Kept> kept;
  for (const Sync &sync : after.syncs) {
    if (sync.reason.empty() && sync.blockedBy.empty())
      continue;
    auto it = llvm::find_if(kept, [&](const Kept &k) {
      return k.reason == sync.reason && k.blockedBy == sync.blockedBy;
    });
    if (it == kept.end())
      kept.push_back({sync.reason, sync.blockedBy, sync.most});
    else
      it->syncs = sum(it->syncs, sync.most);
  }
  llvm::stable_sort(
      kept, [](const Kept &a, const Kept &b) { return a.syncs > b.syncs; });
  return kept;
}

std::vector<Unmodelled> report::findUnmodelled(ModuleOp module,
                                               Semantics &semantics) {
  llvm::MapVector<StringAttr, Unmodelled> found;
  walkHostCode(module, [&](Operation *op) {
    if (op->isRegistered() || semantics.model(op))
      return;
    // Entries with `match` mostly tell operations apart by this attribute.
    std::string name = op->getName().getStringRef().str();
    if (auto custom = op->getAttrOfType<StringAttr>("name"))
      name += " {name = \"" + custom.getValue().str() + "\"}";
    Unmodelled &entry = found[StringAttr::get(op->getContext(), name)];
    entry.name = name;
    ++entry.count;
    entry.hasRegions |= op->getNumRegions() != 0;
  });
  std::vector<Unmodelled> result;
  for (auto &[name, entry] : found)
    result.push_back(std::move(entry));
  llvm::stable_sort(result, [](const Unmodelled &a, const Unmodelled &b) {
    return a.count > b.count;
  });
  return result;
}
