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

// CHECK-LABEL: func.func @matvec(
// CHECK-SAME: %[[A:.*]]: tensor<?x8xf32>, %[[X:.*]]: tensor<8xf32>, %[[C:.*]]: tensor<?xf32>
// CHECK: %[[XM:.*]] = tensor.expand_shape %[[X]] {{\[\[0, 1\]\]}} output_shape [8, 1]
// CHECK: %[[CM:.*]] = tensor.expand_shape %[[C]] {{\[\[0, 1\]\]}}
// CHECK: %[[Y:.*]] = capstan.gemm ins(%[[A]], %[[XM]] : {{.*}}) outs(%[[CM]] : tensor<?x1xf32>) {accumulate}
// CHECK: tensor.collapse_shape %[[Y]] {{\[\[0, 1\]\]}} : tensor<?x1xf32> into tensor<?xf32>
func.func @matvec(%a: tensor<?x8xf32>, %x: tensor<8xf32>, %c: tensor<?xf32>) -> tensor<?xf32> {
  %y = linalg.matvec ins(%a, %x : tensor<?x8xf32>, tensor<8xf32>) outs(%c : tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// The transposed product is that of the factors transposed, in reverse.
// CHECK-LABEL: func.func @generic(
// CHECK-SAME: %[[A:.*]]: tensor<?x8xf32>, %[[B:.*]]: tensor<8x4xf32>
// CHECK: capstan.gemm ins(%[[B]], %[[A]] : {{.*}}) {accumulate, transpose_a, transpose_b} -> tensor<4x?xf32>
func.func @generic(%a: tensor<?x8xf32>, %b: tensor<8x4xf32>, %c: tensor<4x?xf32>) -> tensor<4x?xf32> {
  %y = linalg.generic {indexing_maps = [affine_map<(n, m, k) -> (m, k)>, affine_map<(n, m, k) -> (k, n)>, affine_map<(n, m, k) -> (n, m)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<?x8xf32>, tensor<8x4xf32>) outs(%c : tensor<4x?xf32>) {
  ^bb0(%x: f32, %w: f32, %acc: f32):
    %p = arith.mulf %x, %w : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  } -> tensor<4x?xf32>
  return %y : tensor<4x?xf32>
}

// Neither is a product of matrices for the library: two loops that are summed,
// and a batch in the middle.
// CHECK-LABEL: func.func @others(
// CHECK-NOT: capstan.gemm
// CHECK: return
func.func @others(%a: tensor<2x3x4xf32>, %b: tensor<3x4x5xf32>, %c: tensor<2x5xf32>, %d: tensor<2x3x5xf32>,
                  %e: tensor<3x2x5xf32>) -> (tensor<2x5xf32>, tensor<3x2x5xf32>) {
  %y = linalg.contract indexing_maps = [affine_map<(m, n, k, l) -> (m, k, l)>, affine_map<(m, n, k, l) -> (k, l, n)>, affine_map<(m, n, k, l) -> (m, n)>]
      ins(%a, %b : tensor<2x3x4xf32>, tensor<3x4x5xf32>) outs(%c : tensor<2x5xf32>) -> tensor<2x5xf32>
  %z = linalg.contract indexing_maps = [affine_map<(b, m, n, k) -> (m, b, k)>, affine_map<(b, m, n, k) -> (b, k, n)>, affine_map<(b, m, n, k) -> (b, m, n)>]
      ins(%a, %b : tensor<2x3x4xf32>, tensor<3x4x5xf32>) outs(%e : tensor<3x2x5xf32>) -> tensor<3x2x5xf32>
  return %y, %z : tensor<2x5xf32>, tensor<3x2x5xf32>
}

// Experts' weights are read as they are stored, too.
// CHECK-LABEL: func.func @experts(
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>, %[[W:.*]]: tensor<3x4x8xf32>, %[[ENDS:.*]]: tensor<3xi32>
// CHECK-NOT: linalg
// CHECK: capstan.grouped_gemm ins(%[[X]], %[[W]], %[[ENDS]] : {{.*}}) {transpose_b} -> tensor<?x4xf32>
func.func @experts(%x: tensor<?x8xf32>, %w: tensor<3x4x8xf32>, %ends: tensor<3xi32>, %init: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %e = tensor.empty() : tensor<3x8x4xf32>
  %wt = linalg.transpose ins(%w : tensor<3x4x8xf32>) outs(%e : tensor<3x8x4xf32>) permutation = [0, 2, 1]
  %y = capstan.grouped_gemm ins(%x, %wt, %ends : tensor<?x8xf32>, tensor<3x8x4xf32>, tensor<3xi32>)
    outs(%init : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
