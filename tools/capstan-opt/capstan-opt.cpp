//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "capstan/InitAll.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  capstan::registerAllDialects(registry);
  capstan::registerAllPasses();
  // Stock passes that help before or after ours.
  mlir::registerTransformsPasses(); // -canonicalize, -cse
  mlir::registerLiftControlFlowToSCFPass();
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "Capstan's modular optimizer driver\n", registry));
}
