// A division or an index may fault: not run where it did not run before.

// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false speculate=true overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @f
// CHECK: scf.for
// CHECK: arith.divsi
// CHECK: capstan.item
func.func @f(%n: index, %a: index, %lens: tensor<?xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %d = arith.divsi %a, %n : index
    %x = capstan.item %lens[%d] : tensor<?xi32>
    "foo.use"(%x) : (i32) -> ()
  }
  return
}

// CHECK-LABEL: func.func @total
// CHECK-NOT: scf.if
// CHECK: capstan.item
// CHECK: scf.for
func.func @total(%n: index, %max: tensor<i32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %x = capstan.item %max[] : tensor<i32>
    "foo.use"(%x) : (i32) -> ()
  }
  return
}
