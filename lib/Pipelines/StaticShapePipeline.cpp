//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "capstan/Pipelines/Pipelines.h"
#include "capstan/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace capstan;

void capstan::buildStaticShapePipeline(
    OpPassManager &pm, const StaticShapePipelineOptions &options) {
  buildRaisePipeline(pm);
  if (options.raiseAttention)
    pm.addPass(createCapstanRaiseAttention());
  pm.addPass(createCapstanLowerScans());
  CapstanPadToStaticOptions pad;
  pad.buckets.assign(options.buckets.begin(), options.buckets.end());
  pad.memoryLimit = options.memoryLimit;
  pad.partial = options.partial;
  pad.poison = options.poison;
  pm.addPass(createCapstanPadToStatic(pad));
  pm.addPass(createCapstanDispatchBuckets({options.fallback, options.poison}));
  buildCanonicalizePipeline(pm);
  pm.addPass(createCSEPass());
  if (options.graphs)
    pm.addNestedPass<func::FuncOp>(createCapstanFormGraphs({true}));
}
