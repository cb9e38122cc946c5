// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-promote-host-syncs | FileCheck %s
// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-promote-host-syncs \
// RUN:   --remarks-filter=capstan --remark-policy=all 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// REMARK-DAG: the function is recursive
// REMARK-DAG: the function is used other than by direct calls
// REMARK-DAG: reads memory that the function may write before
// REMARK-DAG: runs in a loop of the function

// CHECK-LABEL: func.func @entry
// CHECK-NOT: capstan.item
func.func @entry(%t: tensor<i32>, %m: memref<i32>, %v: i32, %c: i1) {
  call @recursive(%t, %c) : (tensor<i32>, i1) -> ()
  call @public(%t) : (tensor<i32>) -> ()
  call @address_taken(%t) : (tensor<i32>) -> ()
  "foo.table"() {functions = [@address_taken]} : () -> ()
  call @written(%m, %v) : (memref<i32>, i32) -> ()
  call @in_loop(%t) : (tensor<i32>) -> ()
  return
}

// CHECK: func.func private @recursive
// CHECK: capstan.item
func.func private @recursive(%t: tensor<i32>, %c: i1) {
  %n = capstan.item %t[] : tensor<i32>
  scf.if %c {
    func.call @recursive(%t, %c) : (tensor<i32>, i1) -> ()
  }
  "foo.use"(%n) : (i32) -> ()
  return
}

// CHECK: func.func @public(%{{[^,]*}}) {
// CHECK: capstan.item
func.func @public(%t: tensor<i32>) {
  %n = capstan.item %t[] : tensor<i32>
  "foo.use"(%n) : (i32) -> ()
  return
}

// CHECK: func.func private @address_taken(%{{[^,]*}}) {
// CHECK: capstan.item
func.func private @address_taken(%t: tensor<i32>) {
  %n = capstan.item %t[] : tensor<i32>
  "foo.use"(%n) : (i32) -> ()
  return
}

// CHECK: func.func private @written
// CHECK: memref.store
// CHECK: capstan.item
func.func private @written(%m: memref<i32>, %v: i32) {
  memref.store %v, %m[] : memref<i32>
  %n = capstan.item %m[] : memref<i32>
  "foo.use"(%n) : (i32) -> ()
  return
}

// CHECK: func.func private @in_loop
// CHECK: capstan.item
func.func private @in_loop(%t: tensor<i32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %c1 step %c1 {
    %n = capstan.item %t[] : tensor<i32>
    "foo.use"(%n) : (i32) -> ()
  }
  return
}

// Nobody calls it.
// CHECK: func.func private @unused
// CHECK: capstan.item
func.func private @unused(%t: tensor<i32>) {
  %n = capstan.item %t[] : tensor<i32>
  "foo.use"(%n) : (i32) -> ()
  return
}
