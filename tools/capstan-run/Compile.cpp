//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Compile.h"
#include "Program.h"
#include "capstan/InitAll.h"
#include "capstan/Pipelines/Pipelines.h"
#include "capstan/Target/Host.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace capstan::run;

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
capstan::run::compile(StringRef path, const LoadOptions &options) {
  DialectRegistry registry;
  registerAllDialects(registry);
  registerHostTarget(registry);
  MLIRContext context(registry);
  context.allowUnregisteredDialects();

  std::string message;
  auto buffer = openInputFile(path, &message);
  if (!buffer)
    return error("%s", message.c_str());
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  SourceMgrDiagnosticHandler diagnostics(sources, &context);
  auto failed = [&] {
    return error("%s can't be compiled", path.str().c_str());
  };
  auto module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return failed();
  PassManager pm(&context);
  bool isGpu = options.target == "cuda";
  CudaTargetPipelineOptions pipeline;
  pipeline.hostSyncs = options.hostSyncPipeline;
  pipeline.planMemory = options.planMemory;
  if (isGpu && !options.chip.empty())
    pipeline.chip = options.chip;
  if (isGpu)
    buildCudaTargetPipeline(pm, pipeline);
  else
    buildHostTargetPipeline(pm, pipeline);
  if (mlir::failed(pm.run(*module)))
    return failed();
  HostTargetOptions target;
  if (!isGpu && !options.chip.empty())
    target.chip = options.chip;
  HostTarget host(target);
  std::unique_ptr<llvm::Module> code = host.toLLVM(*module);
  SmallVector<char, 0> object;
  llvm::raw_svector_ostream os(object);
  if (!code || mlir::failed(host.emitObject(*module, *code, os)))
    return failed();
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(
      std::move(object), path, /*RequiresNullTerminator=*/false);
}
