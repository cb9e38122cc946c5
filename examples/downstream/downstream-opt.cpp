//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// An opt-like tool with a pipeline of its own: Capstan's host-sync passes, then
// passes of upstream MLIR.
//
//===----------------------------------------------------------------------===//

#include "capstan/InitAll.h"
#include "capstan/Pipelines/Pipelines.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

static void buildDownstreamPipeline(mlir::OpPassManager &pm) {
  capstan::HostSyncPipelineOptions options;
  options.coalesce = false;
  options.overlap = false;
  capstan::buildHostSyncPipeline(pm, options);
  pm.addPass(mlir::createCanonicalizerPass());
  pm.addPass(mlir::createCSEPass());
}

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  capstan::registerAllDialects(registry);
  capstan::registerAllPasses();
  mlir::PassPipelineRegistration<> pipeline(
      "downstream-pipeline", "host syncs first, then upstream cleanup",
      buildDownstreamPipeline);
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "An optimizer driver on top of Capstan\n", registry));
}
