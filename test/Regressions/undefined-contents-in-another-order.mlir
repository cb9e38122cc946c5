// Undefined contents come to matter in another order after reads have moved.

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-host-sync-pipeline -o %t
// RUN: capstan-verify %s %t

#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0) -> ()>
func.func private @layer0(%arg0: tensor<?xi32>, %arg1: tensor<?xi32>, %arg2: tensor<?xf32>, %arg3: i1, %arg4: index) -> (i32, i32) {
  %alloc = memref.alloc(%arg4) : memref<?xi32>
  %c0_i32 = arith.constant 0 : i32
  memref.store %c0_i32, %alloc[%arg4] : memref<?xi32>
  %0 = tensor.empty() : tensor<i32>
  %1 = linalg.fill ins(%c0_i32 : i32) outs(%0 : tensor<i32>) -> tensor<i32>
  %2 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%arg0 : tensor<?xi32>) outs(%1 : tensor<i32>) {
  ^bb0(%in: i32, %out: i32):
    linalg.yield %in : i32
  } -> tensor<i32>
  %extracted = tensor.extract %2[] : tensor<i32>
  %3 = memref.load %alloc[%arg4] : memref<?xi32>
  %4 = arith.minsi %arg4, %arg4 : index
  %5 = scf.for %arg5 = %arg4 to %4 step %4 iter_args(%arg6 = %extracted) -> (i32) {
    %6 = memref.load %alloc[%arg5] : memref<?xi32>
    scf.yield %6 : i32
  }
  return %5, %extracted : i32, i32
}
func.func @main(%arg0: tensor<?xi32>, %arg1: tensor<?xf32>, %arg2: i1) -> (tensor<?xf32>, i32) {
  %c4 = arith.constant 4 : index
  %0:2 = call @layer0(%arg0, %arg0, %arg1, %arg2, %c4) : (tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, i1, index) -> (i32, i32)
  %c0 = arith.constant 0 : index
  %dim = tensor.dim %arg0, %c0 : tensor<?xi32>
  %1 = tensor.empty(%dim) : tensor<?xi32>
  %c0_0 = arith.constant 0 : index
  %dim_1 = tensor.dim %arg0, %c0_0 : tensor<?xi32>
  %2 = tensor.empty(%dim_1) : tensor<?xi32>
  %extracted = tensor.extract %2[%dim_1] : tensor<?xi32>
  %3:2 = call @layer0(%1, %arg0, %arg1, %arg2, %c0_0) : (tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, i1, index) -> (i32, i32)
  return %arg1, %3#0 : tensor<?xf32>, i32
}
