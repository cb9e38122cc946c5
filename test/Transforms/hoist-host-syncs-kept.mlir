// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-hoist-host-syncs \
// RUN:   --remarks-filter=capstan --remark-policy=all 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-hoist-host-syncs | FileCheck %s

// REMARK: the loop may run zero times
// REMARK: reads memory that the loop may write
// REMARK: depends on the iteration
// REMARK: depends on another host sync

// CHECK-LABEL: func.func @after_region
// CHECK: do {
// CHECK: capstan.item
func.func @after_region(%t: tensor<i32>, %c: i1) {
  scf.while : () -> () {
    scf.condition(%c)
  } do {
    %n = capstan.item %t[] : tensor<i32>
    "foo.use"(%n) : (i32) -> ()
    scf.yield
  }
  return
}

// CHECK-LABEL: func.func @written
// CHECK: scf.for
// CHECK-NEXT: capstan.item
func.func @written(%m: memref<i32>, %o: memref<i32>, %v: i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %n = capstan.item %m[] : memref<i32>
    memref.store %n, %o[] : memref<i32>
  }
  return
}

// CHECK-LABEL: func.func @carried
// CHECK: scf.for
// CHECK: capstan.item
func.func @carried(%t: tensor<i32>) -> tensor<i32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%x = %t) -> tensor<i32> {
    %n = capstan.item %x[] : tensor<i32>
    %s = tensor.splat %n : tensor<i32>
    // On another sync, which stays.
    %k = capstan.item %s[] : tensor<i32>
    "foo.use"(%k) : (i32) -> ()
    scf.yield %s : tensor<i32>
  }
  return %r : tensor<i32>
}
