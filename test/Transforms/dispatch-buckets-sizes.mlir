// Live sizes of results that are made by divisions, minima and maxima of sums.
// RUN: capstan-opt %s --capstan-static-shape-pipeline="buckets=T=20/B=4 graphs=false fallback=false" | FileCheck %s

// CHECK-DAG:     %[[C7:.*]] = arith.constant 7 : i64
// CHECK-DAG:     %[[C8:.*]] = arith.constant 8 : i64
// CHECK:         %[[T:.*]] = arith.index_cast %{{.*}} : index to i64
// CHECK:         %[[B:.*]] = arith.index_cast %{{.*}} : index to i64
// CHECK:         %[[STATIC:.*]]:3 = func.call @main_T20_B4(
// CHECK:         %[[T7:.*]] = arith.addi %[[T]], %[[C7]]
// CHECK:         %[[FLOOR:.*]] = arith.divsi %[[T7]], %[[C8]]
// CHECK:         %[[N:.*]] = arith.index_cast %[[FLOOR]]
// CHECK:         tensor.extract_slice %[[STATIC]]#0[0] [%[[N]]] [1] : tensor<3xf32> to tensor<?xf32>
// CHECK:         arith.addi
// CHECK:         arith.divsi
// CHECK:         tensor.extract_slice %[[STATIC]]#1
// CHECK:         arith.minsi
// CHECK:         tensor.extract_slice %[[STATIC]]#2
// CHECK:         func.func private @main_T20_B4(
// CHECK-SAME:    -> (tensor<3xf32> {capstan.live = [#capstan.dim<"((T + 7) / 8)">]}
// CHECK-SAME:    {capstan.live = [#capstan.dim<"((T + 1) ceildiv 8)">]}
// CHECK-SAME:    {capstan.live = [#capstan.dim<"((B + 1) min T)">]}
func.func @main(%x: tensor<?x4xf32> {capstan.dims = [#capstan.dim<"T", min = 1, max = 64>, 4]},
                %y: tensor<?xf32> {capstan.dims = [#capstan.dim<"B", max = 8>]}) -> (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %c8 = arith.constant 8 : index
  %f = arith.constant 0.0 : f32
  %t = tensor.dim %x, %c0 : tensor<?x4xf32>
  %b = tensor.dim %y, %c0 : tensor<?xf32>
  %t7 = arith.addi %t, %c7 : index
  %floor = arith.divui %t7, %c8 : index
  %t1 = arith.addi %t, %c1 : index
  %ceil = arith.ceildivui %t1, %c8 : index
  %b1 = arith.addi %b, %c1 : index
  %least = arith.minui %b1, %t : index
  %e0 = tensor.empty(%floor) : tensor<?xf32>
  %0 = linalg.fill ins(%f : f32) outs(%e0 : tensor<?xf32>) -> tensor<?xf32>
  %e1 = tensor.empty(%ceil) : tensor<?xf32>
  %1 = linalg.fill ins(%f : f32) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>
  %e2 = tensor.empty(%least) : tensor<?xf32>
  %2 = linalg.fill ins(%f : f32) outs(%e2 : tensor<?xf32>) -> tensor<?xf32>
  return %0, %1, %2 : tensor<?xf32>, tensor<?xf32>, tensor<?xf32>
}
