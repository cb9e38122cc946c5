// Products of groups of rows: rows of padding are in no group.
// RUN: capstan-opt %s --capstan-pad-to-static=buckets=T=16 --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @main_T16(
// CHECK-SAME:    %[[X:.*]]: tensor<16x4xf32> {{.*}}, %[[W:.*]]: tensor<3x5x4xf32>, %[[ENDS:.*]]: tensor<3xi32>, %[[T:.*]]: tensor<i64>
// Two rows for each token.
// CHECK:         %[[ROWS:.*]] = tensor.collapse_shape %{{.*}} : tensor<16x2x4xf32> into tensor<32x4xf32>
// A group that would reach into padding fails, as without padding.
// CHECK:         %[[OK:.*]] = linalg.generic {{.*}} ins(%[[ENDS]], %[[T]] : tensor<3xi32>, tensor<i64>)
// CHECK:         ^bb0(%[[END:.*]]: i32, %[[LIVE:.*]]: i64, %[[ALL:.*]]: i1):
// CHECK:           %[[WIDE:.*]] = arith.extsi %[[END]]
// CHECK:           %[[N:.*]] = arith.muli %[[LIVE]], %{{.*}}
// CHECK:           %[[FITS:.*]] = arith.cmpi sle, %[[WIDE]], %[[N]]
// CHECK:           arith.andi %[[FITS]], %[[ALL]]
// CHECK:         capstan.device_check %[[OK]], "a group of rows ends behind the last row" : tensor<i1>
// CHECK:         capstan.grouped_gemm ins(%[[ROWS]], %[[W]], %[[ENDS]] : {{.*}}) outs(%{{.*}} : tensor<32x5xf32>) {transpose_b} -> tensor<32x5xf32>
// CHECK-NOT:     select
// CHECK:         return
func.func @main(%x: tensor<?x4xf32> {capstan.dims = [#capstan.dim<"T", max = 64>, 4]}, %w: tensor<3x5x4xf32>, %ends: tensor<3xi32>)
    -> tensor<?x5xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %t = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%t) : tensor<?x2x4xf32>
  %two = linalg.broadcast ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x2x4xf32>) dimensions = [1]
  %rows = tensor.collapse_shape %two [[0, 1], [2]] : tensor<?x2x4xf32> into tensor<?x4xf32>
  %n = arith.muli %t, %c2 : index
  %init = tensor.empty(%n) : tensor<?x5xf32>
  %y = capstan.grouped_gemm ins(%rows, %w, %ends : tensor<?x4xf32>, tensor<3x5x4xf32>, tensor<3xi32>)
      outs(%init : tensor<?x5xf32>) {transpose_b} -> tensor<?x5xf32>
  return %y : tensor<?x5xf32>
}

// -----

// Padding that the sums run over.
func.func @columns(%x: tensor<4x?xf32> {capstan.dims = [4, #capstan.dim<"T", max = 64>]},
                   %w: tensor<3x?x5xf32> {capstan.dims = [3, #capstan.dim<"T">, 5]}, %ends: tensor<3xi32>) -> tensor<4x5xf32> {
  %init = tensor.empty() : tensor<4x5xf32>
  // expected-error @below {{'capstan.grouped_gemm' op can't be padded: has padding in other dimensions than rows}}
  %y = capstan.grouped_gemm ins(%x, %w, %ends : tensor<4x?xf32>, tensor<3x?x5xf32>, tensor<3xi32>)
      outs(%init : tensor<4x5xf32>) -> tensor<4x5xf32>
  return %y : tensor<4x5xf32>
}
