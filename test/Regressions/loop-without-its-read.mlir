// A pure loop whose read is gone moves out of another loop with what it feeds.

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-host-sync-pipeline -o %t
// RUN: capstan-verify %s %t

#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0) -> ()>
func.func private @layer2(%arg0: tensor<?xi32>, %arg1: tensor<?xf32>, %arg2: i1, %arg3: index) -> i64 {
  %0 = tensor.empty() : tensor<i32>
  %c-2147483648_i32 = arith.constant -2147483648 : i32
  %1 = linalg.fill ins(%c-2147483648_i32 : i32) outs(%0 : tensor<i32>) -> tensor<i32>
  %c1 = arith.constant 1 : index
  %2:3 = scf.while (%arg4 = %arg3, %arg5 = %c-2147483648_i32, %arg6 = %arg0) : (index, i32, tensor<?xi32>) -> (index, i32, tensor<?xi32>) {
    %5 = arith.cmpi slt, %arg4, %arg3 : index
    scf.condition(%5) %arg4, %c-2147483648_i32, %arg0 : index, i32, tensor<?xi32>
  } do {
  ^bb0(%arg4: index, %arg5: i32, %arg6: tensor<?xi32>):
    %extracted_0 = tensor.extract %1[] : tensor<i32>
    %c0_i32 = arith.constant 0 : i32
    %5 = arith.addi %arg4, %c1 : index
    scf.yield %5, %c0_i32, %arg0 : index, i32, tensor<?xi32>
  }
  %3 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%2#2 : tensor<?xi32>) outs(%1 : tensor<i32>) {
  ^bb0(%in: i32, %out: i32):
    linalg.yield %in : i32
  } -> tensor<i32>
  %extracted = tensor.extract %3[] : tensor<i32>
  %4 = arith.extsi %extracted : i32 to i64
  return %4 : i64
}
func.func @main(%arg0: tensor<?xi32>, %arg1: tensor<?xf32>, %arg2: i1) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c-2147483648_i32 = arith.constant -2147483648 : i32
  %0 = arith.minsi %c0, %c0 : index
  %1 = scf.for %arg3 = %c0 to %0 step %0 iter_args(%arg4 = %c-2147483648_i32) -> (i32) {
    %2 = func.call @layer2(%arg0, %arg1, %arg2, %c0) : (tensor<?xi32>, tensor<?xf32>, i1, index) -> i64
    scf.yield %arg4 : i32
  }
  return %arg1 : tensor<?xf32>
}
