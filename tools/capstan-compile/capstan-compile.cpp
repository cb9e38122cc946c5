//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Compiles a model's IR to a shared library that the runtime loads.
//
//===----------------------------------------------------------------------===//

#include "capstan/InitAll.h"
#include "capstan/Interfaces/OpModels.h"
#include "capstan/Pipelines/Pipelines.h"
#include "capstan/Target/Host.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Support/Timing.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
namespace cl = llvm::cl;

namespace {
enum class Emit { MLIR, PTX, LLVMDialect, LLVM, Object, Library };

cl::OptionCategory category("capstan-compile");
cl::opt<std::string> input(cl::Positional, cl::desc("IN.mlir"), cl::init("-"),
                           cl::cat(category));
cl::opt<std::string> output("o", cl::desc("the file to write"),
                            cl::value_desc("FILE"), cl::cat(category));
cl::opt<std::string> target("target",
                            cl::desc("what runs the module: host or cuda"),
                            cl::init("host"), cl::cat(category));
cl::opt<std::string>
    chip("chip",
         cl::desc("host: the processor, as in -mcpu; default: this machine's. "
                  "cuda: the GPU; default: sm_90"),
         cl::cat(category));
cl::opt<Emit> emit(
    "emit", cl::desc("what to write"), cl::init(Emit::Library),
    cl::values(clEnumValN(Emit::MLIR, "mlir", "launches and library calls"),
               clEnumValN(Emit::PTX, "ptx", "the kernels (cuda)"),
               clEnumValN(Emit::LLVMDialect, "llvm-dialect",
                          "MLIR's LLVM dialect"),
               clEnumValN(Emit::LLVM, "llvm", "LLVM IR, optimized"),
               clEnumValN(Emit::Object, "obj", "an object"),
               clEnumValN(Emit::Library, "so", "a shared library (default)")),
    cl::cat(category));
cl::opt<bool>
    hostSyncPipeline("host-sync-pipeline",
                     cl::desc("take out host syncs first (default: on)"),
                     cl::init(true), cl::cat(category));
cl::opt<bool> hoistDeviceContext(
    "hoist-device-context",
    cl::desc("take changes of the current device off the hot path (default: "
             "on)"),
    cl::init(true), cl::cat(category));
cl::opt<bool>
    planMemory("plan-memory",
               cl::desc("give buffers places in arenas (default: on)"),
               cl::init(true), cl::cat(category));
cl::opt<unsigned> optimization("opt-level", cl::desc("LLVM's, 0 to 3"),
                               cl::init(3), cl::cat(category));
cl::opt<std::string> linker("linker", cl::desc("the program that links"),
                            cl::cat(category));

int fail(const llvm::Twine &message) {
  llvm::errs() << "capstan-compile: " << message << "\n";
  return 1;
}

bool isCuda() { return target == "cuda"; }

LogicalResult lower(ModuleOp module, TimingScope &timing) {
  PassManager pm(module.getContext());
  if (failed(applyPassManagerCLOptions(pm)))
    return failure();
  pm.enableTiming(timing);
  capstan::CudaTargetPipelineOptions options;
  options.hostSyncs = hostSyncPipeline;
  options.hoistDeviceContext = hoistDeviceContext;
  options.planMemory = planMemory;
  if (!chip.empty())
    options.chip = chip;
  if (emit == Emit::MLIR) {
    capstan::buildLaunchPipeline(pm, options, isCuda());
  } else if (emit == Emit::PTX) {
    capstan::buildLaunchPipeline(pm, options, /*gpu=*/true);
    capstan::GpuKernelPipelineOptions kernels;
    kernels.chip = options.chip;
    capstan::buildGpuKernelPipeline(pm, kernels);
  } else if (isCuda()) {
    capstan::buildCudaTargetPipeline(pm, options);
  } else {
    capstan::buildHostTargetPipeline(pm, options);
  }
  return pm.run(module);
}

/// The text of the kernels.
llvm::StringRef ptxOf(ModuleOp module) {
  for (auto binary : module.getOps<gpu::BinaryOp>())
    return cast<gpu::ObjectAttr>(binary.getObjects()[0]).getObject().getValue();
  return "";
}

/// Writes text or an object to the output file.
int write(llvm::function_ref<LogicalResult(llvm::raw_pwrite_stream &)> fn) {
  std::string error;
  auto file = openOutputFile(
      output.empty() ? std::string("-") : output.getValue(), &error);
  if (!file)
    return fail(error);
  if (emit == Emit::Object && output.empty())
    return fail("-o is needed to write an object");
  if (file->outputFilename() == "-") {
    llvm::SmallString<0> text;
    llvm::raw_svector_ostream os(text);
    if (failed(fn(os)))
      return 1;
    file->os() << text;
  } else {
    llvm::raw_fd_ostream &os = file->os();
    if (failed(fn(os)))
      return 1;
  }
  file->keep();
  return 0;
}
} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  capstan::OpModels::registerCLOptions();
  registerAsmPrinterCLOptions();
  registerMLIRContextCLOptions();
  registerPassManagerCLOptions();
  registerDefaultTimingManagerCLOptions();
  cl::ParseCommandLineOptions(argc, argv,
                              "compiles a model's IR to a shared library that "
                              "Capstan's runtime loads\n");
  if (target != "host" && !isCuda())
    return fail("unknown target '" + target + "'; there are: host, cuda");
  if (emit == Emit::PTX && !isCuda())
    return fail("--emit=ptx needs --target=cuda");

  DialectRegistry registry;
  capstan::registerAllDialects(registry);
  capstan::registerHostTarget(registry);
  MLIRContext context(registry);
  context.allowUnregisteredDialects();

  std::string error;
  auto buffer = openInputFile(input, &error);
  if (!buffer)
    return fail(error);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  SourceMgrDiagnosticHandler diagnostics(sources, &context);

  DefaultTimingManager timingManager;
  applyDefaultTimingManagerCLOptions(timingManager);
  TimingScope timing = timingManager.getRootScope();
  OwningOpRef<ModuleOp> module = [&] {
    TimingScope parsing = timing.nest("Parse");
    return parseSourceFile<ModuleOp>(sources, &context);
  }();
  if (!module || failed(lower(*module, timing)))
    return 1;
  if (emit == Emit::MLIR || emit == Emit::LLVMDialect)
    return write([&](llvm::raw_ostream &os) {
      module->print(os);
      os << "\n";
      return success();
    });

  if (emit == Emit::PTX)
    return write([&](llvm::raw_ostream &os) {
      os << ptxOf(*module);
      return success();
    });

  capstan::HostTargetOptions options;
  if (!isCuda() && !chip.empty())
    options.chip = chip;
  options.optimization = optimization;
  options.linker = linker;
  capstan::HostTarget host(options);
  TimingScope machine = timing.nest("Machine code");
  std::unique_ptr<llvm::Module> code = host.toLLVM(*module);
  if (!code)
    return 1;
  if (emit == Emit::LLVM)
    return write([&](llvm::raw_ostream &os) {
      code->print(os, nullptr);
      return success();
    });
  if (emit == Emit::Object)
    return write([&](llvm::raw_pwrite_stream &os) {
      return host.emitObject(*module, *code, os);
    });
  if (output.empty() || output == "-")
    return fail("-o is needed to write a shared library");
  return failed(host.emitLibrary(*module, *code, output)) ? 1 : 0;
}
