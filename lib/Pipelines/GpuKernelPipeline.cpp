//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "capstan/Pipelines/Pipelines.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/Program.h"

using namespace mlir;
using namespace capstan;

void capstan::buildGpuKernelPipeline(OpPassManager &pm,
                                     const GpuKernelPipelineOptions &options) {
  buildFlatPipeline(pm);
  pm.addPass(createCapstanKernelsToGpu());

  GpuNVVMAttachTargetOptions target;
  target.chip = options.chip;
  target.optLevel = 3;
  pm.addPass(createGpuNVVMAttachTarget(target));
  OpPassManager &kernels = pm.nest<gpu::GPUModuleOp>();
  kernels.addPass(createCapstanLowerReductions());
  buildCanonicalizePipeline(kernels);
  kernels.addPass(createSCFToControlFlowPass());
  kernels.addPass(createLowerAffinePass());
  kernels.addPass(arith::createArithExpandOpsPass());
  // First, since upstream's conversion to NVVM makes calls of CUDA's libdevice
  // of what it finds.
  kernels.addPass(createConvertMathToLLVMPass());
  ArithToLLVMConversionPassOptions arith;
  arith.indexBitwidth = 64;
  kernels.addPass(createArithToLLVMConversionPass(arith));
  kernels.addPass(createCapstanDeviceIntrinsics());
  ConvertGpuOpsToNVVMOpsOptions nvvm;
  nvvm.indexBitwidth = 64;
  kernels.addPass(createConvertGpuOpsToNVVMOps(nvvm));
  kernels.addPass(createReconcileUnrealizedCastsPass());
  buildCanonicalizePipeline(kernels);
  kernels.addPass(createCSEPass());
  GpuModuleToBinaryPassOptions binary;
  // Machine code loads faster; of PTX, the driver makes it.
  binary.compilationTarget = options.format != "best"
                                 ? options.format.getValue()
                             : llvm::sys::findProgramByName("ptxas") ? "bin"
                                                                     : "isa";
  pm.addPass(createGpuModuleToBinaryPass(binary));
}

void capstan::buildCudaTargetPipeline(
    OpPassManager &pm, const CudaTargetPipelineOptions &options) {
  buildLaunchPipeline(pm, options, /*gpu=*/true);
  GpuKernelPipelineOptions kernels;
  kernels.chip = options.chip;
  kernels.format = options.format;
  buildGpuKernelPipeline(pm, kernels);
  buildHostLLVMPipeline(pm, /*gpu=*/true);
}
