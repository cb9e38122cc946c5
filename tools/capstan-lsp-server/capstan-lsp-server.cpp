//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A language server for MLIR files with Capstan's dialect.
//
//===----------------------------------------------------------------------===//

#include "capstan/InitAll.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  capstan::registerAllDialects(registry);
  return failed(mlir::MlirLspServerMain(argc, argv, registry));
}
