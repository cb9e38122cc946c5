//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Pipelines/Pipelines.h"
#include "capstan/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace capstan;

void capstan::buildHostSyncPipeline(OpPassManager &pm,
                                    const HostSyncPipelineOptions &options) {
  pm.addPass(createCapstanVerifySpaces());
  // A function may be pure without its dead reads, and other reads may be able
  // to move. Merge and overlap erase those anyway.
  CapstanRaiseHostSyncsOptions raise{/*eraseDead=*/options.merge ||
                                     options.overlap};
  pm.addPass(createCapstanRaiseHostSyncs(raise));
  // What device code can read needs no way to a caller or out of a loop.
  if (options.eliminate) {
    pm.addNestedPass<func::FuncOp>(
        createCapstanEliminateHostSyncs({/*quiet=*/true}));
    // Finds the pure functions again.
    pm.addPass(createCapstanRaiseHostSyncs(raise));
  }
  OpPassManager &functions = pm.nest<func::FuncOp>();
  // Merged first, so that the passes after it see fewer.
  if (options.merge)
    functions.addPass(createCapstanMergeHostSyncs());
  if (options.hoist)
    functions.addPass(
        createCapstanHoistHostSyncs({options.speculate, options.merge}));
  if (options.promote)
    pm.addPass(createCapstanPromoteHostSyncs(
        {options.merge, options.hoist, options.speculate}));
  // What needs no read at all, before the rest is packed.
  OpPassManager &rest = pm.nest<func::FuncOp>();
  if (options.eliminate)
    rest.addPass(createCapstanEliminateHostSyncs());
  if (options.coalesce)
    rest.addPass(createCapstanCoalesceHostSyncs());
  if (options.overlap)
    rest.addPass(createCapstanOverlapHostSyncs());
  if (options.overlap)
    pm.addPass(createCapstanVerifyFutures());
}

void capstan::registerPipelines() {
  PassPipelineRegistration<HostSyncPipelineOptions>(
      "capstan-host-sync-pipeline",
      "Reads device values back once, in one packed transfer, or not at all",
      buildHostSyncPipeline);
  PassPipelineRegistration<StaticShapePipelineOptions>(
      "capstan-static-shape-pipeline",
      "Static shapes for buckets, a dispatcher in front of them, and graphs",
      buildStaticShapePipeline);
  PassPipelineRegistration<>(
      "capstan-canonicalize",
      "Upstream's canonicalizer, without a pattern that is wrong where a loop "
      "changes the size of a tensor",
      buildCanonicalizePipeline);
  PassPipelineRegistration<HostBufferPipelineOptions>(
      "capstan-host-buffer-pipeline",
      "From linalg on tensors to launches and library calls on buffers",
      buildHostBufferPipeline);
  PassPipelineRegistration<GpuKernelPipelineOptions>(
      "capstan-gpu-kernel-pipeline",
      "From kernels of loops to a binary for a GPU, and launches of it",
      buildGpuKernelPipeline);
  PassPipelineRegistration<TargetPipelineOptions>(
      "capstan-host-target-pipeline",
      "From linalg on tensors to the LLVM dialect, for the runtime's host "
      "target",
      buildHostTargetPipeline);
  PassPipelineRegistration<CudaTargetPipelineOptions>(
      "capstan-cuda-target-pipeline",
      "From linalg on tensors to the LLVM dialect, for the runtime's cuda "
      "target",
      buildCudaTargetPipeline);
}
