//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The host syncs of a module before and after passes, and the ways to print
// them.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_REPORT_REPORT_H
#define CAPSTAN_REPORT_REPORT_H

#include "capstan/Analysis/SyncWeights.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace capstan::report {

struct Place {
  std::string file;
  unsigned line = 0, column = 0;

  bool operator==(const Place &other) const {
    return line == other.line && column == other.column && file == other.file;
  }
};

/// One host sync of the program.
struct Sync {
  std::string op, kind, function, pattern;
  Place place;
  int64_t most = 0, least = 0;
  bool overlapped = false;
  std::vector<std::string> unknown;
  /// Why a pass kept it; empty if none said so.
  std::string reason, blockedBy;
};

/// Syncs of one function that read the same way.
struct Pattern {
  std::string text, kind, function;
  int64_t sites = 0, syncs = 0;
  /// How many different values they read, by proof.
  int64_t values = 0;
  std::vector<Place> places;
};

/// Count per forward of whatever `name` is.
struct Count {
  std::string name;
  int64_t count = 0;
};

/// A sync where it runs, in host operations since the start of the forward.
struct Event {
  double at = 0;
  unsigned sync = 0;
  /// Where an overlapped copy starts.
  std::optional<double> start;
};

/// A call or a loop trip that holds syncs, or a whole entry.
struct Span {
  double begin = 0, end = 0;
  std::string label;
};

/// One run of each entry, loops and calls multiplied out.
struct Timeline {
  double length = 0;
  std::vector<Event> events;
  std::vector<Span> entries, spans;
  /// Too long: only the first events are listed.
  bool truncated = false;
};

/// The program before or after the pipeline.
struct Side {
  int64_t most = 0, least = 0, overlapped = 0;
  /// Changes of the current device, and questions to devices.
  int64_t setDeviceCalls = 0, capabilityQueries = 0;
  std::vector<Sync> syncs;
  std::vector<Pattern> patterns;
  std::vector<Count> byKind, byFunction;
  std::vector<std::string> unknown;
  Timeline timeline;
};

/// What a pass said about a sync that it left.
struct KeptRemark {
  std::vector<Place> places;
  std::string reason, blockedBy;
};

struct Kept {
  std::string reason, blockedBy;
  int64_t syncs = 0;
};

struct Unmodelled {
  std::string name;
  int64_t count = 0;
  /// Its regions are not looked into.
  bool hasRegions = false;
};

struct Report {
  std::string file, pipeline;
  std::vector<std::string> entries;
  Side before, after;
  std::vector<Kept> kept;
  std::vector<Unmodelled> unmodelled;
  /// The cost of a sync, if the user gave one.
  std::optional<double> syncUs;

  double savedUs() const {
    return (static_cast<double>(before.most) - after.most) * syncUs.value_or(0);
  }
};

/// "28"; "1+" where a factor is not known.
std::string countText(int64_t count, bool unknown = false);

/// All places in a location, innermost file first.
std::vector<Place> placesOf(mlir::Location loc);

/// "12:5", with the file if it is not `file`; "-" if unknown.
std::string shortPlace(const Place &place, llvm::StringRef file);

/// Counts before and after `passes`, which run on a copy, and fills in the rest
/// of `report`. `source` holds the text of the module. Uses the remark streamer
/// of the module's context. An error says what is wrong with the module.
llvm::Error fill(Report &report, mlir::ModuleOp module,
                 mlir::PassManager &passes, const OpModels &models,
                 const llvm::SourceMgr &source);

/// Whether the program asks devices, or changes the current one.
bool usesDevices(mlir::ModuleOp module, const OpModels &models);

Side collect(mlir::ModuleOp module, Semantics &semantics,
             const SyncWeights &weights, const llvm::SourceMgr &source,
             llvm::ArrayRef<KeptRemark> remarks = {});
std::vector<Kept> keptByReason(const Side &after);
std::vector<Unmodelled> findUnmodelled(mlir::ModuleOp module,
                                       Semantics &semantics);

/// "max(lens).int": what a sync reads. `source` holds the text of the
/// module, for the names of arguments.
std::string describe(mlir::Operation *sync, llvm::StringRef kind,
                     Semantics &semantics, const llvm::SourceMgr &source);

Timeline makeTimeline(Semantics &semantics, const SyncWeights &weights);

void printText(const Report &report, llvm::raw_ostream &os);
void printJson(const Report &report, llvm::raw_ostream &os);
void printHtml(const Report &report, llvm::raw_ostream &os);

} // namespace capstan::report

#endif // CAPSTAN_REPORT_REPORT_H
