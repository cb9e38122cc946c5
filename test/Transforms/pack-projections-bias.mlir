// RUN: capstan-opt %s --capstan-pack-projections -canonicalize | FileCheck %s

// Frozen biases are packed with the weights; who has none gets -0.0.

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>

// CHECK-LABEL: func @biases
// CHECK-SAME: %[[B:[^:]*]]: tensor<32xbf16>
// CHECK-DAG: %[[NONE:.*]] = arith.constant dense<-0.000000e+00> : tensor<16xbf16>
// CHECK: %[[Y:.*]] = linalg.matmul {{.*}} -> tensor<?x48xf32>
// CHECK: %[[BIAS:.*]] = tensor.concat dim(0) %[[B]], %[[NONE]] : (tensor<32xbf16>, tensor<16xbf16>) -> tensor<48xbf16>
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%[[Y]], %[[BIAS]] : tensor<?x48xf32>, tensor<48xbf16>)
// CHECK-DAG: tensor.extract_slice %[[S]][0, 0] [%{{.*}}, 32] [1, 1]
// CHECK-DAG: tensor.extract_slice %[[S]][0, 32] [%{{.*}}, 16] [1, 1]
// CHECK-NOT: linalg
func.func @biases(%x: tensor<?x64xbf16>, %w: tensor<64x32xbf16> {capstan.frozen}, %v: tensor<64x16xbf16> {capstan.frozen}, %b: tensor<32xbf16> {capstan.frozen}, %n: index)
    -> (tensor<?x32xbf16>, tensor<?x16xbf16>) {
  %zero = arith.constant 0.0 : f32
  %e2 = tensor.empty(%n) : tensor<?x16xf32>
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x64xbf16>, tensor<64x32xbf16>) outs(%z : tensor<?x32xf32>) -> tensor<?x32xf32>
  %o = tensor.empty(%n) : tensor<?x32xbf16>
  %r = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%y, %b : tensor<?x32xf32>, tensor<32xbf16>) outs(%o : tensor<?x32xbf16>) {
  ^bb0(%in: f32, %bias: bf16, %out: bf16):
    %be = arith.extf %bias : bf16 to f32
    %s = arith.addf %in, %be : f32
    %t = arith.truncf %s : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x32xbf16>
  %z2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x16xf32>) -> tensor<?x16xf32>
  %y2 = linalg.matmul ins(%x, %v : tensor<?x64xbf16>, tensor<64x16xbf16>) outs(%z2 : tensor<?x16xf32>) -> tensor<?x16xf32>
  %o2 = tensor.empty(%n) : tensor<?x16xbf16>
  %r2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%y2 : tensor<?x16xf32>) outs(%o2 : tensor<?x16xbf16>) {
  ^bb0(%in: f32, %out: bf16):
    %t = arith.truncf %in : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x16xbf16>
  return %r, %r2 : tensor<?x32xbf16>, tensor<?x16xbf16>
}

// A bias that may change is added to its part.
// CHECK-LABEL: func @changing
// CHECK: linalg.matmul {{.*}} -> tensor<?x48xf32>
// CHECK: tensor.extract_slice
// CHECK: linalg.generic
func.func @changing(%x: tensor<?x64xf32>, %w: tensor<64x32xf32> {capstan.frozen}, %v: tensor<64x16xf32> {capstan.frozen}, %b: tensor<32xf32>, %n: index)
    -> (tensor<?x32xf32>, tensor<?x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x64xf32>, tensor<64x32xf32>) outs(%z : tensor<?x32xf32>) -> tensor<?x32xf32>
  %r = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%y, %b : tensor<?x32xf32>, tensor<32xf32>) outs(%e : tensor<?x32xf32>) {
  ^bb0(%in: f32, %bias: f32, %out: f32):
    %s = arith.addf %in, %bias : f32
    linalg.yield %s : f32
  } -> tensor<?x32xf32>
  %e2 = tensor.empty(%n) : tensor<?x16xf32>
  %z2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x16xf32>) -> tensor<?x16xf32>
  %y2 = linalg.matmul ins(%x, %v : tensor<?x64xf32>, tensor<64x16xf32>) outs(%z2 : tensor<?x16xf32>) -> tensor<?x16xf32>
  return %r, %y2 : tensor<?x32xf32>, tensor<?x16xf32>
}
