//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Makes reductions over threads shuffles, with upstream's patterns.
//
//   %sum = gpu.subgroup_reduce add %x : (f32) -> f32
//   // becomes
//   %y, %valid = gpu.shuffle xor %x, %c1, %c32 : f32
//   %a = arith.addf %x, %y : f32
//   ...
//
//===----------------------------------------------------------------------===//

#include "capstan/Conversion/Passes.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace capstan {
#define GEN_PASS_DEF_CAPSTANLOWERREDUCTIONS
#include "capstan/Conversion/Passes.h.inc"
} // namespace capstan

namespace {

/// Threads of a warp, and bits of a shuffle.
constexpr unsigned warp = 32, shuffleBits = 32;

struct LowerReductions
    : public capstan::impl::CapstanLowerReductionsBase<LowerReductions> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateGpuBreakDownSubgroupReducePatterns(patterns, shuffleBits);
    populateGpuLowerSubgroupReduceToShufflePatterns(patterns, warp,
                                                    shuffleBits);
    populateGpuLowerClusteredSubgroupReduceToShufflePatterns(patterns, warp,
                                                             shuffleBits);
    populateGpuAllReducePatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
