//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// The compiler's C API: each module has a context of its own, so that modules
// don't share anything that isn't constant.
//
//===----------------------------------------------------------------------===//

#include "capstan-c/Compiler.h"
#include "capstan/Dialect/Capstan.h"
#include "capstan/InitAll.h"
#include "capstan/Interfaces/OpModels.h"
#include "capstan/Pipelines/Pipelines.h"
#include "capstan/Report/Report.h"
#include "capstan/Target/Host.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/SourceMgr.h"
#include <mutex>

using namespace mlir;
using namespace capstan;

struct capstan_text {
  std::string text;
};

struct capstan_module {
  explicit capstan_module(const DialectRegistry &registry)
      : context(registry) {}

  /// As in the tool, for messages and for the names that a report uses.
  std::shared_ptr<llvm::SourceMgr> sources =
      std::make_shared<llvm::SourceMgr>();
  mutable MLIRContext context;
  const OpModels *models = nullptr;
  std::string name;
  OwningOpRef<ModuleOp> op;
};

namespace {
/// What is said of a module while this lives, for the caller.
class Messages {
public:
  Messages(const capstan_module &module, capstan_text **result)
      : os(text), handler(*module.sources, &module.context, os),
        result(result) {}
  ~Messages() {
    if (result)
      *result = new capstan_text{std::move(text)};
  }

  capstan_result fail(const Twine &message) {
    os << "error: " << message << "\n";
    return CAPSTAN_FAILURE;
  }

private:
  std::string text;
  llvm::raw_string_ostream os;
  SourceMgrDiagnosticHandler handler;
  capstan_text **result;
};
} // namespace

static capstan_result invalid(const Twine &what, capstan_text **messages) {
  if (messages)
    *messages = new capstan_text{("error: " + what + "\n").str()};
  return CAPSTAN_INVALID_ARGUMENT;
}

static void initialize() {
  static std::once_flag once;
  std::call_once(once, [] {
    capstan::registerAllPasses();
    registerTransformsPasses();
  });
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

uint32_t capstan_compiler_api_version(void) {
  return CAPSTAN_COMPILER_API_VERSION;
}

const char *capstan_compiler_version(void) {
  return CAPSTAN_VERSION " (LLVM " LLVM_VERSION_STRING ")";
}

const char *capstan_text_data(const capstan_text *text) {
  return text ? text->text.c_str() : nullptr;
}

size_t capstan_text_size(const capstan_text *text) {
  return text ? text->text.size() : 0;
}

void capstan_text_destroy(capstan_text *text) { delete text; }

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

capstan_result capstan_add_op_models(const char *path) {
  if (!path)
    return CAPSTAN_INVALID_ARGUMENT;
  OpModels::addFile(path);
  return CAPSTAN_SUCCESS;
}

capstan_result capstan_module_parse(const char *ir, size_t size,
                                    const char *name, capstan_module **module,
                                    capstan_text **messages) {
  if (module)
    *module = nullptr;
  if (!ir || !module)
    return invalid("no IR, or nowhere to put the module", messages);
  initialize();
  DialectRegistry registry;
  capstan::registerAllDialects(registry);
  registerHostTarget(registry);
  auto made = std::make_unique<capstan_module>(registry);
  made->name = name ? name : "<memory>";
  made->context.allowUnregisteredDialects();
  // A module is too long for a message.
  made->context.printOpOnDiagnostic(false);
  made->context.loadDialect<CapstanDialect>();
  made->sources->AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBufferCopy(StringRef(ir, size), made->name),
      llvm::SMLoc());
  Messages said(*made, messages);
  made->models = OpModels::get(&made->context);
  if (!made->models)
    return CAPSTAN_FAILURE;
  made->op = parseSourceFile<ModuleOp>(made->sources, &made->context);
  if (!made->op)
    return CAPSTAN_FAILURE;
  *module = made.release();
  return CAPSTAN_SUCCESS;
}

void capstan_module_destroy(capstan_module *module) { delete module; }

capstan_result capstan_module_print(const capstan_module *module,
                                    uint32_t flags, capstan_text **ir) {
  if (ir)
    *ir = nullptr;
  if (!module || !ir || (flags & ~uint32_t(CAPSTAN_PRINT_LOCATIONS)))
    return CAPSTAN_INVALID_ARGUMENT;
  std::string text;
  llvm::raw_string_ostream os(text);
  OpPrintingFlags printing;
  if (flags & CAPSTAN_PRINT_LOCATIONS)
    printing.enableDebugInfo();
  module->op.get().print(os, printing);
  os << "\n";
  *ir = new capstan_text{std::move(text)};
  return CAPSTAN_SUCCESS;
}

capstan_result capstan_module_run_passes(capstan_module *module,
                                         const char *pipeline, uint32_t flags,
                                         capstan_text **messages) {
  if (!module || !pipeline || (flags & ~uint32_t(CAPSTAN_PASSES_REMARKS)))
    return invalid("no module, no pipeline, or an unknown flag", messages);
  Messages said(*module, messages);
  PassManager pm(&module->context, ModuleOp::getOperationName());
  if (llvm::Error error = parsePipeline(pipeline, pm))
    return said.fail(llvm::toString(std::move(error)));
  if (flags & CAPSTAN_PASSES_REMARKS) {
    remark::RemarkCategories categories;
    categories.passed = categories.missed = categories.analysis =
        categories.failed = "capstan";
    if (failed(remark::enableOptimizationRemarks(
            module->context, nullptr,
            std::make_unique<remark::RemarkEmittingPolicyAll>(), categories,
            /*printAsEmitRemarks=*/true)))
      return said.fail("remarks can't be made");
  }
  OwningOpRef<ModuleOp> copy = module->op.get().clone();
  LogicalResult result = pm.run(*copy);
  // What follows says nothing of its own.
  module->context.setRemarkEngine(nullptr);
  if (failed(result))
    return said.fail("the pipeline failed on " + module->name);
  module->op = std::move(copy);
  return CAPSTAN_SUCCESS;
}

capstan_result capstan_module_report(const capstan_module *module,
                                     const char *pipeline,
                                     capstan_report_format format,
                                     capstan_text **report,
                                     capstan_text **messages) {
  if (report)
    *report = nullptr;
  if (!module || !report || format < CAPSTAN_REPORT_TEXT ||
      format > CAPSTAN_REPORT_HTML)
    return invalid("no module, nowhere to put the report, or an unknown format",
                   messages);
  Messages said(*module, messages);
  report::Report made;
  made.file = module->name;
  made.pipeline = pipeline ? pipeline : "capstan-host-sync-pipeline";
  PassManager passes(module->op.get()->getContext(),
                     ModuleOp::getOperationName());
  if (llvm::Error error = parsePipeline(made.pipeline, passes))
    return said.fail(llvm::toString(std::move(error)));
  llvm::Error error = report::fill(made, *module->op, passes, *module->models,
                                   *module->sources);
  module->context.setRemarkEngine(nullptr);
  if (error)
    return said.fail(llvm::toString(std::move(error)));
  std::string text;
  llvm::raw_string_ostream os(text);
  if (format == CAPSTAN_REPORT_TEXT)
    report::printText(made, os);
  else if (format == CAPSTAN_REPORT_JSON)
    report::printJson(made, os);
  else
    report::printHtml(made, os);
  *report = new capstan_text{std::move(text)};
  return CAPSTAN_SUCCESS;
}

capstan_result capstan_module_compile(const capstan_module *module,
                                      const capstan_compile_options *options,
                                      const char *path,
                                      capstan_text **messages) {
  capstan_compile_options given{};
  given.struct_size = sizeof(given);
  if (options)
    given = *options;
  if (!module || !path || given.struct_size != sizeof(given) ||
      given.less_optimization < 0 || given.less_optimization > 3)
    return invalid("no module, no path, or wrong options", messages);
  Messages said(*module, messages);
  StringRef target = given.target ? given.target : "host";
  PassManager pm(&module->context);
  CudaTargetPipelineOptions pipeline;
  pipeline.hostSyncs = !given.keep_host_syncs;
  pipeline.planMemory = !given.no_memory_plan;
  if (given.chip)
    pipeline.chip = given.chip;
  if (target == "host")
    buildHostTargetPipeline(pm, pipeline);
  else if (target == "cuda")
    buildCudaTargetPipeline(pm, pipeline);
  else
    return said.fail("unknown target '" + target + "'; there are: host, cuda");
  OwningOpRef<ModuleOp> copy = module->op.get().clone();
  if (failed(pm.run(*copy)))
    return said.fail(module->name + " can't be compiled");
  HostTargetOptions machine;
  machine.optimization = 3 - given.less_optimization;
  if (given.chip && target == "host")
    machine.chip = given.chip;
  if (given.linker)
    machine.linker = given.linker;
  HostTarget host(machine);
  std::unique_ptr<llvm::Module> code = host.toLLVM(*copy);
  if (!code || failed(host.emitLibrary(*copy, *code, path)))
    return CAPSTAN_FAILURE;
  return CAPSTAN_SUCCESS;
}
