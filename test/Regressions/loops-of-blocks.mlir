// Loops of blocks have a block before them although LLVM's loop analysis finds no
// preheader among MLIR's blocks; one that is entered from two places has none.

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-hoist-host-syncs | FileCheck %s

// CHECK-LABEL: func.func @one_entry
// CHECK-NEXT: capstan.item
// CHECK-NEXT: cf.br
func.func @one_entry(%t: tensor<i1>) {
  cf.br ^head
^head:
  %c = capstan.item %t[] : tensor<i1>
  cf.cond_br %c, ^head, ^exit
^exit:
  return
}

// CHECK-LABEL: func.func @two_entries
// CHECK-NOT: capstan.item
// CHECK: ^bb2:
// CHECK-NEXT: capstan.item
func.func @two_entries(%t: tensor<i1>, %d: i1) {
  cf.cond_br %d, ^other, ^head
^other:
  "foo.other"() : () -> ()
  cf.br ^head
^head:
  %c = capstan.item %t[] : tensor<i1>
  cf.cond_br %c, ^head, ^exit
^exit:
  return
}

// The block before it also goes elsewhere.
// CHECK-LABEL: func.func @not_always
// CHECK: ^bb1:
// CHECK-NEXT: capstan.item
func.func @not_always(%t: tensor<i1>, %d: i1) {
  cf.cond_br %d, ^head, ^exit
^head:
  %c = capstan.item %t[] : tensor<i1>
  cf.cond_br %c, ^head, ^exit
^exit:
  return
}
