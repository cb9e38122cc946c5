// A read moves to the caller with the loop that it needs: its checks run twice.

// RUN: rm -rf %t && mkdir %t
// RUN: capstan-opt %s --capstan-host-sync-pipeline="coalesce=0 overlap=0 eliminate=0" -o %t/after.mlir
// RUN: FileCheck %s < %t/after.mlir
// RUN: capstan-verify %s %t/after.mlir

// CHECK-LABEL: @layer
// CHECK: scf.for
// CHECK-LABEL: @main
// CHECK: scf.for
// CHECK: capstan.item
func.func private @layer(%t: tensor<?xi32>, %n: index) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : i32
  %0:2 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %c7, %u = %t) -> (i32, tensor<?xi32>) {
    %2 = arith.cmpi sle, %x, %c7 : i32
    cf.assert %2, ""
    %3 = arith.muli %x, %x : i32
    scf.yield %3, %u : i32, tensor<?xi32>
  }
  %1 = tensor.extract %0#1[%c0] : tensor<?xi32>
  return %0#0, %1 : i32, i32
}
func.func @main(%t: tensor<?xi32>, %n: index) -> (i32, i32) {
  %0:2 = call @layer(%t, %n) : (tensor<?xi32>, index) -> (i32, i32)
  return %0#0, %0#1 : i32, i32
}
