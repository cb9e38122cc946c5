// A loop that only feeds a read moves above an equal one: which is which changes.

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-host-sync-pipeline="coalesce=0 overlap=0 eliminate=0" -o %t
// RUN: capstan-verify %s %t

#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0) -> ()>
func.func private @layer0(%arg0: tensor<?xi32>, %arg1: tensor<?xi32>, %arg2: tensor<?xf32>, %arg3: i1) -> (tensor<?xf32>, i32) {
  %c0 = arith.constant 0 : index
  %0 = tensor.empty() : tensor<i32>
  %c-2147483648_i32 = arith.constant -2147483648 : i32
  %1 = linalg.fill ins(%c-2147483648_i32 : i32) outs(%0 : tensor<i32>) -> tensor<i32>
  %2 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%arg0 : tensor<?xi32>) outs(%1 : tensor<i32>) {
  ^bb0(%in: i32, %out: i32):
    %12 = arith.maxsi %in, %out : i32
    linalg.yield %12 : i32
  } -> tensor<i32>
  %extracted = tensor.extract %2[] : tensor<i32>
  %3 = arith.index_cast %extracted : i32 to index
  %c1 = arith.constant 1 : index
  %4:2 = scf.for %arg4 = %c0 to %3 step %c1 iter_args(%arg5 = %c-2147483648_i32, %arg6 = %arg1) -> (i32, tensor<?xi32>) {
    scf.yield %arg5, %arg0 : i32, tensor<?xi32>
  }
  %5 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%4#1 : tensor<?xi32>) outs(%2 : tensor<i32>) {
  ^bb0(%in: i32, %out: i32):
    linalg.yield %in : i32
  } -> tensor<i32>
  %extracted_0 = tensor.extract %5[] : tensor<i32>
  %6 = arith.index_cast %extracted_0 : i32 to index
  cf.br ^bb1(%c1, %4#0 : index, i32)
^bb1(%7: index, %8: i32):  // 2 preds: ^bb0, ^bb2
  %9 = arith.cmpi slt, %7, %6 : index
  cf.cond_br %9, ^bb2, ^bb3
^bb2:  // pred: ^bb1
  cf.br ^bb1(%7, %8 : index, i32)
^bb3:  // pred: ^bb1
  %10 = tensor.empty() : tensor<i32>
  %c-2147483648_i32_1 = arith.constant -2147483648 : i32
  %11 = linalg.fill ins(%c-2147483648_i32_1 : i32) outs(%10 : tensor<i32>) -> tensor<i32>
  %extracted_2 = tensor.extract %11[] : tensor<i32>
  return %arg2, %extracted_2 : tensor<?xf32>, i32
}
func.func @main(%arg0: tensor<?xi32>, %arg1: tensor<?xi32>, %arg2: tensor<?xf32>, %arg3: i1, %arg4: index) -> tensor<?xf32> {
  %0 = tensor.empty() : tensor<i32>
  %c-2147483648_i32 = arith.constant -2147483648 : i32
  %1 = linalg.fill ins(%c-2147483648_i32 : i32) outs(%0 : tensor<i32>) -> tensor<i32>
  %c0 = arith.constant 0 : index
  %2 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%arg1 : tensor<?xi32>) outs(%1 : tensor<i32>) {
  ^bb0(%in: i32, %out: i32):
    %5 = arith.maxsi %in, %out : i32
    linalg.yield %5 : i32
  } -> tensor<i32>
  %extracted = tensor.extract %2[] : tensor<i32>
  %3 = arith.index_cast %extracted : i32 to index
  %c1 = arith.constant 1 : index
  %4:2 = scf.for %arg5 = %c0 to %3 step %c1 iter_args(%arg6 = %c-2147483648_i32, %arg7 = %c-2147483648_i32) -> (i32, i32) {
    %5:2 = func.call @layer0(%arg1, %arg0, %arg2, %arg3) : (tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, i1) -> (tensor<?xf32>, i32)
    scf.yield %arg6, %5#1 : i32, i32
  }
  return %arg2 : tensor<?xf32>
}
