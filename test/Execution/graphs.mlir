// Four runs: the first is an ordinary one, the second is captured, and all but the
// first are replays. Outputs are those of the module without graphs.
// REQUIRES: runtime
// RUN: capstan-opt %s --capstan-form-graphs --canonicalize -o %t.mlir
// RUN: capstan-run %t.mlir --input '*=random:1' --repeat 4 --compare %s --tolerance 0 --poison --max-delay-us 100 --stats - | FileCheck %s

// CHECK: "forward": {
// CHECK: "allocations": 1,
// CHECK: "graph_captures": 0,
// CHECK: "graph_replays": 1,
// CHECK: "launches": 0,
// CHECK: "total": {
// CHECK: "graph_captures": 1,
// CHECK: "graph_replays": 3,
// CHECK: "launches": 2,
// CHECK: result0: equal bit for bit
// CHECK: result1: equal bit for bit
func.func @main(%x: tensor<4xf32>, %w: tensor<4x4xf32>, %count: tensor<i32>) -> (tensor<4xf32>, i32) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %n = capstan.item %count[] : tensor<i32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %b = linalg.matvec ins(%w, %a : tensor<4x4xf32>, tensor<4xf32>) outs(%f : tensor<4xf32>) -> tensor<4xf32>
  return %b, %n : tensor<4xf32>, i32
}
