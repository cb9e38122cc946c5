// Which undefined contents is which follows from an element that is read twice: both reads say the same.

// RUN: rm -rf %t && mkdir %t
// RUN: capstan-opt %s --capstan-host-sync-pipeline="coalesce=0 overlap=0 eliminate=0" -o %t/after.mlir
// RUN: capstan-verify %s %t/after.mlir | FileCheck %s
// CHECK: before: 4 in the text, 4 a forward; after: 2 in the text, 2 a forward

#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0) -> ()>
func.func private @layer(%t: tensor<?xi32>, %size: index) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0 : i32
  %any = tensor.empty() : tensor<i32>
  %start = linalg.fill ins(%zero : i32) outs(%any : tensor<i32>) -> tensor<i32>
  %0 = tensor.extract %t[%c0] : tensor<?xi32>
  %1 = tensor.empty(%size) : tensor<?xi32>
  %2 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%1 : tensor<?xi32>) outs(%start : tensor<i32>) {
  ^bb0(%in: i32, %out: i32):
    %m = arith.maxsi %in, %out : i32
    linalg.yield %m : i32
  } -> tensor<i32>
  %3 = tensor.extract %2[] : tensor<i32>
  %4 = linalg.fill ins(%zero : i32) outs(%2 : tensor<i32>) -> tensor<i32>
  %5 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%t : tensor<?xi32>) outs(%4 : tensor<i32>) {
  ^bb0(%in: i32, %out: i32):
    %m = arith.maxsi %in, %out : i32
    linalg.yield %m : i32
  } -> tensor<i32>
  %6 = tensor.extract %5[] : tensor<i32>
  %7 = scf.for %i = %c0 to %c0 step %c1 iter_args(%x = %zero) -> i32 {
    scf.yield %6 : i32
  }
  return %7 : i32
}
func.func @main(%size: index) -> i32 {
  %c0 = arith.constant 0 : index
  %0 = tensor.empty(%size) : tensor<?xi32>
  %1 = call @layer(%0, %size) : (tensor<?xi32>, index) -> i32
  %2 = tensor.extract %0[%c0] : tensor<?xi32>
  return %1 : i32
}
