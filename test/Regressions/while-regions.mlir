// Both regions of a loop start with the memory that neither has seen.

// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @f
// CHECK: scf.while
// CHECK: capstan.item
// CHECK: memref.store
// CHECK: } do {
// CHECK: capstan.item
func.func @f(%m: memref<i32>, %k: i32) -> (i32) {
  %c0 = arith.constant 0 : i32
  %r = scf.while (%i = %c0) : (i32) -> i32 {
    %a = capstan.item %m[] : memref<i32>
    memref.store %k, %m[] : memref<i32>
    %c = arith.cmpi slt, %i, %a : i32
    scf.condition(%c) %i : i32
  } do {
  ^bb0(%i: i32):
    %b = capstan.item %m[] : memref<i32>
    %n = arith.addi %i, %b : i32
    scf.yield %n : i32
  }
  return %r : i32
}
