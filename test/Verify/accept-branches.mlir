// RUN: split-file %s %t
// RUN: capstan-verify %t/guarded.mlir %t/gated.mlir | FileCheck %s
// RUN: capstan-verify %t/sides.mlir %t/above.mlir | FileCheck %s
// RUN: capstan-verify %t/above.mlir %t/sides.mlir | FileCheck %s
// RUN: not capstan-verify %t/guarded.mlir %t/unguarded.mlir | FileCheck %s --check-prefix=UNGUARDED
// RUN: capstan-verify %t/guarded.mlir %t/cf.mlir | FileCheck %s
// RUN: not capstan-verify %t/guarded.mlir %t/swapped.mlir | FileCheck %s --check-prefix=SWAPPED

// CHECK: accepted
// UNGUARDED: rejected: @f: a value is read from the device where it was not
// UNGUARDED: after: 'capstan.item'
// SWAPPED: rejected: @f: result #0 differs

//--- guarded.mlir
func.func @f(%a: tensor<i32>, %c: i1) -> (i32, i32) {
  %d = arith.constant 7 : i32
  %x = scf.if %c -> i32 {
    %n = tensor.extract %a[] : tensor<i32>
    scf.yield %n : i32
  } else {
    scf.yield %d : i32
  }
  %y = scf.if %c -> i32 {
    %n = tensor.extract %a[] : tensor<i32>
    %m = arith.muli %n, %n : i32
    scf.yield %m : i32
  } else {
    scf.yield %d : i32
  }
  return %x, %y : i32, i32
}
//--- gated.mlir
func.func @f(%a: tensor<i32>, %c: i1) -> (i32, i32) {
  %d = arith.constant 7 : i32
  %z = arith.constant 0 : i32
  %x, %r = scf.if %c -> (i32, i32) {
    %n = capstan.item %a[] : tensor<i32>
    scf.yield %n, %n : i32, i32
  } else {
    scf.yield %d, %z : i32, i32
  }
  %y = scf.if %c -> i32 {
    %m = arith.muli %r, %r : i32
    scf.yield %m : i32
  } else {
    scf.yield %d : i32
  }
  return %x, %y : i32, i32
}
//--- unguarded.mlir
func.func @f(%a: tensor<i32>, %c: i1) -> (i32, i32) {
  %d = arith.constant 7 : i32
  %n = capstan.item %a[] : tensor<i32>
  %m = arith.muli %n, %n : i32
  %x = arith.select %c, %n, %d : i32
  %y = arith.select %c, %m, %d : i32
  return %x, %y : i32, i32
}
//--- cf.mlir
func.func @f(%a: tensor<i32>, %c: i1) -> (i32, i32) {
  %d = arith.constant 7 : i32
  cf.cond_br %c, ^read, ^join(%d, %d : i32, i32)
^read:
  %n = capstan.item %a[] : tensor<i32>
  %m = arith.muli %n, %n : i32
  cf.br ^join(%n, %m : i32, i32)
^join(%x: i32, %y: i32):
  return %x, %y : i32, i32
}
//--- swapped.mlir
func.func @f(%a: tensor<i32>, %c: i1) -> (i32, i32) {
  %d = arith.constant 7 : i32
  %x:2 = scf.if %c -> (i32, i32) {
    scf.yield %d, %d : i32, i32
  } else {
    %n = tensor.extract %a[] : tensor<i32>
    %m = arith.muli %n, %n : i32
    scf.yield %n, %m : i32, i32
  }
  return %x#0, %x#1 : i32, i32
}
//--- sides.mlir
func.func @f(%a: tensor<i32>, %c: i1) -> i32 {
  %x = scf.if %c -> i32 {
    %n = capstan.item %a[] : tensor<i32>
    scf.yield %n : i32
  } else {
    %n = capstan.item %a[] : tensor<i32>
    %m = arith.muli %n, %n : i32
    scf.yield %m : i32
  }
  return %x : i32
}
//--- above.mlir
func.func @f(%a: tensor<i32>, %c: i1) -> i32 {
  %n = capstan.item %a[] : tensor<i32>
  %m = arith.muli %n, %n : i32
  %x = arith.select %c, %n, %m : i32
  return %x : i32
}
