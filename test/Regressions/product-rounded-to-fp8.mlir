// No product gives FP8, with a bias or without: what rounds to it stays.

// RUN: capstan-opt %s --capstan-to-library-calls="add-residuals=true" | FileCheck %s

#row = affine_map<(i, j) -> (j)>
#id = affine_map<(i, j) -> (i, j)>

// CHECK-LABEL: func.func @plain
// CHECK: capstan.gemm {{.*}} -> tensor<4x16xf32>
// CHECK: arith.truncf
func.func @plain(%x: tensor<4x16xf8E4M3FN>, %w: tensor<16x16xf8E4M3FN>, %s: tensor<f32>) -> tensor<4x16xf8E4M3FN> {
  %e = tensor.empty() : tensor<4x16xf32>
  %g = tensor.empty() : tensor<4x16xf8E4M3FN>
  %p = capstan.gemm ins(%x, %w : tensor<4x16xf8E4M3FN>, tensor<16x16xf8E4M3FN>) scales(%s, %s : tensor<f32>, tensor<f32>) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%p : tensor<4x16xf32>) outs(%g : tensor<4x16xf8E4M3FN>) {
  ^bb0(%u: f32, %o: f8E4M3FN):
    %t = arith.truncf %u : f32 to f8E4M3FN
    linalg.yield %t : f8E4M3FN
  } -> tensor<4x16xf8E4M3FN>
  return %r : tensor<4x16xf8E4M3FN>
}

// CHECK-LABEL: func.func @bias
// CHECK: capstan.gemm {{.*}} -> tensor<4x16xf32>
// CHECK: arith.truncf
func.func @bias(%x: tensor<4x16xf8E4M3FN>, %w: tensor<16x16xf8E4M3FN>, %s: tensor<f32>, %b: tensor<16xf8E4M3FN>) -> tensor<4x16xf8E4M3FN> {
  %e = tensor.empty() : tensor<4x16xf32>
  %g = tensor.empty() : tensor<4x16xf8E4M3FN>
  %p = capstan.gemm ins(%x, %w : tensor<4x16xf8E4M3FN>, tensor<16x16xf8E4M3FN>) scales(%s, %s : tensor<f32>, tensor<f32>) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
  %r = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%p, %b : tensor<4x16xf32>, tensor<16xf8E4M3FN>) outs(%g : tensor<4x16xf8E4M3FN>) {
  ^bb0(%u: f32, %v: f8E4M3FN, %o: f8E4M3FN):
    %y = arith.extf %v : f8E4M3FN to f32
    %z = arith.addf %u, %y : f32
    %t = arith.truncf %z : f32 to f8E4M3FN
    linalg.yield %t : f8E4M3FN
  } -> tensor<4x16xf8E4M3FN>
  return %r : tensor<4x16xf8E4M3FN>
}
