// RUN: capstan-opt %s --capstan-to-library-calls -canonicalize | FileCheck %s

// CHECK-LABEL: func.func @transposed_weight(
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>, %[[W:.*]]: tensor<4x8xf32>, %[[INIT:.*]]: tensor<?x4xf32>
// CHECK-NOT: linalg
// CHECK: capstan.gemm ins(%[[X]], %[[W]] : {{.*}}) outs(%[[INIT]] : tensor<?x4xf32>) {transpose_b} -> tensor<?x4xf32>
func.func @transposed_weight(%x: tensor<?x8xf32>, %w: tensor<4x8xf32>, %init: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x4xf32>
  %wt = linalg.transpose ins(%w : tensor<4x8xf32>) outs(%e : tensor<8x4xf32>) permutation = [1, 0]
  %z = linalg.fill ins(%zero : f32) outs(%init : tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = linalg.matmul ins(%x, %wt : tensor<?x8xf32>, tensor<8x4xf32>) outs(%z : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// CHECK-LABEL: func.func @accumulates(
// CHECK: capstan.gemm {{.*}} {accumulate} -> tensor<2x?x4xf64>
func.func @accumulates(%a: tensor<2x?x8xf64>, %b: tensor<2x8x4xf64>, %c: tensor<2x?x4xf64>) -> tensor<2x?x4xf64> {
  %y = linalg.batch_matmul ins(%a, %b : tensor<2x?x8xf64>, tensor<2x8x4xf64>) outs(%c : tensor<2x?x4xf64>) -> tensor<2x?x4xf64>
  return %y : tensor<2x?x4xf64>
}

// CHECK-LABEL: func.func @maps(
// CHECK: capstan.gemm {{.*}} {accumulate, transpose_a}
func.func @maps(%a: tensor<8x?xf32>, %b: tensor<8x4xf32>, %c: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
    ins(%a, %b : tensor<8x?xf32>, tensor<8x4xf32>) outs(%c : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// The library has no integers.
// CHECK-LABEL: func.func @integers(
// CHECK: linalg.matmul
func.func @integers(%a: tensor<2x8xi32>, %b: tensor<8x4xi32>, %c: tensor<2x4xi32>) -> tensor<2x4xi32> {
  %y = linalg.matmul ins(%a, %b : tensor<2x8xi32>, tensor<8x4xi32>) outs(%c : tensor<2x4xi32>) -> tensor<2x4xi32>
  return %y : tensor<2x4xi32>
}
