// Three layers as calls of one function: llama3_2_1b_linalg_padded_calls.
// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @forward
// CHECK-COUNT-1: linalg.reduce
// CHECK-COUNT-1: capstan.item
// CHECK-NOT: capstan.item
// CHECK-COUNT-3: call @layer
// CHECK: func.func private @layer
// CHECK-NOT: capstan.item
// CHECK-NOT: linalg.reduce
func.func @forward(%x: tensor<?xf32>, %lens: tensor<?xi32>) -> tensor<?x?xf32> {
  %0 = call @layer(%x, %lens) : (tensor<?xf32>, tensor<?xi32>) -> tensor<?x?xf32>
  %1 = call @layer(%x, %lens) : (tensor<?xf32>, tensor<?xi32>) -> tensor<?x?xf32>
  %2 = call @layer(%x, %lens) : (tensor<?xf32>, tensor<?xi32>) -> tensor<?x?xf32>
  return %2 : tensor<?x?xf32>
}
func.func private @layer(%x: tensor<?xf32>, %lens: tensor<?xi32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0> : tensor<i32>
  %max = linalg.reduce { arith.maxsi } ins(%lens : tensor<?xi32>) outs(%zero : tensor<i32>) dimensions = [0]
  %n = tensor.extract %max[] : tensor<i32>
  %size = arith.index_cast %n : i32 to index
  %b = tensor.dim %lens, %c0 : tensor<?xi32>
  %padded = tensor.empty(%b, %size) : tensor<?x?xf32>
  %r = "foo.attention"(%x, %padded, %lens) : (tensor<?xf32>, tensor<?x?xf32>, tensor<?xi32>) -> tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}
