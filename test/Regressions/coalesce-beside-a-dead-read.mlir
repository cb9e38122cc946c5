// A read of no use keeps no other out of a packed transfer.

// RUN: capstan-opt %s --capstan-host-sync-pipeline="merge=0 hoist=0 eliminate=0" | FileCheck %s

// CHECK-LABEL: @main
// CHECK-NOT: capstan.item
// CHECK: capstan.fetch
// CHECK-NOT: capstan.item
func.func @main(%a: tensor<i32>, %t: tensor<?xi32>) -> (i64, i32) {
  %3 = tensor.extract %a[] : tensor<i32>
  %4 = arith.extsi %3 : i32 to i64
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%t : tensor<?xi32>) outs(%t : tensor<?xi32>) {
  ^bb0(%in: i32, %out: i32):
    %m = arith.muli %in, %in : i32
    linalg.yield %m : i32
  } -> tensor<?xi32>
  %1 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%0 : tensor<?xi32>) outs(%0 : tensor<?xi32>) {
  ^bb0(%in: i32, %out: i32):
    %m = arith.muli %in, %in : i32
    linalg.yield %m : i32
  } -> tensor<?xi32>
  %2 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%1 : tensor<?xi32>) outs(%1 : tensor<?xi32>) {
  ^bb0(%in: i32, %out: i32):
    %m = arith.muli %in, %in : i32
    linalg.yield %m : i32
  } -> tensor<?xi32>
  %5 = tensor.extract_slice %2[0] [1] [1] : tensor<?xi32> to tensor<i32>
  %6 = tensor.extract %5[] : tensor<i32>
  %dead = tensor.extract_slice %2[1] [1] [1] : tensor<?xi32> to tensor<i32>
  %7 = tensor.extract %dead[] : tensor<i32>
  return %4, %6 : i64, i32
}
