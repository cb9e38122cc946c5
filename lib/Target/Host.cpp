//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Target/Host.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

using namespace mlir;
using namespace capstan;

/// The runtime's shared library, as modules ask for it.
static constexpr llvm::StringLiteral runtimeName = "libcapstan_rt.so.0";

void capstan::registerHostTarget(DialectRegistry &registry) {
  registerAllToLLVMIRTranslations(registry);
}

HostTarget::HostTarget(HostTargetOptions options)
    : options(std::move(options)) {}
HostTarget::~HostTarget() = default;

llvm::TargetMachine *HostTarget::machine(ModuleOp module) {
  if (target)
    return target.get();
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  std::string error;
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!found) {
    module.emitError("no code generator for this machine: ") << error;
    return nullptr;
  }
  std::string chip = options.chip, features;
  if (chip == "native") {
    chip = llvm::sys::getHostCPUName().str();
    llvm::SubtargetFeatures all;
    for (auto &[feature, has] : llvm::sys::getHostCPUFeatures())
      all.AddFeature(feature, has);
    features = all.getString();
  }
  std::unique_ptr<llvm::MCSubtargetInfo> known(
      found->createMCSubtargetInfo(triple, "", ""));
  if (!known->isCPUStringValid(chip)) {
    module.emitError("unknown chip '") << chip << "' for " << triple.str();
    return nullptr;
  }
  llvm::TargetOptions flags;
  flags.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  target.reset(found->createTargetMachine(
      triple, chip, features, flags, llvm::Reloc::PIC_, std::nullopt,
      options.optimization == 0 ? llvm::CodeGenOptLevel::None
                                : llvm::CodeGenOptLevel::Aggressive));
  return target.get();
}

std::unique_ptr<llvm::Module> HostTarget::toLLVM(ModuleOp module) {
  llvm::TargetMachine *tm = machine(module);
  if (!tm)
    return nullptr;
  std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(module, context);
  if (!code) {
    module.emitError("can't be translated to LLVM IR");
    return nullptr;
  }
  code->setTargetTriple(tm->getTargetTriple());
  code->setDataLayout(tm->createDataLayout());
  for (llvm::Function &function : *code)
    if (!function.isDeclaration()) {
      function.addFnAttr("target-cpu", tm->getTargetCPU());
      function.addFnAttr("target-features", tm->getTargetFeatureString());
      // As wide as the chip has.
      function.addFnAttr("prefer-vector-width", "512");
    }

  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  llvm::PassBuilder builder(tm, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  const llvm::OptimizationLevel levels[] = {
      llvm::OptimizationLevel::O0, llvm::OptimizationLevel::O1,
      llvm::OptimizationLevel::O2, llvm::OptimizationLevel::O3};
  llvm::OptimizationLevel level = levels[std::min(options.optimization, 3u)];
  llvm::ModulePassManager passes =
      options.optimization == 0 ? builder.buildO0DefaultPipeline(level)
                                : builder.buildPerModuleDefaultPipeline(level);
  passes.run(*code, modules);
  return code;
}

LogicalResult HostTarget::emitObject(ModuleOp module, llvm::Module &code,
                                     llvm::raw_pwrite_stream &os) {
  llvm::TargetMachine *tm = machine(module);
  if (!tm)
    return failure();
  llvm::legacy::PassManager passes;
  if (tm->addPassesToEmitFile(passes, os, nullptr,
                              llvm::CodeGenFileType::ObjectFile))
    return module.emitError("this machine's target can't write objects");
  passes.run(code);
  return success();
}

LogicalResult HostTarget::emitLibrary(ModuleOp module, llvm::Module &code,
                                      StringRef path) {
  SmallString<128> object;
  int descriptor;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile(
          "capstan", "o", descriptor, object))
    return module.emitError("can't write an object: ") << error.message();
  llvm::FileRemover remover(object);
  {
    llvm::raw_fd_ostream os(descriptor, /*shouldClose=*/true);
    if (failed(emitObject(module, code, os)))
      return failure();
  }
  return link(module, object, path);
}

LogicalResult HostTarget::link(ModuleOp module, StringRef input,
                               StringRef output) {
  std::string linker = options.linker;
  if (linker.empty()) {
    for (StringRef name : {"cc", "gcc", "clang"})
      if (auto found = llvm::sys::findProgramByName(name)) {
        linker = *found;
        break;
      }
    if (linker.empty())
      return module.emitError("no linker: none of cc, gcc and clang is on "
                              "PATH; --linker names one");
  }
  // The module needs the runtime by its name. Where it lies is known only to
  // the process that loads both, so an empty library stands for it here.
  SmallString<128> folder;
  if (std::error_code error =
          llvm::sys::fs::createUniqueDirectory("capstan-link", folder))
    return module.emitError("can't make a temporary folder: ")
           << error.message();
  llvm::scope_exit remove([&] { llvm::sys::fs::remove_directories(folder); });
  SmallString<128> object(folder), runtime(folder), said(folder);
  llvm::sys::path::append(object, "empty.o");
  llvm::sys::path::append(runtime, runtimeName);
  llvm::sys::path::append(said, "said");
  auto run = [&](ArrayRef<StringRef> arguments) -> LogicalResult {
    SmallVector<StringRef> command{linker};
    llvm::append_range(command, arguments);
    std::string error;
    if (llvm::sys::ExecuteAndWait(
            linker, command, std::nullopt,
            {std::nullopt, StringRef(said), StringRef(said)}, 0, 0,
            &error) == 0)
      return success();
    if (auto text = llvm::MemoryBuffer::getFile(said); text && error.empty())
      error = (*text)->getBuffer().trim().str();
    return module.emitError("linking with ")
           << linker << " failed" << (error.empty() ? "" : ": ") << error;
  };
  {
    std::error_code error;
    llvm::raw_fd_ostream os(object, error);
    if (error)
      return module.emitError("can't write an object: ") << error.message();
    llvm::Module empty("empty", context);
    empty.setTargetTriple(target->getTargetTriple());
    empty.setDataLayout(target->createDataLayout());
    if (failed(emitObject(module, empty, os)))
      return failure();
  }
  std::string soname = ("-Wl,-soname," + Twine(runtimeName)).str();
  if (failed(run({"-shared", "-nostdlib", soname, "-o", runtime, object})))
    return failure();
  return run({"-shared", "-o", output, input, "-Wl,--no-as-needed", runtime,
              "-Wl,--as-needed", "-lm", "-Wl,-z,now"});
}
