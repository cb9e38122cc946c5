// A read of no use after a loop goes, and with it the only use of the loop's storage there: nobody has written it.

// RUN: rm -rf %t && mkdir %t
// RUN: capstan-opt %s --capstan-host-sync-pipeline="coalesce=0 overlap=0 eliminate=0" -o %t/after.mlir
// RUN: FileCheck %s < %t/after.mlir
// RUN: capstan-verify %s %t/after.mlir

// CHECK-LABEL: @main
// CHECK-NOT: capstan.item
func.func @main(%size: index, %more: i1) {
  %c1 = arith.constant 1 : index
  cf.br ^loop(%size : index)
^loop(%n: index):
  %0 = memref.alloc(%n) : memref<?xi32>
  cf.cond_br %more, ^body, ^end
^body:
  cf.br ^loop(%n : index)
^end:
  %1 = memref.load %0[%c1] : memref<?xi32>
  return
}
