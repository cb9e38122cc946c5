// RUN: split-file %s %t
// RUN: capstan-verify %t/for.mlir %t/guarded.mlir | FileCheck %s
// RUN: not capstan-verify %t/for.mlir %t/hoisted.mlir | FileCheck %s --check-prefix=ZERO
// RUN: capstan-verify %t/known.mlir %t/known-hoisted.mlir | FileCheck %s --check-prefix=KNOWN
// RUN: not capstan-verify %t/known-hoisted.mlir %t/known.mlir | FileCheck %s --check-prefix=INTO
// RUN: capstan-verify %t/while.mlir %t/while-guarded.mlir | FileCheck %s
// RUN: not capstan-verify %t/while.mlir %t/while-hoisted.mlir | FileCheck %s --check-prefix=ZERO
// RUN: capstan-verify %t/while.mlir %t/while-cf.mlir | FileCheck %s --check-prefix=CF
// RUN: capstan-verify %t/two.mlir %t/reordered.mlir | FileCheck %s
// RUN: not capstan-verify %t/two.mlir %t/mixed.mlir | FileCheck %s --check-prefix=MIXED

// CHECK: accepted
// ZERO: rejected: @f: a value is read from the device where it was not
// KNOWN: accepted
// KNOWN: before: 1 in the text, 16 a forward; after: 1 in the text, 1 a forward
// INTO: rejected: @f: there are more syncs than before
// CF: accepted
// MIXED: rejected: @f: result

//--- for.mlir
func.func @f(%a: tensor<i32>, %n: index, %s: i32) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %s) -> i32 {
    %v = tensor.extract %a[] : tensor<i32>
    %y = arith.addi %x, %v : i32
    scf.yield %y : i32
  }
  return %r : i32
}
//--- guarded.mlir
func.func @f(%a: tensor<i32>, %n: index, %s: i32) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %z = arith.constant 0 : i32
  %g = arith.cmpi sgt, %n, %c0 : index
  %v = scf.if %g -> i32 {
    %t = capstan.item %a[] : tensor<i32>
    scf.yield %t : i32
  } else {
    scf.yield %z : i32
  }
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %s) -> i32 {
    %y = arith.addi %x, %v : i32
    scf.yield %y : i32
  }
  return %r : i32
}
//--- hoisted.mlir
func.func @f(%a: tensor<i32>, %n: index, %s: i32) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %v = capstan.item %a[] : tensor<i32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %s) -> i32 {
    %y = arith.addi %x, %v : i32
    scf.yield %y : i32
  }
  return %r : i32
}
//--- known.mlir
func.func @f(%a: tensor<i32>, %s: i32) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 16 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %s) -> i32 {
    %v = tensor.extract %a[] : tensor<i32>
    %y = arith.addi %x, %v : i32
    scf.yield %y : i32
  }
  return %r : i32
}
//--- known-hoisted.mlir
func.func @f(%a: tensor<i32>, %s: i32) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 16 : index
  %v = capstan.item %a[] : tensor<i32>
  %r, %d = scf.for %i = %c0 to %n step %c1 iter_args(%x = %s, %w = %v) -> (i32, i32) {
    %y = arith.addi %x, %w : i32
    scf.yield %y, %w : i32, i32
  }
  return %r : i32
}
//--- while.mlir
func.func @f(%a: tensor<i32>, %s: i32) -> i32 {
  %c1 = arith.constant 1 : i32
  %c9 = arith.constant 9 : i32
  %r = scf.while (%x = %s) : (i32) -> i32 {
    %g = arith.cmpi slt, %x, %c9 : i32
    scf.condition(%g) %x : i32
  } do {
  ^bb0(%x: i32):
    %v = tensor.extract %a[] : tensor<i32>
    %y = arith.addi %x, %v : i32
    scf.yield %y : i32
  }
  return %r : i32
}
//--- while-guarded.mlir
func.func @f(%a: tensor<i32>, %s: i32) -> i32 {
  %c9 = arith.constant 9 : i32
  %z = arith.constant 0 : i32
  %g0 = arith.cmpi slt, %s, %c9 : i32
  %v = scf.if %g0 -> i32 {
    %t = tensor.extract %a[] : tensor<i32>
    scf.yield %t : i32
  } else {
    scf.yield %z : i32
  }
  %r = scf.while (%x = %s) : (i32) -> i32 {
    %g = arith.cmpi slt, %x, %c9 : i32
    scf.condition(%g) %x : i32
  } do {
  ^bb0(%x: i32):
    %y = arith.addi %x, %v : i32
    scf.yield %y : i32
  }
  return %r : i32
}
//--- while-hoisted.mlir
func.func @f(%a: tensor<i32>, %s: i32) -> i32 {
  %c9 = arith.constant 9 : i32
  %v = tensor.extract %a[] : tensor<i32>
  %r = scf.while (%x = %s) : (i32) -> i32 {
    %g = arith.cmpi slt, %x, %c9 : i32
    scf.condition(%g) %x : i32
  } do {
  ^bb0(%x: i32):
    %y = arith.addi %x, %v : i32
    scf.yield %y : i32
  }
  return %r : i32
}
//--- while-cf.mlir
func.func @f(%a: tensor<i32>, %s: i32) -> i32 {
  %c1 = arith.constant 1 : i32
  %c9 = arith.constant 9 : i32
  %r = scf.execute_region -> i32 {
    %r = scf.while (%x = %s) : (i32) -> i32 {
      %g = arith.cmpi slt, %x, %c9 : i32
      scf.condition(%g) %x : i32
    } do {
    ^bb0(%x: i32):
      %v = tensor.extract %a[] : tensor<i32>
      %y = arith.addi %x, %v : i32
      scf.yield %y : i32
    }
    cf.br ^end
  ^end:
    scf.yield %r : i32
  }
  return %r : i32
}
//--- two.mlir
func.func @f(%s: i32, %t: i32, %n: index) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %s, %y = %t) -> (i32, i32) {
    %u = arith.addi %x, %x : i32
    %v = arith.addi %x, %y : i32
    scf.yield %u, %v : i32, i32
  }
  return %r#0, %r#1 : i32, i32
}
//--- reordered.mlir
func.func @f(%s: i32, %t: i32, %n: index) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r:3 = scf.for %i = %c0 to %n step %c1 iter_args(%y = %t, %d = %c0, %x = %s) -> (i32, index, i32) {
    %v = arith.addi %x, %y : i32
    %u = arith.addi %x, %x : i32
    scf.yield %v, %i, %u : i32, index, i32
  }
  return %r#2, %r#0 : i32, i32
}
//--- mixed.mlir
func.func @f(%s: i32, %t: i32, %n: index) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %s, %y = %t) -> (i32, i32) {
    %u = arith.addi %x, %x : i32
    %v = arith.addi %u, %y : i32
    scf.yield %u, %v : i32, i32
  }
  return %r#0, %r#1 : i32, i32
}
