// RUN: capstan-opt %s --capstan-pack-projections -canonicalize | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>

// Transposed weights, and the rounding of both.
// CHECK-LABEL: func @rounded
// CHECK-SAME: (%[[X:.*]]: tensor<?x64xbf16>, %[[W:[^:]*]]: tensor<32x64xbf16> {{.*}}, %[[V:[^:]*]]: tensor<16x64xbf16>
// CHECK: %[[PACKED:.*]] = tensor.concat dim(0) %[[W]], %[[V]]
// CHECK: %[[Y:.*]] = linalg.matmul {{.*}} ins(%[[X]], %[[PACKED]]
// CHECK: %[[R:.*]] = linalg.generic {{.*}} ins(%[[Y]] : tensor<?x48xf32>)
// CHECK-DAG: %[[Q:.*]] = tensor.extract_slice %[[R]][0, 0] [%{{.*}}, 32] [1, 1]
// CHECK-DAG: %[[K:.*]] = tensor.extract_slice %[[R]][0, 32] [%{{.*}}, 16] [1, 1]
// CHECK: return %[[Q]], %[[K]]
func.func @rounded(%x: tensor<?x64xbf16>, %w: tensor<32x64xbf16> {capstan.frozen}, %v: tensor<16x64xbf16> {capstan.frozen}, %n: index)
    -> (tensor<?x32xbf16>, tensor<?x16xbf16>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
  %y = linalg.matmul indexing_maps = [#a, #b, #c] ins(%x, %w : tensor<?x64xbf16>, tensor<32x64xbf16>) outs(%z : tensor<?x32xf32>) -> tensor<?x32xf32>
  %o = tensor.empty(%n) : tensor<?x32xbf16>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%y : tensor<?x32xf32>) outs(%o : tensor<?x32xbf16>) {
  ^bb0(%in: f32, %out: bf16):
    %t = arith.truncf %in : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x32xbf16>
  %e2 = tensor.empty(%n) : tensor<?x16xf32>
  %z2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x16xf32>) -> tensor<?x16xf32>
  %y2 = linalg.matmul indexing_maps = [#a, #b, #c] ins(%x, %v : tensor<?x64xbf16>, tensor<16x64xbf16>) outs(%z2 : tensor<?x16xf32>) -> tensor<?x16xf32>
  %o2 = tensor.empty(%n) : tensor<?x16xbf16>
  %r2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%y2 : tensor<?x16xf32>) outs(%o2 : tensor<?x16xbf16>) {
  ^bb0(%in: f32, %out: bf16):
    %t = arith.truncf %in : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x16xbf16>
  return %r, %r2 : tensor<?x32xbf16>, tensor<?x16xbf16>
}

// Plain weights.
// CHECK-LABEL: func @plain
// CHECK: tensor.concat dim(1)
// CHECK: linalg.matmul {{.*}} -> tensor<?x48xf32>
// CHECK-NOT: linalg.matmul
func.func @plain(%x: tensor<?x64xf32>, %w: tensor<64x32xf32> {capstan.frozen}, %v: tensor<64x16xf32> {capstan.frozen}, %n: index)
    -> (tensor<?x32xf32>, tensor<?x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x64xf32>, tensor<64x32xf32>) outs(%z : tensor<?x32xf32>) -> tensor<?x32xf32>
  %e2 = tensor.empty(%n) : tensor<?x16xf32>
  %z2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x16xf32>) -> tensor<?x16xf32>
  %y2 = linalg.matmul ins(%x, %v : tensor<?x64xf32>, tensor<64x16xf32>) outs(%z2 : tensor<?x16xf32>) -> tensor<?x16xf32>
  return %y, %y2 : tensor<?x32xf32>, tensor<?x16xf32>
}

// Other factors, weights that may change, sums into something else.
// CHECK-LABEL: func @apart
// CHECK-NOT: tensor.concat
func.func @apart(%x: tensor<?x64xf32>, %other: tensor<?x64xf32>, %w: tensor<64x32xf32> {capstan.frozen}, %v: tensor<64x32xf32>, %u: tensor<64x32xf32> {capstan.frozen}, %acc: tensor<?x32xf32>, %n: index)
    -> (tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
  %p = linalg.matmul ins(%x, %w : tensor<?x64xf32>, tensor<64x32xf32>) outs(%z : tensor<?x32xf32>) -> tensor<?x32xf32>
  %q = linalg.matmul ins(%x, %v : tensor<?x64xf32>, tensor<64x32xf32>) outs(%z : tensor<?x32xf32>) -> tensor<?x32xf32>
  %r = linalg.matmul ins(%other, %u : tensor<?x64xf32>, tensor<64x32xf32>) outs(%z : tensor<?x32xf32>) -> tensor<?x32xf32>
  %s = linalg.matmul ins(%x, %u : tensor<?x64xf32>, tensor<64x32xf32>) outs(%acc : tensor<?x32xf32>) -> tensor<?x32xf32>
  return %p, %q, %r, %s : tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>
}
