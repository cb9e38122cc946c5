// A sign-extended true is -1, and a cast to a narrower type cuts off: neither loop
// certainly runs.

// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @f
// CHECK: scf.if
// CHECK-NEXT: capstan.item
// CHECK: scf.for
// CHECK: scf.if
// CHECK-NEXT: capstan.item
// CHECK: scf.for
func.func @f(%t: tensor<i32>) {
  %true = arith.constant true
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %ub = arith.extsi %true : i1 to i32
  scf.for %i = %c0 to %ub step %c1 : i32 {
    %x = capstan.item %t[] : tensor<i32>
    "foo.use"(%x) : (i32) -> ()
  }
  %k = arith.constant 4294967296 : index
  %ub2 = arith.index_cast %k : index to i32
  scf.for %i = %c0 to %ub2 step %c1 : i32 {
    %x = capstan.item %t[] : tensor<i32>
    "foo.use"(%x) : (i32) -> ()
  }
  return
}
