//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Capstan for the stock mlir-opt:
//
//   mlir-opt --load-dialect-plugin=CapstanPlugin.so \
//            --load-pass-plugin=CapstanPlugin.so \
//            --pass-pipeline="builtin.module(capstan-host-sync-pipeline)"
//
//===----------------------------------------------------------------------===//

#include "capstan/Dialect/Capstan.h"
#include "capstan/InitAll.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

extern "C" LLVM_ATTRIBUTE_WEAK mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Capstan", "v0.1",
          [](mlir::DialectRegistry *registry) {
            registry->insert<capstan::CapstanDialect>();
          }};
}

extern "C" LLVM_ATTRIBUTE_WEAK mlir::PassPluginLibraryInfo
mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Capstan", "v0.1",
          [] { capstan::registerAllPasses(); }};
}
