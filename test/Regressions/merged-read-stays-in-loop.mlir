// RUN: capstan-opt %s --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// The read leaves the inner loop, is merged with that of the other branch, and
// must then leave the outer loop as well.

func.func private @layer(%x: tensor<i32>) -> i32 {
  %i = tensor.extract %x[] : tensor<i32>
  return %i : i32
}

// CHECK-LABEL: func.func @main
// CHECK: capstan.item
// CHECK-NEXT: scf.for
// CHECK-NOT: capstan.item
func.func @main(%x: tensor<i32>, %init: i32) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%sum = %init) -> i32 {
    %is = arith.cmpi eq, %sum, %init : i32
    %s = scf.if %is -> i32 {
      %a = func.call @layer(%x) : (tensor<i32>) -> i32
      scf.yield %a : i32
    } else {
      %b = scf.for %j = %c0 to %c3 step %c1 iter_args(%inner = %sum) -> i32 {
        %c = func.call @layer(%x) : (tensor<i32>) -> i32
        %d = arith.addi %inner, %c : i32
        scf.yield %d : i32
      }
      scf.yield %b : i32
    }
    scf.yield %s : i32
  }
  return %r : i32
}
