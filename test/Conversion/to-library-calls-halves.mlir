// RUN: capstan-opt %s --capstan-to-library-calls -canonicalize | FileCheck %s

// Halves that are summed in f32 and rounded: the library does both.
// CHECK-LABEL: func.func @halves(
// CHECK: capstan.gemm ins(%{{.*}}, %{{.*}} : tensor<?x64xbf16>, tensor<64x32xbf16>) outs(%{{.*}} : tensor<?x32xbf16>) -> tensor<?x32xbf16>
// CHECK-NOT: truncf
// CHECK: linalg.matmul
func.func @halves(%x: tensor<?x64xbf16>, %w: tensor<64x32xbf16>, %e: tensor<?x32xf32>, %o: tensor<?x32xbf16>) -> (tensor<?x32xbf16>, tensor<?x32xf32>) {
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
  %sum = linalg.matmul ins(%x, %w : tensor<?x64xbf16>, tensor<64x32xbf16>) outs(%z : tensor<?x32xf32>) -> tensor<?x32xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    ins(%sum : tensor<?x32xf32>) outs(%o : tensor<?x32xbf16>) {
  ^bb0(%a: f32, %out: bf16):
    %r = arith.truncf %a : f32 to bf16
    linalg.yield %r : bf16
  } -> tensor<?x32xbf16>
  %kept = linalg.matmul ins(%x, %w : tensor<?x64xbf16>, tensor<64x32xbf16>) outs(%z : tensor<?x32xf32>) -> tensor<?x32xf32>
  return %y, %kept : tensor<?x32xbf16>, tensor<?x32xf32>
}
