// A product without inputs, of which cuBLASLt computes no end, gets no bias.

// RUN: capstan-opt %s --capstan-to-library-calls | FileCheck %s

#row = affine_map<(i, j) -> (j)>
#id = affine_map<(i, j) -> (i, j)>

// CHECK-LABEL: func.func @main
// CHECK: capstan.gemm
// CHECK-NOT: bias(
// CHECK: arith.addf
func.func @main(%x: tensor<4x0xf32>, %w: tensor<0x6xf32>, %b: tensor<6xf32>, %e: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %p = linalg.matmul ins(%x, %w : tensor<4x0xf32>, tensor<0x6xf32>) outs(%e : tensor<4x6xf32>) -> tensor<4x6xf32>
  %s = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%p, %b : tensor<4x6xf32>, tensor<6xf32>) outs(%e : tensor<4x6xf32>) {
  ^bb0(%u: f32, %v: f32, %o: f32):
    %t = arith.addf %u, %v : f32
    linalg.yield %t : f32
  } -> tensor<4x6xf32>
  return %s : tensor<4x6xf32>
}
