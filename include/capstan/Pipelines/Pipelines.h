//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_PIPELINES_PIPELINES_H
#define CAPSTAN_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "llvm/Support/Error.h"

namespace capstan {

/// Options of `--capstan-host-sync-pipeline`. With coalesce, overlap and
/// eliminate off, IR of a foreign dialect stays in its own dialect.
struct HostSyncPipelineOptions
    : public mlir::PassPipelineOptions<HostSyncPipelineOptions> {
  Option<bool> merge{*this, "merge", llvm::cl::init(true),
                     llvm::cl::desc("merge equal reads of a function")};
  Option<bool> promote{*this, "promote", llvm::cl::init(true),
                       llvm::cl::desc("move reads to the callers")};
  Option<bool> hoist{*this, "hoist", llvm::cl::init(true),
                     llvm::cl::desc("move reads out of loops and branches")};
  Option<bool> coalesce{*this, "coalesce", llvm::cl::init(true),
                        llvm::cl::desc("pack reads into one transfer")};
  Option<bool> overlap{*this, "overlap", llvm::cl::init(true),
                       llvm::cl::desc("start transfers early, wait late")};
  Option<bool> eliminate{*this, "eliminate", llvm::cl::init(true),
                         llvm::cl::desc("replace reads by static bounds")};
  Option<bool> speculate{
      *this, "speculate", llvm::cl::init(false),
      llvm::cl::desc("allow more reads than before on some paths")};
};

/// Adds the host-sync passes to `pm`, which must be anchored on builtin.module.
void buildHostSyncPipeline(mlir::OpPassManager &pm,
                           const HostSyncPipelineOptions &options);

/// Options of `--capstan-static-shape-pipeline`.
struct StaticShapePipelineOptions
    : public mlir::PassPipelineOptions<StaticShapePipelineOptions> {
  ListOption<std::string> buckets{
      *this, "buckets",
      llvm::cl::desc("sizes of the declared symbols, such as T=512/B=8")};
  Option<bool> raiseAttention{
      *this, "raise-attention", llvm::cl::init(true),
      llvm::cl::desc("make packed attention an operation first")};
  Option<bool> fallback{
      *this, "fallback", llvm::cl::init(true),
      llvm::cl::desc("run the original where no bucket fits")};
  Option<bool> graphs{*this, "graphs", llvm::cl::init(true),
                      llvm::cl::desc("capture the buckets' work in graphs")};
  Option<int64_t> memoryLimit{
      *this, "memory-limit", llvm::cl::init(0),
      llvm::cl::desc("refuse a bucket that needs more bytes at one moment")};
  Option<bool> partial{
      *this, "partial", llvm::cl::init(false),
      llvm::cl::desc("an operation that can't be padded ends the static "
                     "part")};
  Option<bool> poison{
      *this, "poison", llvm::cl::init(false),
      llvm::cl::desc("for tests: fill padding with NaN and -1")};
};

/// Adds the static-shape passes to `pm`, which must be anchored on
/// builtin.module. Comes after the host-sync pipeline.
void buildStaticShapePipeline(mlir::OpPassManager &pm,
                              const StaticShapePipelineOptions &options);

/// Options of `--capstan-host-target-pipeline`.
struct TargetPipelineOptions
    : public mlir::PassPipelineOptions<TargetPipelineOptions> {
  Option<bool> hostSyncs{
      *this, "host-syncs", llvm::cl::init(true),
      llvm::cl::desc("run capstan-host-sync-pipeline first")};
  Option<bool> hoistDeviceContext{
      *this, "hoist-device-context", llvm::cl::init(true),
      llvm::cl::desc("run capstan-hoist-device-context first")};
  Option<bool> planMemory{*this, "plan-memory", llvm::cl::init(true),
                          llvm::cl::desc("give buffers places in arenas")};
};

/// Options of `--capstan-host-buffer-pipeline`.
struct HostBufferPipelineOptions
    : public mlir::PassPipelineOptions<HostBufferPipelineOptions> {
  Option<bool> planMemory{*this, "plan-memory", llvm::cl::init(true),
                          llvm::cl::desc("give buffers places in arenas")};
  Option<bool> gpu{*this, "gpu", llvm::cl::init(false),
                   llvm::cl::desc("make kernels for a GPU's threads")};
};

/// Options of `--capstan-gpu-kernel-pipeline`.
struct GpuKernelPipelineOptions
    : public mlir::PassPipelineOptions<GpuKernelPipelineOptions> {
  Option<std::string> chip{*this, "chip", llvm::cl::init("sm_90"),
                           llvm::cl::desc("the GPU's, sm_80 and up")};
  Option<std::string> format{
      *this, "format", llvm::cl::init("isa"),
      llvm::cl::desc("isa: PTX; bin: machine code, which needs ptxas; best: "
                     "machine code if ptxas is there, else PTX")};
};

/// Options of `--capstan-cuda-target-pipeline`.
struct CudaTargetPipelineOptions : public TargetPipelineOptions {
  Option<std::string> chip{*this, "chip", llvm::cl::init("sm_90"),
                           llvm::cl::desc("the GPU's, sm_80 and up")};
  Option<std::string> format{
      *this, "format", llvm::cl::init("best"),
      llvm::cl::desc("that of --capstan-gpu-kernel-pipeline")};
};

/// Adds what host code needs if the host-sync passes are left out.
void buildRaisePipeline(mlir::OpPassManager &pm);

/// Adds the way of a target up to launches and library calls.
void buildLaunchPipeline(mlir::OpPassManager &pm,
                         const TargetPipelineOptions &options, bool gpu);

/// Adds what makes linalg on tensors buffers, launches of kernels, and calls of
/// the library: everything on `memref` that a person may still want to read.
void buildHostBufferPipeline(mlir::OpPassManager &pm,
                             const HostBufferPipelineOptions &options);

/// Adds what makes the kernels of that, with `gpu`, a binary: launches become
/// gpu.launch_func of a gpu.binary.
void buildGpuKernelPipeline(mlir::OpPassManager &pm,
                            const GpuKernelPipelineOptions &options);

/// Adds what makes loops, views and indices of launches' functions branches and
/// arithmetic.
void buildFlatPipeline(mlir::OpPassManager &pm);

/// Adds what makes the result of that the LLVM dialect; with `gpu`, that of the
/// GPU's pipeline.
void buildHostLLVMPipeline(mlir::OpPassManager &pm, bool gpu = false);

/// Adds the way from linalg on tensors to the LLVM dialect, for the `host`
/// target of the runtime, to `pm`, which must be anchored on builtin.module.
void buildHostTargetPipeline(mlir::OpPassManager &pm,
                             const TargetPipelineOptions &options);

/// The same for the `cuda` target.
void buildCudaTargetPipeline(mlir::OpPassManager &pm,
                             const CudaTargetPipelineOptions &options);

/// Upstream's canonicalizer, without what MLIR 22.1 does wrong.
void buildCanonicalizePipeline(mlir::OpPassManager &pm);

/// Adds passes in the syntax of `--pass-pipeline` to `pm`, which must be
/// anchored on builtin.module. One that is none of modules is one of functions.
llvm::Error parsePipeline(llvm::StringRef text, mlir::OpPassManager &pm);

/// Registers all of these as options of tools.
void registerPipelines();

} // namespace capstan

#endif // CAPSTAN_PIPELINES_PIPELINES_H
