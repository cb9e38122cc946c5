// RUN: split-file %s %t
// RUN: not capstan-opt %t/input.mlir --capstan-annotate-host-syncs \
// RUN:   --capstan-op-models=%t/wrong.mlir 2>&1 | FileCheck %s
// RUN: not capstan-opt %t/input.mlir --capstan-annotate-host-syncs \
// RUN:   --capstan-op-models=%t/none.mlir 2>&1 | FileCheck %s --check-prefix=NONE

// CHECK: error: {{.*}}sync
// NONE: error: can't read model file

//--- wrong.mlir
capstan.foreign_op "foreign.read" {kind = host_sync}

//--- input.mlir
func.func @main(%max: tensor<i32>) -> i32 {
  %n = capstan.item %max[] : tensor<i32>
  return %n : i32
}
