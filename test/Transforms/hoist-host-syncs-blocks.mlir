// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-hoist-host-syncs | FileCheck %s

// CHECK-LABEL: func.func @runs_before_exit
// CHECK-NEXT: capstan.item
// CHECK-NEXT: cf.br
func.func @runs_before_exit(%t: tensor<i32>, %c: i1) {
  cf.br ^head
^head:
  %x = capstan.item %t[] : tensor<i32>
  "foo.use"(%x) : (i32) -> ()
  cf.cond_br %c, ^head, ^exit
^exit:
  return
}

// CHECK-LABEL: func.func @may_be_left_before
// CHECK: ^bb2:
// CHECK-NEXT: capstan.item
func.func @may_be_left_before(%t: tensor<i32>, %c: i1) {
  cf.br ^head
^head:
  cf.cond_br %c, ^body, ^exit
^body:
  %x = capstan.item %t[] : tensor<i32>
  "foo.use"(%x) : (i32) -> ()
  cf.br ^head
^exit:
  return
}

// CHECK-LABEL: func.func @written
// CHECK: ^bb1:
// CHECK-NEXT: capstan.item
func.func @written(%m: memref<i32>, %c: i1) {
  cf.br ^head
^head:
  %x = capstan.item %m[] : memref<i32>
  "foo.use"(%x) : (i32) -> ()
  cf.cond_br %c, ^head, ^exit
^exit:
  return
}

// CHECK-LABEL: func.func @nested
// CHECK-NEXT: capstan.item
// CHECK-NEXT: cf.br
func.func @nested(%t: tensor<i32>, %c: i1) {
  cf.br ^outer
^outer:
  cf.br ^inner
^inner:
  %x = capstan.item %t[] : tensor<i32>
  "foo.use"(%x) : (i32) -> ()
  cf.cond_br %c, ^inner, ^latch
^latch:
  cf.cond_br %c, ^outer, ^exit
^exit:
  return
}

// Out of the structured loop first, then out of the loop of blocks around it.
// CHECK-LABEL: func.func @structured_in_blocks
// CHECK: capstan.item
// CHECK: cf.br ^bb1
// CHECK-NOT: capstan.item
func.func @structured_in_blocks(%t: tensor<i32>, %c: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  cf.br ^head
^head:
  scf.for %i = %c0 to %c8 step %c1 {
    %x = capstan.item %t[] : tensor<i32>
    "foo.use"(%x) : (i32) -> ()
  }
  cf.cond_br %c, ^head, ^exit
^exit:
  return
}
