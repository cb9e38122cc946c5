// Of two undefined tensors one is read for nothing: the other one stays the same when that read goes.

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-host-sync-pipeline="merge=1 promote=1 hoist=1 coalesce=1 overlap=0 eliminate=1" -o %t
// RUN: capstan-verify %s %t

#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0) -> ()>
func.func @main(%arg0: tensor<?xi32>, %arg1: tensor<?xf32>, %arg2: i1, %arg3: index, %arg4: memref<?xi32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %dim = tensor.dim %arg0, %c0 : tensor<?xi32>
  %0 = tensor.empty(%dim) : tensor<?xi32>
  %c4_i32 = arith.constant 4 : i32
  %c0_0 = arith.constant 0 : index
  %dim_1 = tensor.dim %arg0, %c0_0 : tensor<?xi32>
  %1 = tensor.empty(%dim_1) : tensor<?xi32>
  %2 = tensor.empty() : tensor<i32>
  %3 = linalg.fill ins(%c4_i32 : i32) outs(%2 : tensor<i32>) -> tensor<i32>
  %extracted = tensor.extract %1[%dim_1] : tensor<?xi32>
  %4 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%0 : tensor<?xi32>) outs(%arg0 : tensor<?xi32>) {
  ^bb0(%in: i32, %out: i32):
    linalg.yield %in : i32
  } -> tensor<?xi32>
  %5 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%4 : tensor<?xi32>) outs(%3 : tensor<i32>) {
  ^bb0(%in: i32, %out: i32):
    linalg.yield %in : i32
  } -> tensor<i32>
  %extracted_2 = tensor.extract %5[] : tensor<i32>
  %6 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%0 : tensor<?xi32>) outs(%5 : tensor<i32>) {
  ^bb0(%in: i32, %out: i32):
    linalg.yield %in : i32
  } -> tensor<i32>
  %extracted_3 = tensor.extract %6[] : tensor<i32>
  %7 = arith.cmpi sge, %extracted_3, %extracted_3 : i32
  %8 = scf.if %7 -> (tensor<?xf32>) {
    scf.yield %arg1 : tensor<?xf32>
  } else {
    scf.yield %arg1 : tensor<?xf32>
  }
  return %arg1 : tensor<?xf32>
}
