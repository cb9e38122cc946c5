// Attention of rows, each with padding of its own: offsets count live tokens.
// RUN: capstan-opt %s --capstan-pad-to-static=buckets=B=2/L=8 | FileCheck %s

// CHECK-LABEL: func.func @main_B2_L8(
// CHECK-SAME:    %[[X:.*]]: tensor<2x8x4x16xf32> {{.*}}, %{{.*}}: tensor<2xi32> {{.*}}, %[[B:.*]]: tensor<i64> {{.*}}, %[[L:.*]]: tensor<i64> {{.*}})
// CHECK:         %[[Q:.*]] = tensor.collapse_shape %[[X]] {{.*}} : tensor<2x8x4x16xf32> into tensor<16x4x16xf32>
// Live tokens come together: token i is in row i / L, at i % L.
// CHECK:         %[[T:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<16x4x16xf32>)
// CHECK:           %[[I:.*]] = linalg.index 0
// CHECK:           %[[IS:.*]] = arith.cmpi slt, %[[I]], %{{.*}}
// CHECK:           %[[TOKEN:.*]] = arith.select %[[IS]], %[[I]], %{{.*}}
// CHECK:           %[[AT:.*]] = arith.remui %[[TOKEN]], %[[LIVE:.*]] : index
// CHECK:           %[[ROW:.*]] = arith.divui %[[TOKEN]], %[[LIVE]]
// CHECK:           %[[FIRST:.*]] = arith.muli %[[ROW]], %{{.*}}
// CHECK:           %[[PLACE:.*]] = arith.addi %{{.*}}, %{{.*}} : index
// CHECK:           tensor.extract %[[Q]][%[[PLACE]], %{{.*}}, %{{.*}}]
// CHECK:         %[[O:.*]]:2 = capstan.varlen_attention ins(%[[T]],
// CHECK-SAME:    outs(%{{.*}}, %{{.*}} : tensor<16x4x16xf32>, tensor<4x16xf32>)
// And back.
// CHECK:         %[[R:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<16x4x16xf32>)
// CHECK:           tensor.extract %[[O]]#0
// CHECK:         tensor.extract %[[O]]#1
// CHECK:         tensor.expand_shape %[[R]] {{.*}} : tensor<16x4x16xf32> into tensor<2x8x4x16xf32>
func.func @main(%x: tensor<?x?x4x16xf32> {capstan.dims = [#capstan.dim<"B", max = 8>, #capstan.dim<"L", max = 64>, 4, 16]},
                %row: tensor<?xi32> {capstan.dims = [#capstan.dim<"B">]}) -> (tensor<?x?x4x16xf32>, tensor<4x?x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant dense<0> : tensor<1xi32>
  %b = tensor.dim %x, %c0 : tensor<?x?x4x16xf32>
  %l = tensor.dim %x, %c1 : tensor<?x?x4x16xf32>
  %n = arith.muli %b, %l : index
  %q = tensor.collapse_shape %x [[0, 1], [2], [3]] : tensor<?x?x4x16xf32> into tensor<?x4x16xf32>
  %cu = tensor.concat dim(0) %zero, %row : (tensor<1xi32>, tensor<?xi32>) -> tensor<?xi32>
  %e = tensor.empty(%n) : tensor<?x4x16xf32>
  %g = tensor.empty(%n) : tensor<4x?xf32>
  %o:2 = capstan.varlen_attention ins(%q, %q, %q, %cu, %cu, %n, %n : tensor<?x4x16xf32>, tensor<?x4x16xf32>, tensor<?x4x16xf32>, tensor<?xi32>, tensor<?xi32>, index, index)
      outs(%e, %g : tensor<?x4x16xf32>, tensor<4x?xf32>) {scale = 0.25 : f64} -> tensor<?x4x16xf32>, tensor<4x?xf32>
  %y = tensor.expand_shape %o#0 [[0, 1], [2], [3]] output_shape [%b, %l, 4, 16] : tensor<?x4x16xf32> into tensor<?x?x4x16xf32>
  %s = tensor.expand_shape %o#1 [[0], [1, 2]] output_shape [4, %b, %l] : tensor<4x?xf32> into tensor<4x?x?xf32>
  return %y, %s : tensor<?x?x4x16xf32>, tensor<4x?x?xf32>
}
