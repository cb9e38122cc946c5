// A function whose reads have become parameters is pure: other reads may move above its calls, in the same run.

// RUN: rm -rf %t && mkdir %t
// RUN: capstan-opt %s --capstan-host-sync-pipeline="overlap=0" -o %t/after.mlir
// RUN: FileCheck %s < %t/after.mlir
// RUN: capstan-verify %s %t/after.mlir

func.func private @first(%values: tensor<?xi32>) -> i32 {
  %c0 = arith.constant 0 : index
  %0 = tensor.extract %values[%c0] : tensor<?xi32>
  return %0 : i32
}

// CHECK-LABEL: @two_calls
// CHECK: capstan.fetch {{.*}} ["item", "item"]
// CHECK: call @first
// CHECK-NEXT: call @first
func.func @two_calls(%a: tensor<?xi32>, %b: tensor<?xi32>) -> (i32, i32) {
  %0 = call @first(%a) : (tensor<?xi32>) -> i32
  %1 = call @first(%b) : (tensor<?xi32>) -> i32
  return %0, %1 : i32, i32
}
