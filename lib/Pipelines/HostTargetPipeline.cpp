//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "capstan/Pipelines/Pipelines.h"
#include "capstan/Transforms/Passes.h"
#include "mlir/Analysis/CallGraph.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/Transforms/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/SCCIterator.h"

using namespace mlir;
using namespace capstan;

void capstan::buildCanonicalizePipeline(OpPassManager &pm) {
  // It gives what a loop carries the static type of its initial value, by casts
  // that are wrong where the size changes on the way.
  std::string wrong[] = {"(anonymous namespace)::ForOpTensorCastFolder",
                         "{anonymous}::ForOpTensorCastFolder"};
  pm.addPass(createCanonicalizerPass({}, wrong));
}

namespace {
/// Upstream's pass, but for modules with recursion: there its analysis counts a
/// range up, one call at a time.
struct OptimizeIntRanges
    : PassWrapper<OptimizeIntRanges, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(OptimizeIntRanges)

  StringRef getName() const override { return "OptimizeIntRanges"; }
  void runOnOperation() override {
    const CallGraph calls(getOperation());
    for (auto it = llvm::scc_begin(&calls); !it.isAtEnd(); ++it)
      if (it.hasCycle())
        return markAllAnalysesPreserved();
    OpPassManager pm(ModuleOp::getOperationName());
    pm.addPass(arith::createIntRangeOptimizationsPass());
    if (failed(runPipeline(pm, getOperation())))
      signalPassFailure();
  }
};
} // namespace

static void clean(OpPassManager &pm) {
  buildCanonicalizePipeline(pm);
  pm.addPass(createCSEPass());
}

void capstan::buildRaisePipeline(OpPassManager &pm) {
  pm.addPass(createCapstanVerifySpaces());
  pm.addPass(createCapstanRaiseHostSyncs());
}

void capstan::buildHostBufferPipeline(
    OpPassManager &pm, const HostBufferPipelineOptions &options) {
  pm.addPass(createCapstanOutlineGraphs());
  if (options.gpu) {
    clean(pm); // equal lengths are one value
    pm.addPass(createCapstanShareLengths());
    pm.addPass(createCapstanDecomposeAttention({/*keepLibrary=*/true}));
  }
  // Tensors: shapes first, so that fusion sees equal ones.
  pm.addPass(createCapstanLowerScans());
  pm.addPass(createCapstanVerifyLowerable());
  // Each iteration launches: parallel are the kernels.
  pm.addNestedPass<func::FuncOp>(createParallelForToNestedForsPass());
  // Arithmetic on whole tensors: conditions of device checks.
  pm.addNestedPass<func::FuncOp>(createCapstanElementwiseToLinalg());
  // Deallocation wants structured loops.
  pm.addNestedPass<func::FuncOp>(createLiftControlFlowToSCFPass());
  clean(pm);
  pm.addPass(std::make_unique<OptimizeIntRanges>());
  clean(pm);
  pm.addPass(createCapstanReshapesToViews());
  clean(pm);
  pm.addPass(createCapstanToLibraryCalls({/*addResiduals=*/options.gpu}));
  clean(pm);
  pm.addPass(createCapstanFuseKernels({/*keepConcats=*/options.gpu}));
  clean(pm);
  if (options.gpu) {
    pm.addNestedPass<func::FuncOp>(createCapstanFuseRows());
    clean(pm);
  }

  // Buffers.
  pm.addNestedPass<func::FuncOp>(createCapstanProtectArguments());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  bufferize.allowReturnAllocsFromLoops = true;
  bufferize.useEncodingForMemorySpace = true;
  pm.addPass(bufferization::createOneShotBufferizePass(bufferize));
  if (!options.gpu)
    pm.addNestedPass<func::FuncOp>(createForallToForLoopPass());
  clean(pm);
  pm.addPass(createCapstanStageGraphInputs());
  // Upstream's deallocation pipeline, with one step more.
  pm.addPass(memref::createExpandReallocPass({false}));
  buildCanonicalizePipeline(pm);
  pm.addPass(bufferization::createOwnershipBasedBufferDeallocationPass());
  buildCanonicalizePipeline(pm);
  pm.addPass(bufferization::createBufferDeallocationSimplificationPass());
  pm.addNestedPass<func::FuncOp>(createCapstanSplitDeallocations());
  pm.addPass(bufferization::createLowerDeallocationsPass());
  pm.addPass(createConvertBufferizationToMemRefPass());
  clean(pm);
  pm.addPass(createCapstanContiguousOperands());

  if (options.gpu) {
    pm.addPass(memref::createFoldMemRefAliasOpsPass());
    clean(pm);
    pm.addPass(createCapstanDistributeRows());
    pm.addNestedPass<func::FuncOp>(createForallToForLoopPass());
  }
  pm.addPass(createCapstanOutlineKernels({/*splitAll=*/options.gpu}));
  // What is left works on host tensors.
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  clean(pm);
  if (options.gpu) {
    pm.addPass(createCapstanCountKernelBytes());
    pm.addPass(createCapstanMergeLaunches());
    clean(pm);
  }
  // Kernels are outlined: they know which buffers are distinct.
  if (options.planMemory) {
    pm.addNestedPass<func::FuncOp>(createCapstanPlanMemory());
    clean(pm);
  }
  pm.addNestedPass<func::FuncOp>(createCapstanExpandKernelMath({options.gpu}));
}

void capstan::buildFlatPipeline(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createCapstanLowerExpandShapes());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(affine::createAffineExpandIndexOpsPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  clean(pm);
}

void capstan::buildHostLLVMPipeline(OpPassManager &pm, bool gpu) {
  buildFlatPipeline(pm);
  pm.addPass(createConvertCapstanToRuntime({gpu}));
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  clean(pm);
}

void capstan::buildLaunchPipeline(OpPassManager &pm,
                                  const TargetPipelineOptions &options,
                                  bool gpu) {
  if (options.hoistDeviceContext)
    pm.addPass(createCapstanHoistDeviceContext());
  pm.addPass(createCapstanExpandDeviceRegions());
  if (options.hostSyncs)
    buildHostSyncPipeline(pm, HostSyncPipelineOptions());
  else
    buildRaisePipeline(pm);
  HostBufferPipelineOptions buffers;
  buffers.planMemory = options.planMemory;
  buffers.gpu = gpu;
  buildHostBufferPipeline(pm, buffers);
}

void capstan::buildHostTargetPipeline(OpPassManager &pm,
                                      const TargetPipelineOptions &options) {
  buildLaunchPipeline(pm, options, /*gpu=*/false);
  buildHostLLVMPipeline(pm);
}
