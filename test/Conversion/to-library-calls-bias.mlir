// RUN: capstan-opt %s --capstan-to-library-calls="add-residuals=true" | FileCheck %s
// RUN: capstan-opt %s --capstan-to-library-calls | FileCheck %s --check-prefix=APART

// A vector that is added to the rows of a product is its bias.

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>
#column = affine_map<(d0, d1) -> (d0)>
#id3 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#row3 = affine_map<(d0, d1, d2) -> (d2)>

// CHECK-LABEL: func @plain
// CHECK-SAME: (%[[X:[^:]*]]: {{.*}}, %[[W:[^:]*]]: {{.*}}, %[[B:[^:]*]]: tensor<32xf32>, %[[F:[^:]*]]: tensor<?x32xf32>)
// CHECK: %[[Y:.*]] = capstan.gemm ins(%[[X]], %[[W]] : {{.*}}) bias(%[[B]] : tensor<32xf32>) outs(%[[F]] : tensor<?x32xf32>)
// CHECK-NEXT: return %[[Y]]
// APART-LABEL: func @plain
// APART: capstan.gemm {{.*}} bias(
func.func @plain(%x: tensor<?x64xf32>, %w: tensor<64x32xf32>, %b: tensor<32xf32>, %f: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%f : tensor<?x32xf32>) -> tensor<?x32xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x64xf32>, tensor<64x32xf32>) outs(%z : tensor<?x32xf32>) -> tensor<?x32xf32>
  %s = linalg.generic {indexing_maps = [#row, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%b, %y : tensor<32xf32>, tensor<?x32xf32>) outs(%f : tensor<?x32xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %t = arith.addf %p, %q : f32
    linalg.yield %t : f32
  } -> tensor<?x32xf32>
  return %s : tensor<?x32xf32>
}

// Sums of f32 that are rounded with the bias, behind which is a residual.
// CHECK-LABEL: func @rounded
// CHECK-SAME: %[[B:[^:]*]]: tensor<32xbf16>, %[[H:[^:]*]]: tensor<1x?x32xbf16>
// CHECK: %[[R:.*]] = tensor.collapse_shape %[[H]]
// CHECK: %[[S:.*]] = capstan.gemm {{.*}} bias(%[[B]] : tensor<32xbf16>) outs(%[[R]] : tensor<?x32xbf16>) {accumulate}
// CHECK: %[[V:.*]] = tensor.expand_shape %[[S]]
// CHECK-NEXT: return %[[V]]
// APART-LABEL: func @rounded
// APART: capstan.gemm {{.*}}) outs({{.*}}) -> tensor<?x32xf32>
func.func @rounded(%x: tensor<?x64xbf16>, %w: tensor<64x32xbf16>, %b: tensor<32xbf16>, %h: tensor<1x?x32xbf16>, %e: tensor<?x32xbf16>, %f: tensor<?x32xf32>, %g: tensor<1x?x32xbf16>, %n: index) -> tensor<1x?x32xbf16> {
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%f : tensor<?x32xf32>) -> tensor<?x32xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x64xbf16>, tensor<64x32xbf16>) outs(%z : tensor<?x32xf32>) -> tensor<?x32xf32>
  %r = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%y, %b : tensor<?x32xf32>, tensor<32xbf16>) outs(%e : tensor<?x32xbf16>) {
  ^bb0(%p: f32, %q: bf16, %out: bf16):
    %qe = arith.extf %q : bf16 to f32
    %sum = arith.addf %p, %qe : f32
    %t = arith.truncf %sum : f32 to bf16
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

// A view of the same columns.
// CHECK-LABEL: func @view
// CHECK: %[[S:.*]] = capstan.gemm {{.*}} bias(
// CHECK-NEXT: %[[V:.*]] = tensor.expand_shape %[[S]]
// CHECK-NEXT: return %[[V]]
func.func @view(%x: tensor<?x64xf32>, %w: tensor<64x32xf32>, %b: tensor<32xf32>, %f: tensor<?x32xf32>, %g: tensor<1x?x32xf32>, %n: index) -> tensor<1x?x32xf32> {
  %y = linalg.matmul ins(%x, %w : tensor<?x64xf32>, tensor<64x32xf32>) outs(%f : tensor<?x32xf32>) -> tensor<?x32xf32>
  %v = tensor.expand_shape %y [[0, 1], [2]] output_shape [1, %n, 32] : tensor<?x32xf32> into tensor<1x?x32xf32>
  %s = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%v, %b : tensor<1x?x32xf32>, tensor<32xf32>) outs(%g : tensor<1x?x32xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %t = arith.addf %p, %q : f32
    linalg.yield %t : f32
  } -> tensor<1x?x32xf32>
  return %s : tensor<1x?x32xf32>
}

// A vector along the columns, a view of parts of rows, and f64, which the library gives no bias.
// CHECK-LABEL: func @others
// CHECK-NOT: bias(
// CHECK: return
func.func @others(%x: tensor<32x64xf32>, %w: tensor<64x32xf32>, %b: tensor<32xf32>, %b4: tensor<4xf32>, %f: tensor<32x32xf32>, %g: tensor<32x8x4xf32>,
                  %xd: tensor<32x64xf64>, %wd: tensor<64x32xf64>, %bd: tensor<32xf64>, %fd: tensor<32x32xf64>) -> (tensor<32x32xf32>, tensor<32x8x4xf32>, tensor<32x32xf64>) {
  %y = linalg.matmul ins(%x, %w : tensor<32x64xf32>, tensor<64x32xf32>) outs(%f : tensor<32x32xf32>) -> tensor<32x32xf32>
  %s = linalg.generic {indexing_maps = [#id, #column, #id], iterator_types = ["parallel", "parallel"]} ins(%y, %b : tensor<32x32xf32>, tensor<32xf32>) outs(%f : tensor<32x32xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %t = arith.addf %p, %q : f32
    linalg.yield %t : f32
  } -> tensor<32x32xf32>
  %y2 = linalg.matmul ins(%x, %w : tensor<32x64xf32>, tensor<64x32xf32>) outs(%f : tensor<32x32xf32>) -> tensor<32x32xf32>
  %v = tensor.expand_shape %y2 [[0], [1, 2]] output_shape [32, 8, 4] : tensor<32x32xf32> into tensor<32x8x4xf32>
  %s2 = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%v, %b4 : tensor<32x8x4xf32>, tensor<4xf32>) outs(%g : tensor<32x8x4xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %t = arith.addf %p, %q : f32
    linalg.yield %t : f32
  } -> tensor<32x8x4xf32>
  %y3 = linalg.matmul ins(%xd, %wd : tensor<32x64xf64>, tensor<64x32xf64>) outs(%fd : tensor<32x32xf64>) -> tensor<32x32xf64>
  %s3 = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%y3, %bd : tensor<32x32xf64>, tensor<32xf64>) outs(%fd : tensor<32x32xf64>) {
  ^bb0(%p: f64, %q: f64, %out: f64):
    %t = arith.addf %p, %q : f64
    linalg.yield %t : f64
  } -> tensor<32x32xf64>
  return %s, %s2, %s3 : tensor<32x32xf32>, tensor<32x8x4xf32>, tensor<32x32xf64>
}
