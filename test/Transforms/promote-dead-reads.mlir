// RUN: capstan-opt %s --capstan-promote-host-syncs | FileCheck %s

// A read that only dead code uses doesn't become a parameter.
// CHECK-LABEL: func.func private @layer
// CHECK-SAME: (%{{.*}}: tensor<i32>) -> tensor<i32>
// CHECK-NOT: capstan.item
func.func private @layer(%t: tensor<i32>) -> tensor<i32> {
  %n = capstan.item %t[] : tensor<i32>
  %unused = arith.addi %n, %n : i32
  return %t : tensor<i32>
}

// CHECK-LABEL: func.func @main
func.func @main(%t: tensor<i32>) -> tensor<i32> {
  // CHECK-NEXT: call @layer(%{{.*}}) : (tensor<i32>) -> tensor<i32>
  %r = call @layer(%t) : (tensor<i32>) -> tensor<i32>
  return %r : tensor<i32>
}
