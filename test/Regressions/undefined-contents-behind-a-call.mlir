// Undefined contents come to matter in another order after reads have been promoted.

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-host-sync-pipeline="merge=1 promote=1 hoist=0 coalesce=0 overlap=0 eliminate=1" -o %t
// RUN: capstan-verify %s %t

#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0) -> ()>
func.func private @layer0(%arg0: tensor<?xi32>, %arg1: tensor<?xf32>, %arg2: i1, %arg3: memref<?xi32>, %arg4: memref<?xi32>) -> tensor<?xf32> {
  %0 = tensor.empty() : tensor<i32>
  %c-2147483648_i32 = arith.constant -2147483648 : i32
  %1 = linalg.fill ins(%c-2147483648_i32 : i32) outs(%0 : tensor<i32>) -> tensor<i32>
  %2 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%arg0 : tensor<?xi32>) outs(%1 : tensor<i32>) {
  ^bb0(%in: i32, %out: i32):
    linalg.yield %in : i32
  } -> tensor<i32>
  %3 = capstan.item %2[] : tensor<i32>
  cf.cond_br %arg2, ^bb1, ^bb2
^bb1:  // pred: ^bb0
  cf.br ^bb3(%3, %arg0 : i32, tensor<?xi32>)
^bb2:  // pred: ^bb0
  cf.br ^bb3(%c-2147483648_i32, %arg0 : i32, tensor<?xi32>)
^bb3(%4: i32, %5: tensor<?xi32>):  // 2 preds: ^bb1, ^bb2
  return %arg1 : tensor<?xf32>
}
func.func @main(%arg0: tensor<?xi32>, %arg1: tensor<?xi32>, %arg2: tensor<?xf32>, %arg3: i1, %arg4: index, %arg5: memref<?xi32>, %arg6: memref<?xi32>) -> (tensor<?xf32>, i32) {
  %c0_i32 = arith.constant 0 : i32
  %0 = tensor.empty() : tensor<i32>
  %1 = linalg.fill ins(%c0_i32 : i32) outs(%0 : tensor<i32>) -> tensor<i32>
  %c0 = arith.constant 0 : index
  %dim = tensor.dim %arg0, %c0 : tensor<?xi32>
  %2 = tensor.empty(%dim) : tensor<?xi32>
  %c0_0 = arith.constant 0 : index
  %dim_1 = tensor.dim %arg0, %c0_0 : tensor<?xi32>
  %3 = tensor.empty(%dim_1) : tensor<?xi32>
  %extracted = tensor.extract %3[%dim_1] : tensor<?xi32>
  %c2147483647_i32 = arith.constant 2147483647 : i32
  %4 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%2 : tensor<?xi32>) outs(%1 : tensor<i32>) {
  ^bb0(%in: i32, %out: i32):
    linalg.yield %in : i32
  } -> tensor<i32>
  %extracted_2 = tensor.extract %4[] : tensor<i32>
  %c2 = arith.constant 2 : index
  %5:2 = scf.for %arg7 = %dim_1 to %c2 step %c2 iter_args(%arg8 = %c2147483647_i32, %arg9 = %c2147483647_i32) -> (i32, i32) {
    %6 = func.call @layer0(%3, %arg2, %arg3, %arg5, %arg6) : (tensor<?xi32>, tensor<?xf32>, i1, memref<?xi32>, memref<?xi32>) -> tensor<?xf32>
    scf.yield %arg8, %arg8 : i32, i32
  }
  return %arg2, %extracted_2 : tensor<?xf32>, i32
}
