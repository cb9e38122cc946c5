// RUN: split-file %s %t
// RUN: capstan-verify %t/a.mlir %t/promoted.mlir | FileCheck %s --check-prefix=PROMOTED
// RUN: not capstan-verify %t/a.mlir %t/wrong.mlir | FileCheck %s --check-prefix=WRONG
// RUN: capstan-verify %t/recursive.mlir %t/recursive.mlir | FileCheck %s --check-prefix=OK
// RUN: not capstan-verify %t/recursive.mlir %t/recursive-other.mlir | FileCheck %s --check-prefix=RECURSIVE
// RUN: not capstan-verify %t/a.mlir %t/private.mlir | FileCheck %s --check-prefix=PRIVATE
// RUN: not capstan-verify %t/global.mlir %t/global-other.mlir | FileCheck %s --check-prefix=GLOBAL

// PROMOTED: accepted
// PROMOTED: before: 1 in the text, 2 a forward; after: 1 in the text, 1 a forward
// WRONG: rejected: @f: result #0 differs
// OK: accepted
// RECURSIVE: rejected: @f: result #0 differs
// PRIVATE: rejected: public function @f became private
// GLOBAL: rejected: @f: result #0 differs

//--- a.mlir
func.func private @layer(%x: i32, %l: tensor<i32>) -> i32 {
  %n = capstan.item %l[] : tensor<i32>
  %y = arith.muli %x, %n : i32
  return %y : i32
}
func.func @f(%x: i32, %l: tensor<i32>) -> i32 {
  %0 = call @layer(%x, %l) : (i32, tensor<i32>) -> i32
  %1 = call @layer(%0, %l) : (i32, tensor<i32>) -> i32
  return %1 : i32
}
//--- promoted.mlir
func.func private @layer(%x: i32, %n: i32) -> i32 {
  %y = arith.muli %x, %n : i32
  return %y : i32
}
func.func @f(%x: i32, %l: tensor<i32>) -> i32 {
  %n = capstan.item %l[] : tensor<i32>
  %0 = call @layer(%x, %n) : (i32, i32) -> i32
  %1 = call @layer(%0, %n) : (i32, i32) -> i32
  return %1 : i32
}
//--- wrong.mlir
func.func private @layer(%x: i32, %n: i32) -> i32 {
  %y = arith.muli %x, %n : i32
  return %y : i32
}
func.func @f(%x: i32, %l: tensor<i32>) -> i32 {
  %n = capstan.item %l[] : tensor<i32>
  %0 = call @layer(%x, %n) : (i32, i32) -> i32
  %1 = call @layer(%0, %x) : (i32, i32) -> i32
  return %1 : i32
}
//--- private.mlir
func.func private @f(%x: i32, %l: tensor<i32>) -> i32 {
  return %x : i32
}
//--- recursive.mlir
func.func private @g(%x: i32, %c: i1) -> i32 {
  %r = scf.if %c -> i32 {
    %0 = arith.constant false
    %1 = func.call @g(%x, %0) : (i32, i1) -> i32
    scf.yield %1 : i32
  } else {
    scf.yield %x : i32
  }
  return %r : i32
}
func.func @f(%x: i32, %c: i1) -> i32 {
  %0 = call @g(%x, %c) : (i32, i1) -> i32
  return %0 : i32
}
//--- recursive-other.mlir
func.func private @g(%x: i32, %c: i1) -> i32 {
  %r = scf.if %c -> i32 {
    %0 = arith.constant false
    %1 = func.call @g(%x, %0) : (i32, i1) -> i32
    scf.yield %1 : i32
  } else {
    %2 = arith.addi %x, %x : i32
    scf.yield %2 : i32
  }
  return %r : i32
}
func.func @f(%x: i32, %c: i1) -> i32 {
  %0 = call @g(%x, %c) : (i32, i1) -> i32
  return %0 : i32
}
//--- global.mlir
memref.global "private" constant @g : memref<2xi32> = dense<1>
func.func @f() -> i32 {
  %i = arith.constant 0 : index
  %m = memref.get_global @g : memref<2xi32>
  %x = capstan.item %m[%i] : memref<2xi32>
  return %x : i32
}
//--- global-other.mlir
memref.global "private" constant @g : memref<2xi32> = dense<2>
func.func @f() -> i32 {
  %i = arith.constant 0 : index
  %m = memref.get_global @g : memref<2xi32>
  %x = capstan.item %m[%i] : memref<2xi32>
  return %x : i32
}
