// A terminator of an unknown dialect may write memory: no read moves above it.

// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @f
// CHECK: "foo.br"
// CHECK-COUNT-2: capstan.item
func.func @f(%m: memref<i32>, %c: i1) -> i32 {
  "foo.br"(%c, %m)[^a, ^b] : (i1, memref<i32>) -> ()
^a:
  %x = capstan.item %m[] : memref<i32>
  return %x : i32
^b:
  %y = capstan.item %m[] : memref<i32>
  return %y : i32
}
// CHECK-LABEL: func.func @loop
// CHECK: "foo.br"
// CHECK: capstan.item
func.func @loop(%m: memref<i32>, %c: i1) -> i32 {
  "foo.br"(%m)[^a] : (memref<i32>) -> ()
^a:
  %x = capstan.item %m[] : memref<i32>
  cf.cond_br %c, ^a, ^b
^b:
  return %x : i32
}
