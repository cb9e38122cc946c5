//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The schema is described in docs/report.md. A change that breaks readers
// raises the version.
//
//===----------------------------------------------------------------------===//

#include "llvm/Support/JSON.h"
#include "capstan/Report/Report.h"

using namespace capstan;
using namespace capstan::report;
namespace json = llvm::json;

static constexpr int64_t kVersion = 1;

/// Names come from files and may be anything.
static json::Value text(llvm::StringRef string) {
  return json::isUTF8(string) ? string.str() : json::fixUTF8(string);
}

static json::Object toJson(const Place &place) {
  if (!place.line)
    return {};
  return json::Object{{"file", text(place.file)},
                      {"line", int64_t(place.line)},
                      {"column", int64_t(place.column)}};
}

static json::Array toJson(const std::vector<Count> &counts,
                          llvm::StringRef key) {
  json::Array array;
  for (const Count &count : counts)
    array.push_back(
        json::Object{{key, text(count.name)}, {"syncs", count.count}});
  return array;
}

static json::Array toJson(const std::vector<std::string> &strings) {
  json::Array array;
  for (const std::string &string : strings)
    array.push_back(text(string));
  return array;
}

static json::Object toJson(const Sync &sync) {
  return json::Object{{"op", text(sync.op)},
                      {"kind", text(sync.kind)},
                      {"function", text(sync.function)},
                      {"pattern", text(sync.pattern)},
                      {"place", toJson(sync.place)},
                      {"per_forward", sync.most},
                      {"certain", sync.least},
                      {"overlapped", sync.overlapped},
                      {"unknown", toJson(sync.unknown)},
                      {"reason", text(sync.reason)},
                      {"blocked_by", text(sync.blockedBy)}};
}

static json::Object toJson(const Pattern &pattern) {
  json::Array places;
  for (const Place &place : pattern.places)
    places.push_back(toJson(place));
  return json::Object{
      {"pattern", text(pattern.text)},      {"kind", text(pattern.kind)},
      {"function", text(pattern.function)}, {"sites", pattern.sites},
      {"per_forward", pattern.syncs},       {"values", pattern.values},
      {"places", std::move(places)}};
}

static json::Object toJson(const Side &side) {
  json::Array syncs, patterns;
  for (const Sync &sync : side.syncs)
    syncs.push_back(toJson(sync));
  for (const Pattern &pattern : side.patterns)
    patterns.push_back(toJson(pattern));
  return json::Object{{"per_forward", side.most},
                      {"certain", side.least},
                      {"overlapped", side.overlapped},
                      {"set_device_calls", side.setDeviceCalls},
                      {"capability_queries", side.capabilityQueries},
                      {"unknown", toJson(side.unknown)},
                      {"by_kind", toJson(side.byKind, "kind")},
                      {"by_function", toJson(side.byFunction, "function")},
                      {"patterns", std::move(patterns)},
                      {"syncs", std::move(syncs)}};
}

void report::printJson(const Report &report, llvm::raw_ostream &os) {
  json::Array kept, unmodelled;
  for (const Kept &k : report.kept)
    kept.push_back(json::Object{{"reason", text(k.reason)},
                                {"blocked_by", text(k.blockedBy)},
                                {"per_forward", k.syncs}});
  for (const Unmodelled &op : report.unmodelled)
    unmodelled.push_back(json::Object{{"name", text(op.name)},
                                      {"count", op.count},
                                      {"has_regions", op.hasRegions}});
  json::Object root{{"schema", "capstan-report"},
                    {"version", kVersion},
                    {"file", text(report.file)},
                    {"pipeline", text(report.pipeline)},
                    {"entries", toJson(report.entries)},
                    {"before", toJson(report.before)},
                    {"after", toJson(report.after)},
                    {"kept", std::move(kept)},
                    {"ops_without_model", std::move(unmodelled)}};
  if (report.syncUs)
    root["estimate"] = json::Object{{"sync_us", *report.syncUs},
                                    {"saved_us", report.savedUs()}};
  os << llvm::formatv("{0:2}", json::Value(std::move(root))) << "\n";
}
