// What is computed of a loop's last trip, behind the loop or in it, is the same.
// RUN: split-file %s %t
// RUN: capstan-verify %t/behind.mlir %t/inside.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/behind.mlir %t/earlier.mlir | FileCheck %s

// OK: accepted
// CHECK: rejected: @f: result #0 differs

//--- behind.mlir
func.func @f(%t: tensor<8xi32>, %n: index) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  cf.br ^header(%c0 : index)
^header(%i: index):
  %x = capstan.item %t[%i] : tensor<8xi32>
  %more = arith.cmpi slt, %i, %n : index
  cf.cond_br %more, ^body, ^exit
^body:
  %next = arith.addi %i, %c1 : index
  cf.br ^header(%next : index)
^exit:
  %y = capstan.item %t[%i] : tensor<8xi32>
  return %y : i32
}
//--- inside.mlir
func.func @f(%t: tensor<8xi32>, %n: index) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  cf.br ^header(%c0 : index)
^header(%i: index):
  %x = capstan.item %t[%i] : tensor<8xi32>
  %more = arith.cmpi slt, %i, %n : index
  cf.cond_br %more, ^body, ^exit
^body:
  %next = arith.addi %i, %c1 : index
  cf.br ^header(%next : index)
^exit:
  return %x : i32
}
//--- earlier.mlir
func.func @f(%t: tensor<8xi32>, %n: index) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %first = capstan.item %t[%c0] : tensor<8xi32>
  cf.br ^header(%c0, %first : index, i32)
^header(%i: index, %last: i32):
  %x = capstan.item %t[%i] : tensor<8xi32>
  %more = arith.cmpi slt, %i, %n : index
  cf.cond_br %more, ^body, ^exit
^body:
  %next = arith.addi %i, %c1 : index
  cf.br ^header(%next, %x : index, i32)
^exit:
  return %last : i32
}
