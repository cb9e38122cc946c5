//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// One page without scripts or external resources. The stylesheet is Page.css.
//
//===----------------------------------------------------------------------===//

#include "capstan/Report/Report.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

using namespace capstan;
using namespace capstan::report;
using llvm::formatv;

static const char *const kStyle =
#include "PageStyle.inc"
    ;

static constexpr double kWidth = 1160, kLaneHeight = 64, kTop = 26;
static constexpr unsigned kColors = 8;
static constexpr size_t kMaxRows = 500;

static std::string escape(llvm::StringRef text) {
  std::string result;
  for (char c : text)
    switch (c) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '"':
      result += "&quot;";
      break;
    default:
      result += c;
    }
  return result;
}

static std::string plural(int64_t n, llvm::StringRef what) {
  return countText(n) + " " + what.str() + (n == 1 ? "" : "s");
}

namespace {
class Page {
public:
  Page(const Report &report, llvm::raw_ostream &os) : report(report), os(os) {
    for (const Side *side : {&report.before, &report.after})
      for (const Count &count : side->byKind)
        if (!llvm::is_contained(kinds, count.name))
          kinds.push_back(count.name);
  }

  void print() {
    os << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
       << "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
          "content=\"width=device-width, initial-scale=1\">\n<title>Host syncs "
          "of "
       << escape(fileName()) << "</title>\n<style>\n"
       << kStyle << "</style>\n</head>\n<body>\n<main>\n";
    printHead();
    printTimeline();
    printPatterns();
    printKept();
    printSyncs("Left after the pipeline", report.after, /*open=*/true);
    printSyncs("All places before", report.before, /*open=*/false);
    printDevices();
    printFunctions();
    printUnmodelled();
    os << "</main>\n</body>\n</html>\n";
  }

private:
  llvm::StringRef fileName() {
    return llvm::StringRef(report.file).rsplit('/').second.empty()
               ? llvm::StringRef(report.file)
               : llvm::StringRef(report.file).rsplit('/').second;
  }

  std::string color(llvm::StringRef kind) {
    size_t index = llvm::find(kinds, kind) - kinds.begin();
    return index < kColors ? "k" + std::to_string(index)
                           : std::string("k-rest");
  }

  std::string chip(llvm::StringRef kind) {
    return "<i class=\"chip " + color(kind) + "\"></i>" + escape(kind);
  }

  void printHead() {
    const Side &before = report.before, &after = report.after;
    os << "<header>\n<p class=\"file\">" << escape(report.file)
       << "</p>\n<h1><span class=\"was\">" << countText(before.most)
       << "</span><span class=\"arrow\" aria-label=\"becomes\">&rarr;</span>"
       << "<span class=\"now\">"
       << countText(after.most, !after.unknown.empty())
       << "</span> <small>host syncs per forward</small></h1>\n<p>";
    os << "A forward runs ";
    for (auto [i, entry] : llvm::enumerate(report.entries))
      os << (i ? ", " : "") << "<code>@" << escape(entry) << "</code>";
    os << " once; loops and calls are multiplied out. After: <code>"
       << escape(report.pipeline) << "</code>.";
    if (after.overlapped)
      os << " " << countText(after.overlapped) << " of "
         << countText(after.most) << " overlapped with other work.";
    if (before.least != before.most || after.least != after.most)
      os << " Certain to run: " << countText(before.least) << " before, "
         << countText(after.least)
         << " after; the rest stands under conditions.";
    os << "</p>\n";
    std::vector<std::string> unknown = before.unknown;
    for (const std::string &factor : after.unknown)
      if (!llvm::is_contained(unknown, factor))
        unknown.push_back(factor);
    if (!unknown.empty()) {
      os << "<p class=\"note\">Not known, counted as once: ";
      for (auto [i, factor] : llvm::enumerate(unknown))
        os << (i ? ", " : "") << escape(factor);
      os << ".</p>\n";
    }
    if (report.syncUs)
      os << "<p class=\"note\">At " << llvm::format("%g", *report.syncUs)
         << " &micro;s a sync, the forward waits "
         << llvm::format("%g", report.savedUs()) << " &micro;s less.</p>\n";
    os << "</header>\n";
  }

  double scale(double at) {
    double length =
        std::max(report.before.timeline.length, report.after.timeline.length);
    return length ? at / length * kWidth : 0;
  }

  /// The middles of the bars: where the syncs are, moved apart where they would
  /// touch.
  std::vector<double> layOut(const Timeline &timeline, double pitch) {
    std::vector<double> xs;
    double next = pitch / 2;
    for (const Event &event : timeline.events) {
      xs.push_back(std::max(next, scale(event.at)));
      next = xs.back() + pitch;
    }
    double last = kWidth - pitch / 2;
    for (double &x : llvm::reverse(xs)) {
      x = std::min(x, last);
      last = x - pitch;
    }
    return xs;
  }

  std::string tooltip(const Sync &sync) {
    std::string text = sync.pattern + "\n" + sync.op + ", " + sync.kind;
    text += "\n@" + sync.function + " " + shortPlace(sync.place, report.file);
    if (sync.most != 1)
      text += "\n" + countText(sync.most) + " x per forward";
    if (sync.least != sync.most)
      text += sync.least ? "\ncertain: " + countText(sync.least) + " x"
                         : "\nunder a condition";
    if (sync.overlapped)
      text += "\noverlapped";
    if (!sync.reason.empty())
      text += "\nkept: " + sync.reason;
    return escape(text);
  }

  void printLane(const Side &side, llvm::StringRef name, double y) {
    const Timeline &timeline = side.timeline;
    os << formatv("<g class=\"lane\" data-lane=\"{0}\">\n", name);
    os << formatv("<text class=\"name\" x=\"0\" y=\"{0:f1}\">{1}<tspan "
                  "class=\"count\" dx=\"8\">{2}</tspan></text>\n",
                  y - 8, name, plural(side.most, "sync"));
    os << formatv("<rect class=\"track\" x=\"0\" y=\"{0:f1}\" width=\"{1:f1}\" "
                  "height=\"{2:f1}\" rx=\"6\"/>\n",
                  y, std::max(2.0, scale(timeline.length)), kLaneHeight);
    for (auto [i, span] : llvm::enumerate(timeline.spans))
      os << formatv("<rect class=\"span s{0}\" x=\"{1:f2}\" y=\"{2:f1}\" "
                    "width=\"{3:f2}\" height=\"{4:f1}\"><title>{5}</title>"
                    "</rect>\n",
                    i % 2, scale(span.begin), y,
                    std::max(0.5, scale(span.end - span.begin)), kLaneHeight,
                    escape(span.label));
    if (timeline.entries.size() > 1)
      for (const Span &entry : timeline.entries)
        os << formatv("<path class=\"entry\" d=\"M{0:f2} {1:f1}v{2:f1}\"/>"
                      "<text class=\"axis\" x=\"{3:f2}\" y=\"{4:f1}\">{5}"
                      "</text>\n",
                      scale(entry.begin), y, kLaneHeight,
                      scale(entry.begin) + 4, y + kLaneHeight + 14,
                      escape(entry.label));
    double pitch =
        std::min(4.5, kWidth / std::max<size_t>(1, timeline.events.size()));
    double width = pitch / 1.5;
    for (auto [event, x] :
         llvm::zip(timeline.events, layOut(timeline, pitch))) {
      const Sync &sync = side.syncs[event.sync];
      if (event.start)
        os << formatv(
            "<rect class=\"copy {0}\" x=\"{1:f2}\" y=\"{2:f1}\" "
            "width=\"{3:f2}\" height=\"8\"><title>copy under way: "
            "{4}</title></rect>\n",
            color(sync.kind), scale(*event.start), y + kLaneHeight / 2 - 4,
            std::max(1.0, x - scale(*event.start)), escape(sync.pattern));
      os << formatv("<rect class=\"sync {0}{1}\" x=\"{2:f2}\" y=\"{3:f1}\" "
                    "width=\"{4:f2}\" height=\"{5:f1}\"><title>{6}</title>"
                    "</rect>\n",
                    color(sync.kind), sync.least ? "" : " maybe", x - width / 2,
                    y + 4, width, kLaneHeight - 8, tooltip(sync));
    }
    os << "</g>\n";
    if (timeline.truncated)
      os << formatv("<text class=\"axis end\" x=\"{0:f1}\" y=\"{1:f1}\">only "
                    "the first {2} are drawn</text>\n",
                    kWidth, y - 8, timeline.events.size());
  }

  void printTimeline() {
    double second = kTop + kLaneHeight + 54, bottom = second + kLaneHeight;
    os << "<section>\n<h2>Where the host waits</h2>\n<p class=\"sub\">Left to "
          "right: the operations of one forward. Both lanes have the same "
          "scale. A bar is a wait for the device; a pale one stands under a "
          "condition, a thin horizontal one is a copy under way. Bars that "
          "would "
          "touch are moved apart.</p>\n<div "
          "class=\"scroll\">\n";
    os << formatv("<svg viewBox=\"0 0 {0} {1}\" role=\"img\" "
                  "aria-label=\"Host syncs along the forward, before and "
                  "after\">\n",
                  kWidth, bottom + 30);
    printLane(report.before, "Before", kTop);
    printLane(report.after, "After", second);
    double length =
        std::max(report.before.timeline.length, report.after.timeline.length);
    if (report.entries.size() == 1)
      for (unsigned i = 0; i <= 4; ++i)
        os << formatv("<text class=\"axis{0}\" x=\"{1:f1}\" y=\"{2:f1}\">{3}"
                      "</text>\n",
                      i == 0   ? ""
                      : i == 4 ? " end"
                               : " middle",
                      kWidth * i / 4, bottom + 18,
                      i == 0 ? std::string("operation 0")
                             : std::to_string(int64_t(length * i / 4)));
    os << "</svg>\n</div>\n";
    if (!kinds.empty()) {
      os << "<table class=\"kinds\"><thead><tr><th>Kind</th><th "
            "class=\"n\">before</th><th class=\"n\">after</th></tr></thead>"
            "<tbody>\n";
      for (const std::string &kind : kinds)
        os << "<tr><td>" << chip(kind) << "</td><td class=\"n\">"
           << countOf(report.before.byKind, kind) << "</td><td class=\"n\">"
           << countOf(report.after.byKind, kind) << "</td></tr>\n";
      os << "</tbody></table>\n";
    }
    os << "</section>\n";
  }

  static std::string countOf(const std::vector<Count> &counts,
                             llvm::StringRef name) {
    auto it =
        llvm::find_if(counts, [&](const Count &c) { return c.name == name; });
    return it == counts.end() ? "&ndash;" : countText(it->count);
  }

  void printPatterns() {
    os << "<section>\n<h2>What is read</h2>\n<div class=\"two\">\n";
    for (auto [side, name] : {std::pair(&report.before, "Before"),
                              std::pair(&report.after, "After")}) {
      os << "<div class=\"scroll\"><table><thead><tr><th class=\"n\">" << name
         << "</th><th>Read</th><th "
            "class=\"n\">Values</th></tr></thead><tbody>\n";
      for (const Pattern &pattern :
           llvm::ArrayRef(side->patterns).take_front(kMaxRows))
        os << "<tr><td class=\"n\">" << countText(pattern.syncs)
           << " &times;</td><td><i class=\"chip " << color(pattern.kind)
           << "\"></i><code>" << escape(pattern.text) << "</code>"
           << "<span class=\"dim\"> @" << escape(pattern.function)
           << "</span></td><td class=\"n\">"
           << (pattern.sites > 1 ? std::to_string(pattern.values) : "")
           << "</td></tr>\n";
      if (side->patterns.empty())
        os << "<tr><td class=\"n\">0</td><td "
              "class=\"dim\">nothing</td><td></td>"
              "</tr>\n";
      os << "</tbody></table></div>\n";
    }
    os << "</div>\n<p class=\"sub after\">Values: how many different values "
          "the reads of a row at several places may give. If it is 1, one read "
          "would do.</p>\n</section>\n";
  }

  void printKept() {
    if (report.kept.empty())
      return;
    os << "<section>\n<h2>Kept, and why</h2>\n<table><thead><tr><th "
          "class=\"n\">Syncs</th><th>Reason</th><th>Blocked "
          "by</th></tr></thead>"
          "<tbody>\n";
    for (const Kept &kept : report.kept)
      os << "<tr><td class=\"n\">" << countText(kept.syncs)
         << " &times;</td><td>" << escape(kept.reason) << "</td><td><code>"
         << escape(kept.blockedBy) << "</code></td></tr>\n";
    os << "</tbody></table>\n</section>\n";
  }

  void printSyncs(llvm::StringRef title, const Side &side, bool open) {
    if (side.syncs.empty())
      return;
    os << "<section>\n<details" << (open ? " open" : "") << "><summary><h2>"
       << title << "</h2><span class=\"dim\">"
       << plural(side.syncs.size(), "place")
       << "</span></summary>\n<div class=\"scroll\"><table><thead><tr>"
          "<th>Place</th><th>Kind</th><th>Operation</th><th>Function</th>"
          "<th class=\"n\">Per forward</th><th>Note</th></tr></thead><tbody>\n";
    for (const Sync &sync : llvm::ArrayRef(side.syncs).take_front(kMaxRows)) {
      std::vector<std::string> notes;
      if (sync.overlapped)
        notes.push_back("overlapped");
      if (sync.least < sync.most)
        notes.push_back(sync.least ? "certain: " + countText(sync.least)
                                   : "under a condition");
      for (const std::string &factor : sync.unknown)
        notes.push_back("unknown: " + factor);
      if (!sync.reason.empty())
        notes.push_back(sync.reason);
      os << "<tr><td class=\"place\">"
         << escape(shortPlace(sync.place, report.file)) << "</td><td>"
         << chip(sync.kind) << "</td><td><code>" << escape(sync.op)
         << "</code></td><td><code>@" << escape(sync.function)
         << "</code></td><td class=\"n\">" << countText(sync.most)
         << "</td><td>";
      for (auto [i, note] : llvm::enumerate(notes))
        os << (i ? "; " : "") << escape(note);
      os << "</td></tr>\n";
    }
    if (side.syncs.size() > kMaxRows)
      os << "<tr><td colspan=\"6\" class=\"dim\">and "
         << side.syncs.size() - kMaxRows << " more</td></tr>\n";
    os << "</tbody></table></div>\n</details>\n</section>\n";
  }

  void printDevices() {
    const Side &before = report.before, &after = report.after;
    if (!before.setDeviceCalls && !before.capabilityQueries)
      return;
    os << "<section>\n<h2>Devices</h2>\n<table><thead><tr><th></th>"
          "<th class=\"n\">before</th><th class=\"n\">after</th></tr></thead>"
          "<tbody>\n";
    auto row = [&](llvm::StringRef what, int64_t b, int64_t a) {
      os << "<tr><td>" << what << "</td><td class=\"n\">" << countText(b)
         << "</td><td class=\"n\">" << countText(a) << "</td></tr>\n";
    };
    row("Changes of the current device per forward", before.setDeviceCalls,
        after.setDeviceCalls);
    row("Questions to devices per forward", before.capabilityQueries,
        after.capabilityQueries);
    os << "</tbody></table>\n</section>\n";
  }

  void printFunctions() {
    std::vector<std::string> names;
    for (const Side *side : {&report.before, &report.after})
      for (const Count &count : side->byFunction)
        if (!llvm::is_contained(names, count.name))
          names.push_back(count.name);
    if (names.size() < 2)
      return;
    os << "<section>\n<h2>By function</h2>\n<table><thead><tr><th>Function</th>"
          "<th class=\"n\">before</th><th class=\"n\">after</th></tr></thead>"
          "<tbody>\n";
    for (const std::string &name : names)
      os << "<tr><td><code>@" << escape(name) << "</code></td><td class=\"n\">"
         << countOf(report.before.byFunction, name) << "</td><td class=\"n\">"
         << countOf(report.after.byFunction, name) << "</td></tr>\n";
    os << "</tbody></table>\n</section>\n";
  }

  void printUnmodelled() {
    if (report.unmodelled.empty())
      return;
    os << "<section>\n<h2>Operations that no model names</h2>\n<p "
          "class=\"sub\">Barriers: no read moves past them. A model file says "
          "what they do (docs/op-models.md).</p>\n<table><thead><tr><th "
          "class=\"n\">Count</th><th>Operation</th><th></th></tr></thead>"
          "<tbody>\n";
    for (const Unmodelled &op : report.unmodelled)
      os << "<tr><td class=\"n\">" << op.count << "</td><td><code>"
         << escape(op.name) << "</code></td><td class=\"dim\">"
         << (op.hasRegions ? "regions not looked into" : "") << "</td></tr>\n";
    os << "</tbody></table>\n</section>\n";
  }

  const Report &report;
  llvm::raw_ostream &os;
  std::vector<std::string> kinds;
};
} // namespace

void report::printHtml(const Report &report, llvm::raw_ostream &os) {
  Page(report, os).print();
}
