// The plugin brings dialect, passes and pipelines to a stock mlir-opt.
// An uninstrumented mlir-opt can't load a sanitized plugin.
// UNSUPPORTED: asan

// RUN: %mlir_opt %s --load-dialect-plugin=%plugin --load-pass-plugin=%plugin --pass-pipeline="builtin.module(capstan-raise-host-syncs)" | FileCheck %s
// RUN: %mlir_opt %s --load-dialect-plugin=%plugin --load-pass-plugin=%plugin --pass-pipeline="builtin.module(capstan-host-sync-pipeline{coalesce=false overlap=false})" | FileCheck %s

// CHECK-LABEL: func.func @reads
// CHECK: capstan.item %{{.*}}[] : tensor<i32>
func.func @reads(%max: tensor<i32>) -> i32 {
  %n = tensor.extract %max[] : tensor<i32>
  return %n : i32
}
