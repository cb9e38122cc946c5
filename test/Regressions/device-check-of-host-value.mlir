// A check on the device uses a value that is still read to the host.

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-host-sync-pipeline -o %t
// RUN: capstan-verify %s %t

func.func @main(%arg0: tensor<?xi32>, %arg1: tensor<?xf32>, %arg2: i1, %arg3: index) -> (i32, i32) {
  %0 = tensor.empty() : tensor<i32>
  %c-2147483648_i32 = arith.constant -2147483648 : i32
  %1 = linalg.fill ins(%c-2147483648_i32 : i32) outs(%0 : tensor<i32>) -> tensor<i32>
  %extracted = tensor.extract %1[] : tensor<i32>
  %2 = linalg.fill ins(%extracted : i32) outs(%1 : tensor<i32>) -> tensor<i32>
  %extracted_0 = tensor.extract %2[] : tensor<i32>
  %3 = arith.maxsi %extracted, %extracted_0 : i32
  %c-1_i32 = arith.constant -1 : i32
  %4 = arith.cmpi sge, %3, %c-1_i32 : i32
  cf.assert %4, "check 1"
  return %c-1_i32, %c-1_i32 : i32, i32
}
