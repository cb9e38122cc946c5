// RUN: capstan-opt %s --capstan-to-library-calls="add-residuals=true" | FileCheck %s
// RUN: capstan-opt %s --capstan-to-library-calls | FileCheck %s --check-prefix=APART

// Products of f16 and bf16 are f32; what rounds them, or adds them to something, is done at their end.

#id = affine_map<(d0, d1) -> (d0, d1)>
#id3 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>

// CHECK-LABEL: func @rounds
// CHECK-SAME: (%[[X:.*]]: tensor<?x64xbf16>, %[[W:.*]]: tensor<32x64xbf16>, %[[E:.*]]: tensor<?x32xbf16>
// CHECK: %[[Y:.*]] = capstan.gemm ins(%[[X]], %[[W]] : {{.*}}) outs(%[[E]] : tensor<?x32xbf16>) {transpose_b}
// CHECK-NEXT: return %[[Y]]
func.func @rounds(%x: tensor<?x64xbf16>, %w: tensor<32x64xbf16>, %e: tensor<?x32xbf16>, %f: tensor<?x32xf32>) -> tensor<?x32xbf16> {
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%f : tensor<?x32xf32>) -> tensor<?x32xf32>
  %y = linalg.matmul indexing_maps = [#a, #b, #c] ins(%x, %w : tensor<?x64xbf16>, tensor<32x64xbf16>) outs(%z : tensor<?x32xf32>) -> tensor<?x32xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%y : tensor<?x32xf32>) outs(%e : tensor<?x32xbf16>) {
  ^bb0(%in: f32, %out: bf16):
    %t = arith.truncf %in : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x32xbf16>
  return %r : tensor<?x32xbf16>
}

// Two users: the sums stay f32.
// CHECK-LABEL: func @both
// CHECK: capstan.gemm {{.*}} -> tensor<?x32xf32>
// CHECK: linalg.generic
func.func @both(%x: tensor<?x64xf16>, %w: tensor<32x64xf16>, %e: tensor<?x32xf16>, %f: tensor<?x32xf32>) -> (tensor<?x32xf16>, tensor<?x32xf32>) {
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%f : tensor<?x32xf32>) -> tensor<?x32xf32>
  %y = linalg.matmul indexing_maps = [#a, #b, #c] ins(%x, %w : tensor<?x64xf16>, tensor<32x64xf16>) outs(%z : tensor<?x32xf32>) -> tensor<?x32xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%y : tensor<?x32xf32>) outs(%e : tensor<?x32xf16>) {
  ^bb0(%in: f32, %out: f16):
    %t = arith.truncf %in : f32 to f16
    linalg.yield %t : f16
  } -> tensor<?x32xf16>
  return %r, %y : tensor<?x32xf16>, tensor<?x32xf32>
}

// CHECK-LABEL: func @residual
// CHECK-SAME: (%[[H:[^:]*]]: tensor<1x?x32xbf16>
// CHECK: %[[R:.*]] = tensor.collapse_shape %[[H]]
// CHECK: %[[S:.*]] = capstan.gemm {{.*}} outs(%[[R]] : tensor<?x32xbf16>) {accumulate, transpose_b}
// CHECK: %[[V:.*]] = tensor.expand_shape %[[S]]
// CHECK-NEXT: return %[[V]]
// APART-LABEL: func @residual
// APART-NOT: accumulate
// APART: arith.addf
func.func @residual(%h: tensor<1x?x32xbf16>, %x: tensor<?x64xbf16>, %w: tensor<32x64xbf16>, %e: tensor<?x32xbf16>, %f: tensor<?x32xf32>, %g: tensor<1x?x32xbf16>, %n: index) -> tensor<1x?x32xbf16> {
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%f : tensor<?x32xf32>) -> tensor<?x32xf32>
  %y = linalg.matmul indexing_maps = [#a, #b, #c] ins(%x, %w : tensor<?x64xbf16>, tensor<32x64xbf16>) outs(%z : tensor<?x32xf32>) -> tensor<?x32xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%y : tensor<?x32xf32>) outs(%e : tensor<?x32xbf16>) {
  ^bb0(%in: f32, %out: bf16):
    %t = arith.truncf %in : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x32xbf16>
  %v = tensor.expand_shape %r [[0, 1], [2]] output_shape [1, %n, 32] : tensor<?x32xbf16> into tensor<1x?x32xbf16>
  %s = linalg.generic {indexing_maps = [#id3, #id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%h, %v : tensor<1x?x32xbf16>, tensor<1x?x32xbf16>) outs(%g : tensor<1x?x32xbf16>) {
  ^bb0(%p: bf16, %q: bf16, %out: bf16):
    %pe = arith.extf %p : bf16 to f32
    %qe = arith.extf %q : bf16 to f32
    %sum = arith.addf %pe, %qe : f32
    %t = arith.truncf %sum : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<1x?x32xbf16>
  return %s : tensor<1x?x32xbf16>
}

// A difference, and a sum with itself, are no residuals.
// CHECK-LABEL: func @others
// CHECK-NOT: accumulate
// CHECK: return
func.func @others(%h: tensor<?x32xf32>, %x: tensor<?x64xf32>, %w: tensor<32x64xf32>, %f: tensor<?x32xf32>) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%f : tensor<?x32xf32>) -> tensor<?x32xf32>
  %y = linalg.matmul indexing_maps = [#a, #b, #c] ins(%x, %w : tensor<?x64xf32>, tensor<32x64xf32>) outs(%z : tensor<?x32xf32>) -> tensor<?x32xf32>
  %d = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%h, %y : tensor<?x32xf32>, tensor<?x32xf32>) outs(%f : tensor<?x32xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %t = arith.subf %p, %q : f32
    linalg.yield %t : f32
  } -> tensor<?x32xf32>
  %y2 = linalg.matmul indexing_maps = [#a, #b, #c] ins(%x, %w : tensor<?x64xf32>, tensor<32x64xf32>) outs(%z : tensor<?x32xf32>) -> tensor<?x32xf32>
  %s = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%y2, %y2 : tensor<?x32xf32>, tensor<?x32xf32>) outs(%f : tensor<?x32xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %t = arith.addf %p, %q : f32
    linalg.yield %t : f32
  } -> tensor<?x32xf32>
  return %d, %s : tensor<?x32xf32>, tensor<?x32xf32>
}
