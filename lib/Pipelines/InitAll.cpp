//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/InitAll.h"
#include "capstan/Conversion/Passes.h"
#include "capstan/Dialect/BufferizableOpInterfaceImpl.h"
#include "capstan/Interfaces/CaptureSafeOpInterface.h"
#include "capstan/Interfaces/OpModels.h"
#include "capstan/Pipelines/Pipelines.h"
#include "capstan/Transforms/PaddingModels.h"
#include "capstan/Transforms/Passes.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

void capstan::registerAllDialects(mlir::DialectRegistry &registry) {
  registry.insert<CapstanDialect>();
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  // Kernels of a GPU are made machine code by a pass.
  mlir::registerAllGPUToLLVMIRTranslations(registry);
  registerBufferizableOpInterfaceExternalModels(registry);
  registerCaptureSafeExternalModels(registry);
  registerLinalgPaddingModels(registry);
  registerTensorPaddingModels(registry);
  registerCapstanPaddingModels(registry);
}

void capstan::registerAllPasses() {
  OpModels::registerCLOptions();
  registerCapstanPasses();
  registerCapstanConversionPasses();
  registerPipelines();
}
