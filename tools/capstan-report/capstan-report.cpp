//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Counts the host syncs of a forward before and after the host-sync pipeline,
// and says where they are and why the rest stays.
//
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/Capstan.h"
#include "capstan/InitAll.h"
#include "capstan/Pipelines/Pipelines.h"
#include "capstan/Report/Report.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Support/WithColor.h"
#include <cmath>

using namespace mlir;
using namespace capstan;
using namespace capstan::report;

namespace cl = llvm::cl;

/// Anything that keeps the report from being made.
static constexpr int kFailure = 2;

static int fail(const Twine &message) {
  llvm::WithColor::error(llvm::errs(), "capstan-report") << message << "\n";
  return kFailure;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::OptionCategory category("capstan-report options");
  cl::opt<std::string> file(cl::Positional, cl::desc("FILE"), cl::init("-"),
                            cl::cat(category));
  cl::opt<bool> json("json", cl::desc("Print JSON (docs/report.md)"),
                     cl::cat(category));
  cl::opt<std::string> html("html", cl::desc("Also write a page to this file"),
                            cl::value_desc("file"), cl::cat(category));
  cl::opt<std::string> syncUs(
      "sync-us", cl::desc("Cost of a host sync, to estimate what is saved"),
      cl::value_desc("microseconds"), cl::cat(category));
  cl::opt<std::string> pipeline(
      "pipeline",
      cl::desc("Passes to run (default: the host-sync pipeline, "
               "after --capstan-hoist-device-context if the "
               "program has to do with devices)"),
      cl::value_desc("passes"), cl::init("capstan-host-sync-pipeline"),
      cl::cat(category));
  capstan::registerAllPasses();
  mlir::registerAllPasses();
  if (cl::Option *models =
          cl::getRegisteredOptions().lookup("capstan-op-models"))
    models->addCategory(category);
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(
          argc, argv, "Counts host syncs before and after Capstan's passes\n",
          &llvm::errs()))
    return kFailure;

  Report report;
  report.file = file == "-" ? "<stdin>" : file.getValue();
  report.pipeline = pipeline;
  if (!syncUs.empty()) {
    double us = 0;
    if (StringRef(syncUs).getAsDouble(us) || !std::isfinite(us) || us < 0)
      return fail("--sync-us takes a number of microseconds, not '" + syncUs +
                  "'");
    report.syncUs = us;
  }

  std::string message;
  auto buffer = openInputFile(file, &message);
  if (!buffer)
    return fail(message);
  auto source = std::make_shared<llvm::SourceMgr>();
  source->AddNewSourceBuffer(std::move(buffer), {});

  DialectRegistry registry;
  capstan::registerAllDialects(registry);
  MLIRContext ctx(registry, MLIRContext::Threading::DISABLED);
  ctx.allowUnregisteredDialects();
  ctx.loadDialect<CapstanDialect>();
  SourceMgrDiagnosticHandler handler(*source, &ctx);
  const OpModels *models = OpModels::get(&ctx);
  if (!models)
    return kFailure; // it has said why
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(source, &ctx);
  if (!module)
    return fail("can't parse '" + report.file + "'");

  if (pipeline.getNumOccurrences() == 0 && usesDevices(*module, *models))
    report.pipeline = "capstan-hoist-device-context," + report.pipeline;
  PassManager passes(&ctx, ModuleOp::getOperationName());
  if (llvm::Error failure = parsePipeline(report.pipeline, passes))
    return fail("--pipeline: " + llvm::toString(std::move(failure)));
  if (llvm::Error failure = fill(report, *module, passes, *models, *source))
    return fail(llvm::toString(std::move(failure)));

  if (!html.empty()) {
    auto output = openOutputFile(html, &message);
    if (!output)
      return fail(message);
    printHtml(report, output->os());
    output->keep();
  }
  if (json)
    printJson(report, llvm::outs());
  else
    printText(report, llvm::outs());
  return 0;
}
