//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// capstan-verify BEFORE AFTER: accepts AFTER if it does the same as BEFORE with
// no more host syncs. Exit status: 0 accepted, 1 rejected, 2 bad input.
//
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/Capstan.h"
#include "capstan/Interfaces/OpModels.h"
#include "capstan/Verify/Verify.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/thread.h"

using namespace mlir;
using namespace capstan;

static llvm::cl::OptionCategory category("capstan-verify options");
static llvm::cl::opt<std::string> beforeFile(llvm::cl::Positional,
                                             llvm::cl::Required,
                                             llvm::cl::desc("<before>"),
                                             llvm::cl::cat(category));
static llvm::cl::opt<std::string> afterFile(llvm::cl::Positional,
                                            llvm::cl::Required,
                                            llvm::cl::desc("<after>"),
                                            llvm::cl::cat(category));
static llvm::cl::opt<bool> jsonOutput("json",
                                      llvm::cl::desc("Write a JSON object"),
                                      llvm::cl::cat(category));
static llvm::cl::opt<bool> strictChecks(
    "strict-checks",
    llvm::cl::desc("Checks may not sink below operations that may fail, even "
                   "those without effects"),
    llvm::cl::cat(category));
// For command lines that are shared with mlir-opt: always on here.
static llvm::cl::opt<bool>
    allowUnregistered("allow-unregistered-dialect",
                      llvm::cl::desc("Accepted; always on"),
                      llvm::cl::cat(category));

static llvm::json::Object toJson(const verify::SyncCounts &c) {
  return llvm::json::Object{{"static", c.inText},
                            {"per_forward", c.perForward},
                            {"transfers", c.perForward},
                            {"values", c.values},
                            {"at_least", c.atLeast},
                            {"set_device_calls", c.setDevices},
                            {"capability_queries", c.queries}};
}

static void printJson(const verify::Report &report) {
  llvm::json::Array details, functions;
  for (const std::string &line : report.details)
    details.push_back(llvm::json::fixUTF8(line));
  for (const verify::FunctionReport &f : report.functions)
    functions.push_back(
        llvm::json::Object{{"name", llvm::json::fixUTF8(f.name)},
                           {"before", toJson(f.before)},
                           {"after", toJson(f.after)}});
  llvm::json::Object object{
      {"status", report.accepted ? "accepted" : "rejected"},
      {"reason", llvm::json::fixUTF8(report.reason)},
      {"details", std::move(details)},
      {"syncs_before", toJson(report.before)},
      {"syncs_after", toJson(report.after)},
      {"functions", std::move(functions)},
      {"before_static", report.before.inText},
      {"after_static", report.after.inText},
      {"before_per_forward", report.before.perForward},
      {"after_per_forward", report.after.perForward}};
  llvm::outs() << llvm::formatv("{0:2}", llvm::json::Value(std::move(object)))
               << "\n";
}

static void printCounts(StringRef name, const verify::SyncCounts &b,
                        const verify::SyncCounts &a) {
  auto one = [](const verify::SyncCounts &c) {
    return std::to_string(c.inText) + " in the text, " +
           (c.atLeast ? "at least " : "") + std::to_string(c.perForward) +
           " a forward" +
           (c.values != c.perForward
                ? " (" + std::to_string(c.values) + " values)"
                : "");
  };
  llvm::outs() << name << ": host syncs before: " << one(b)
               << "; after: " << one(a) << "\n";
  auto changed = [&](StringRef what, uint64_t before, uint64_t after) {
    if (before || after)
      llvm::outs() << name << ": " << what << " a forward before: " << before
                   << "; after: " << after << "\n";
  };
  changed("changes of the device", b.setDevices, a.setDevices);
  changed("questions to devices", b.queries, a.queries);
}

static void printText(const verify::Report &report) {
  if (report.accepted) {
    llvm::outs() << "accepted\n";
  } else {
    llvm::outs() << "rejected: " << report.reason << "\n";
    for (const std::string &line : report.details)
      llvm::outs() << "  " << line << "\n";
  }
  for (const verify::FunctionReport &f : report.functions)
    printCounts("@" + f.name, f.before, f.after);
  if (report.functions.size() > 1)
    printCounts("all", report.before, report.after);
}

static OwningOpRef<ModuleOp> parse(StringRef path, MLIRContext &ctx) {
  std::string error;
  auto file = openInputFile(path, &error);
  if (!file) {
    llvm::errs() << "capstan-verify: " << error << "\n";
    return {};
  }
  llvm::SourceMgr manager;
  manager.AddNewSourceBuffer(std::move(file), SMLoc());
  SourceMgrDiagnosticHandler handler(manager, &ctx);
  return parseSourceFile<ModuleOp>(manager, ParserConfig(&ctx));
}

static int run() {
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registry.insert<CapstanDialect>();
  MLIRContext ctx(registry, MLIRContext::Threading::DISABLED);
  ctx.allowUnregisteredDialects();
  ctx.loadDialect<CapstanDialect>();
  if (!OpModels::get(&ctx))
    return 2;
  OwningOpRef<ModuleOp> before = parse(beforeFile, ctx);
  OwningOpRef<ModuleOp> after = parse(afterFile, ctx);
  if (!before || !after)
    return 2;
  verify::Report report = verify::verify(*before, *after, {strictChecks});
  jsonOutput ? printJson(report) : printText(report);
  llvm::outs().flush();
  return report.accepted ? 0 : 1;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  OpModels::registerCLOptions();
  registerAsmPrinterCLOptions();
  registerMLIRContextCLOptions();
  if (!llvm::cl::ParseCommandLineOptions(
          argc, argv,
          "accepts AFTER if it does the same as BEFORE with no more host "
          "syncs\n",
          &llvm::errs()))
    return 2;
  // Input may nest deeply: parser and execution recur.
  int status = 2;
  llvm::thread worker(std::optional<unsigned>(1u << 30),
                      [&] { status = run(); });
  worker.join();
  return status;
}
