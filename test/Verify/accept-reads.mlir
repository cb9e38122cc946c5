// Reads that are equal in both modules, whatever form they have.
// RUN: split-file %s %t
// RUN: capstan-verify %t/a.mlir %t/merged.mlir | FileCheck %s --check-prefix=MERGED
// RUN: capstan-verify %t/a.mlir %t/fetch.mlir | FileCheck %s --check-prefix=FETCH
// RUN: capstan-verify %t/a.mlir %t/start.mlir | FileCheck %s --check-prefix=FETCH
// RUN: not capstan-verify %t/merged.mlir %t/a.mlir | FileCheck %s --check-prefix=MORE
// RUN: capstan-verify --json %t/a.mlir %t/fetch.mlir | FileCheck %s --check-prefix=JSON

// MERGED: accepted
// MERGED: before: 3 in the text, 3 a forward; after: 2 in the text, 2 a forward
// FETCH: accepted
// FETCH: before: 3 in the text, 3 a forward; after: 1 in the text, 1 a forward (2 values)
// MORE: rejected: @f: there are more syncs than before
// JSON-DAG: "status": "accepted"
// JSON-DAG: "before_static": 3
// JSON-DAG: "after_per_forward": 1

//--- a.mlir
func.func @f(%a: tensor<i32>, %b: tensor<4xi32>) -> (i32, i32, i32) {
  %c1 = arith.constant 1 : index
  %0 = tensor.extract %a[] : tensor<i32>
  %1 = capstan.item %a[] : tensor<i32>
  %2 = tensor.extract %b[%c1] : tensor<4xi32>
  return %0, %1, %2 : i32, i32, i32
}
//--- merged.mlir
func.func @f(%a: tensor<i32>, %b: tensor<4xi32>) -> (i32, i32, i32) {
  %c1 = arith.constant 1 : index
  %0 = capstan.item %a[] : tensor<i32>
  %2 = capstan.item %b[%c1] : tensor<4xi32>
  return %0, %0, %2 : i32, i32, i32
}
//--- fetch.mlir
func.func @f(%a: tensor<i32>, %b: tensor<4xi32>) -> (i32, i32, i32) {
  %s = tensor.extract_slice %b[1] [1] [1] : tensor<4xi32> to tensor<i32>
  %0, %2 = capstan.fetch %a, %s ["item", "item"] : (tensor<i32>, tensor<i32>) -> (i32, i32)
  return %0, %0, %2 : i32, i32, i32
}
//--- start.mlir
func.func @f(%a: tensor<i32>, %b: tensor<4xi32>) -> (i32, i32, i32) {
  %c1 = arith.constant 1 : index
  %s = tensor.extract_slice %b[%c1] [1] [1] : tensor<4xi32> to tensor<1xi32>
  %f = capstan.fetch.start %a, %s ["item", "item"] : (tensor<i32>, tensor<1xi32>) -> !capstan.future<i32, i32>
  %0, %2 = capstan.fetch.wait %f : !capstan.future<i32, i32> -> i32, i32
  return %0, %0, %2 : i32, i32, i32
}
