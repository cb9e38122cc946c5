// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-merge-host-syncs | FileCheck %s

// CHECK-LABEL: func.func @diamond
// CHECK-NEXT: capstan.item
// CHECK-NOT: capstan.item
func.func @diamond(%t: tensor<i32>, %c: i1) -> i32 {
  cf.cond_br %c, ^a, ^b
^a:
  %x = capstan.item %t[] : tensor<i32>
  return %x : i32
^b:
  %y = capstan.item %t[] : tensor<i32>
  return %y : i32
}

// CHECK-LABEL: func.func @one_side_and_after
// CHECK-NEXT: capstan.item
// CHECK-NOT: capstan.item
func.func @one_side_and_after(%t: tensor<i32>, %c: i1) -> i32 {
  cf.cond_br %c, ^a, ^b
^a:
  %x = capstan.item %t[] : tensor<i32>
  "foo.use"(%x) : (i32) -> ()
  cf.br ^b
^b:
  %y = capstan.item %t[] : tensor<i32>
  return %y : i32
}

// Two of three sides: one path would read more than before.
// CHECK-LABEL: func.func @some_sides
// CHECK-COUNT-2: capstan.item
func.func @some_sides(%t: tensor<i32>, %f: i32, %z: i32) -> i32 {
  cf.switch %f : i32, [default: ^a, 1: ^b, 2: ^c]
^a:
  %x = capstan.item %t[] : tensor<i32>
  return %x : i32
^b:
  %y = capstan.item %t[] : tensor<i32>
  return %y : i32
^c:
  return %z : i32
}

// A read after the loop must not run once a trip.
// CHECK-LABEL: func.func @loop
// CHECK: ^bb1
// CHECK-NOT: capstan.item
// CHECK: ^bb2
// CHECK: capstan.item
// CHECK: ^bb3
// CHECK: capstan.item
func.func @loop(%t: tensor<i32>, %c: i1, %d: i1) -> i32 {
  cf.br ^head
^head:
  cf.cond_br %c, ^body, ^exit
^body:
  %x = capstan.item %t[] : tensor<i32>
  "foo.use"(%x) : (i32) -> ()
  cf.cond_br %d, ^head, ^exit
^exit:
  %y = capstan.item %t[] : tensor<i32>
  return %y : i32
}

// CHECK-LABEL: func.func @irreducible
// CHECK-COUNT-2: capstan.item
func.func @irreducible(%c: i1, %t: tensor<i32>) -> i32 {
  cf.cond_br %c, ^a, ^b
^a:
  %x = capstan.item %t[] : tensor<i32>
  cf.cond_br %c, ^b, ^d(%x : i32)
^b:
  %y = capstan.item %t[] : tensor<i32>
  cf.cond_br %c, ^a, ^d(%y : i32)
^d(%r: i32):
  return %r : i32
}
