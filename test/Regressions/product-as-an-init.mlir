// A product that is only the memory of a sum is no summand of it, nor one that is rounded.

// RUN: capstan-opt %s --capstan-to-library-calls="add-residuals=true" | FileCheck %s

#row = affine_map<(i, j) -> (j)>
#id = affine_map<(i, j) -> (i, j)>

// CHECK-LABEL: func.func @bias
// CHECK: %[[P:.*]] = capstan.gemm
// CHECK-NOT: bias(
// CHECK: linalg.generic {{.*}} outs(%[[P]] :
func.func @bias(%x: tensor<4x8xf32>, %w: tensor<8x6xf32>, %b: tensor<6xf32>, %r: tensor<4x6xf32>, %e: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %p = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x6xf32>) outs(%e : tensor<4x6xf32>) -> tensor<4x6xf32>
  %s = linalg.generic {indexing_maps = [#row, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%b, %r : tensor<6xf32>, tensor<4x6xf32>) outs(%p : tensor<4x6xf32>) {
  ^bb0(%u: f32, %v: f32, %o: f32):
    %t = arith.addf %u, %v : f32
    linalg.yield %t : f32
  } -> tensor<4x6xf32>
  return %s : tensor<4x6xf32>
}

// CHECK-LABEL: func.func @residual
// CHECK: %[[P:.*]] = capstan.gemm
// CHECK-NOT: accumulate
// CHECK: linalg.generic {{.*}} outs(%[[P]] :
func.func @residual(%x: tensor<4x8xf32>, %w: tensor<8x6xf32>, %q: tensor<4x6xf32>, %r: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x6xf32>) -> tensor<4x6xf32>
  %p = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x6xf32>) outs(%f : tensor<4x6xf32>) -> tensor<4x6xf32>
  %s = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %r : tensor<4x6xf32>, tensor<4x6xf32>) outs(%p : tensor<4x6xf32>) {
  ^bb0(%u: f32, %v: f32, %o: f32):
    %t = arith.addf %u, %v : f32
    linalg.yield %t : f32
  } -> tensor<4x6xf32>
  return %s : tensor<4x6xf32>
}
