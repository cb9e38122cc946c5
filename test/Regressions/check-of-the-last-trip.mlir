// A check behind a loop goes, since the last trip made it.

// RUN: rm -rf %t && mkdir %t
// RUN: capstan-opt %s --capstan-host-sync-pipeline="coalesce=0 overlap=0 eliminate=0" -o %t/after.mlir
// RUN: FileCheck %s < %t/after.mlir
// RUN: capstan-verify %s %t/after.mlir

// CHECK: cf.assert
// CHECK-NOT: cf.assert
func.func @main(%first: tensor<?xi32>, %second: tensor<?xi32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : i32
  cf.br ^loop(%c0, %first : index, tensor<?xi32>)
^loop(%i: index, %t: tensor<?xi32>):
  %0 = tensor.extract %t[%c0] : tensor<?xi32>
  %1 = arith.cmpi sle, %0, %c5 : i32
  cf.assert %1, "in the loop"
  %2 = arith.cmpi slt, %i, %n : index
  cf.cond_br %2, ^body, ^end
^body:
  %3 = arith.addi %i, %c1 : index
  cf.br ^loop(%3, %second : index, tensor<?xi32>)
^end:
  %4 = arith.cmpi sle, %0, %c5 : i32
  cf.assert %4, "behind it"
  return
}
