// Two graphs and place for one, then no memory for either: outputs don't change.
// REQUIRES: runtime
// RUN: capstan-opt %s --capstan-form-graphs --canonicalize -o %t.mlir
// RUN: capstan-run %t.mlir --input '*=random:1' --repeat 4 --max-graphs 1 --compare %s --tolerance 0 --poison --stats - | FileCheck %s --check-prefixes=CHECK,ONE
// RUN: capstan-run %t.mlir --input '*=random:1' --repeat 4 --max-graph-bytes 1 --compare %s --tolerance 0 --poison --stats - | FileCheck %s --check-prefixes=CHECK,NONE
// RUN: not capstan-run %t.mlir --input '*=random:1' --max-graphs=-1 2>&1 | FileCheck %s --check-prefix=BAD

// CHECK: "total": {
// ONE: "fallbacks_memory": 3,
// NONE: "fallbacks_memory": 2,
// ONE: "graph_bytes": 4096,
// NONE: "graph_bytes": 0,
// ONE: "graph_captures": 1,
// NONE: "graph_captures": 0,
// CHECK: result0: equal bit for bit
// BAD: capstan-run: {{.*}}a negative number in the configuration
func.func @main(%x: tensor<4xf32>, %w: tensor<4x4xf32>) -> (tensor<4xf32>, f32) {
  %zero = arith.constant 0.0 : f32
  %0 = arith.constant 0 : index
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %n = capstan.item %a[%0] : tensor<4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %b = linalg.matvec ins(%w, %a : tensor<4x4xf32>, tensor<4xf32>) outs(%f : tensor<4xf32>) -> tensor<4xf32>
  return %b, %n : tensor<4xf32>, f32
}
