// What a loop carries for a read that has gone says nothing: undefined contents have another number there.

// RUN: rm -rf %t && mkdir %t
// RUN: capstan-opt %s --capstan-host-sync-pipeline="coalesce=0 overlap=0 eliminate=0" -o %t/after.mlir
// RUN: capstan-verify %s %t/after.mlir | FileCheck %s
// CHECK: before: 2 in the text
// CHECK-SAME: after: 0 in the text

#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0) -> ()>
func.func private @layer(%t: tensor<?xi32>) {
  %start = arith.constant dense<0> : tensor<i32>
  %0 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%t : tensor<?xi32>) outs(%start : tensor<i32>) {
  ^bb0(%in: i32, %out: i32):
    %m = arith.maxsi %in, %out : i32
    linalg.yield %m : i32
  } -> tensor<i32>
  %1 = tensor.extract %0[] : tensor<i32>
  return
}
func.func @main(%t: tensor<?xi32>, %size: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %start = arith.constant dense<0> : tensor<i32>
  %0 = tensor.empty(%size) : tensor<?xi32>
  call @layer(%0) : (tensor<?xi32>) -> ()
  %1 = tensor.empty(%size) : tensor<?xi32>
  %2 = scf.for %i = %c0 to %size step %c1 iter_args(%u = %t) -> tensor<?xi32> {
    %3 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%u : tensor<?xi32>) outs(%start : tensor<i32>) {
    ^bb0(%in: i32, %out: i32):
      %m = arith.maxsi %in, %out : i32
      linalg.yield %m : i32
    } -> tensor<i32>
    %4 = tensor.extract %3[] : tensor<i32>
    scf.yield %1 : tensor<?xi32>
  }
  return
}
