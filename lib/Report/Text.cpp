//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Report/Report.h"
#include "llvm/Support/Format.h"

using namespace capstan;
using namespace capstan::report;

/// Rows of a table that people read in a terminal.
static constexpr size_t kMaxRows = 20;
static constexpr size_t kMaxPlaces = 3;

namespace {
/// Columns of text: numbers to the right, words to the left.
class Table {
public:
  explicit Table(std::string alignment) : alignment(std::move(alignment)) {}

  void row(std::vector<std::string> cells) { rows.push_back(std::move(cells)); }

  void print(llvm::raw_ostream &os) const {
    std::vector<size_t> widths(alignment.size());
    for (const auto &cells : rows)
      for (size_t i = 0; i < cells.size(); ++i)
        widths[i] = std::max(widths[i], cells[i].size());
    for (const auto &cells : rows) {
      std::string line = " ";
      for (size_t i = 0; i < cells.size(); ++i) {
        std::string pad(widths[i] - cells[i].size(), ' ');
        line += " ";
        line += alignment[i] == 'r' ? pad + cells[i] : cells[i] + pad;
        line += " ";
      }
      os << llvm::StringRef(line).rtrim() << "\n";
    }
    os << "\n";
  }

private:
  std::string alignment;
  std::vector<std::vector<std::string>> rows;
};
} // namespace

static void printTotals(const Report &report, llvm::raw_ostream &os) {
  const Side &before = report.before, &after = report.after;
  Table table("lrr");
  table.row({"", "before", "after"});
  table.row({"host syncs per forward",
             countText(before.most, !before.unknown.empty()),
             countText(after.most, !after.unknown.empty())});
  if (before.least != before.most || after.least != after.most)
    table.row({"  of which certain", countText(before.least),
               countText(after.least)});
  if (before.overlapped || after.overlapped)
    table.row({"  of which overlapped", countText(before.overlapped),
               countText(after.overlapped)});
  table.row({"places in the program", std::to_string(before.syncs.size()),
             std::to_string(after.syncs.size())});
  if (before.setDeviceCalls || after.setDeviceCalls)
    table.row({"changes of the device", countText(before.setDeviceCalls),
               countText(after.setDeviceCalls)});
  if (before.capabilityQueries || after.capabilityQueries)
    table.row({"questions to devices", countText(before.capabilityQueries),
               countText(after.capabilityQueries)});
  table.print(os);
  auto unknown = [&](const Side &side, llvm::StringRef name) {
    if (side.unknown.empty())
      return;
    os << "  Counted as once, " << name << ": ";
    llvm::interleaveComma(side.unknown, os);
    os << "\n\n";
  };
  if (before.unknown == after.unknown) {
    unknown(before, "not known");
  } else {
    unknown(before, "not known before");
    unknown(after, "not known after");
  }
  if (report.syncUs)
    os << llvm::format("  At %g us a sync, the forward waits %g us less "
                       "(%g us before, %g us after).\n",
                       *report.syncUs, report.savedUs(),
                       before.most * *report.syncUs,
                       after.most * *report.syncUs)
       << "\n";
}

/// Counts before and after under one title.
static void printCounts(llvm::StringRef title, llvm::StringRef prefix,
                        const std::vector<Count> &before,
                        const std::vector<Count> &after,
                        llvm::raw_ostream &os) {
  std::vector<std::string> names;
  for (const auto *counts : {&before, &after})
    for (const Count &count : *counts)
      if (!llvm::is_contained(names, count.name))
        names.push_back(count.name);
  if (names.empty())
    return;
  auto of = [](const std::vector<Count> &counts, const std::string &name) {
    auto it =
        llvm::find_if(counts, [&](const Count &c) { return c.name == name; });
    return it == counts.end() ? std::string("-") : countText(it->count);
  };
  os << title << "\n";
  Table table("lrr");
  table.row({"", "before", "after"});
  for (size_t i = 0; i < names.size() && i < kMaxRows; ++i)
    table.row(
        {prefix.str() + names[i], of(before, names[i]), of(after, names[i])});
  if (names.size() > kMaxRows)
    table.row({"and " + std::to_string(names.size() - kMaxRows) + " more"});
  table.print(os);
}

static void printPatterns(llvm::StringRef title, const Side &side,
                          llvm::StringRef file, llvm::raw_ostream &os) {
  if (side.patterns.empty())
    return;
  os << title << "\n";
  Table table("rlll");
  size_t rows = 0;
  bool repeated = llvm::any_of(
      side.patterns, [](const Pattern &pattern) { return pattern.sites > 1; });
  for (const Pattern &pattern : side.patterns) {
    if (++rows > kMaxRows)
      break;
    std::string places;
    for (size_t i = 0; i < pattern.places.size() && i < kMaxPlaces; ++i)
      places += (i ? ", " : "") + shortPlace(pattern.places[i], file);
    if (pattern.places.size() > kMaxPlaces)
      places += ", ...";
    std::vector<std::string> row = {countText(pattern.syncs) + " x",
                                    pattern.text};
    if (repeated)
      row.push_back(pattern.sites == 1 ? ""
                    : pattern.values == 1
                        ? "1 value"
                        : std::to_string(pattern.values) + " values");
    row.push_back("@" + pattern.function + " " + places);
    table.row(std::move(row));
  }
  if (side.patterns.size() > kMaxRows)
    table.row({"", "and " + std::to_string(side.patterns.size() - kMaxRows) +
                       " more"});
  table.print(os);
}

static void printLeft(const Report &report, llvm::raw_ostream &os) {
  if (report.after.syncs.empty())
    return;
  os << "Left after the pipeline\n";
  Table table("lrlll");
  size_t rows = 0;
  for (const Sync &sync : report.after.syncs) {
    if (++rows > kMaxRows)
      break;
    table.row({shortPlace(sync.place, report.file), countText(sync.most) + " x",
               sync.kind + (sync.overlapped ? ", overlapped" : ""), sync.op,
               "@" + sync.function});
  }
  if (report.after.syncs.size() > kMaxRows)
    table.row({"and " + std::to_string(report.after.syncs.size() - kMaxRows) +
               " more"});
  table.print(os);
}

void report::printText(const Report &report, llvm::raw_ostream &os) {
  os << "Host syncs of " << report.file << "\n";
  os << "A forward runs ";
  llvm::interleaveComma(report.entries, os,
                        [&](const std::string &name) { os << "@" << name; });
  os << " once. After: " << report.pipeline << "\n\n";
  printTotals(report, os);
  const Side &before = report.before, &after = report.after;
  printCounts("By kind", "", before.byKind, after.byKind, os);
  if (before.byFunction.size() > 1 || after.byFunction.size() > 1)
    printCounts("By function", "@", before.byFunction, after.byFunction, os);
  printPatterns("What is read, before", before, report.file, os);
  printPatterns("What is read, after", after, report.file, os);
  printLeft(report, os);
  if (!report.kept.empty()) {
    os << "Kept, and why\n";
    Table table("rll");
    for (const Kept &kept : report.kept)
      table.row({countText(kept.syncs) + " x", kept.reason,
                 kept.blockedBy.empty() ? "" : "blocked by " + kept.blockedBy});
    table.print(os);
  }
  if (!report.unmodelled.empty()) {
    os << "Operations that no model names (barriers; docs/op-models.md says "
          "how to add them)\n";
    Table table("rll");
    for (const Unmodelled &op : report.unmodelled)
      table.row({std::to_string(op.count) + " x", op.name,
                 op.hasRegions ? "its regions are not looked into" : ""});
    table.print(os);
  }
}
