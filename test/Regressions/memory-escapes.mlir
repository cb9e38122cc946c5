// Views, selects, block arguments, yields, stores of a memref: a write through any
// of them counts.

// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @sub
// CHECK-COUNT-2: capstan.item
func.func @sub(%k: i32) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %m = memref.alloc() : memref<4xi32>
  %s = memref.subview %m[1][2][1] : memref<4xi32> to memref<2xi32, strided<[1], offset: 1>>
  %a = capstan.item %s[%c0] : memref<2xi32, strided<[1], offset: 1>>
  memref.store %k, %m[%c0] : memref<4xi32>
  %b = capstan.item %s[%c0] : memref<2xi32, strided<[1], offset: 1>>
  return %a, %b : i32, i32
}
// CHECK-LABEL: func.func @reint
// CHECK-COUNT-2: capstan.item
func.func @reint(%k: i32) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %m = memref.alloc() : memref<4xi32>
  %base, %off, %sz, %st = memref.extract_strided_metadata %m : memref<4xi32> -> memref<i32>, index, index, index
  %a = capstan.item %m[%c0] : memref<4xi32>
  memref.store %k, %base[] : memref<i32>
  %b = capstan.item %m[%c0] : memref<4xi32>
  return %a, %b : i32, i32
}
// CHECK-LABEL: func.func @selectm
// CHECK-COUNT-2: capstan.item
func.func @selectm(%k: i32, %c: i1) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %m = memref.alloc() : memref<4xi32>
  %n = memref.alloc() : memref<4xi32>
  %x = arith.select %c, %m, %n : memref<4xi32>
  %a = capstan.item %m[%c0] : memref<4xi32>
  memref.store %k, %x[%c0] : memref<4xi32>
  %b = capstan.item %m[%c0] : memref<4xi32>
  return %a, %b : i32, i32
}
// CHECK-LABEL: func.func @ifm
// CHECK-COUNT-2: capstan.item
func.func @ifm(%k: i32, %c: i1) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %m = memref.alloc() : memref<4xi32>
  %n = memref.alloc() : memref<4xi32>
  %x = scf.if %c -> memref<4xi32> { scf.yield %m : memref<4xi32> } else { scf.yield %n : memref<4xi32> }
  %a = capstan.item %m[%c0] : memref<4xi32>
  memref.store %k, %x[%c0] : memref<4xi32>
  %b = capstan.item %m[%c0] : memref<4xi32>
  return %a, %b : i32, i32
}
// CHECK-LABEL: func.func @brm
// CHECK-COUNT-2: capstan.item
func.func @brm(%k: i32, %c: i1) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %m = memref.alloc() : memref<4xi32>
  %a = capstan.item %m[%c0] : memref<4xi32>
  cf.br ^b(%m : memref<4xi32>)
^b(%x: memref<4xi32>):
  memref.store %k, %x[%c0] : memref<4xi32>
  %b = capstan.item %m[%c0] : memref<4xi32>
  return %a, %b : i32, i32
}
// CHECK-LABEL: func.func @mm
// CHECK-COUNT-2: capstan.item
func.func @mm(%k: i32, %mm: memref<memref<4xi32>>) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %m = memref.alloc() : memref<4xi32>
  memref.store %m, %mm[] : memref<memref<4xi32>>
  %a = capstan.item %m[%c0] : memref<4xi32>
  %y = memref.load %mm[] : memref<memref<4xi32>>
  memref.store %k, %y[%c0] : memref<4xi32>
  %b = capstan.item %m[%c0] : memref<4xi32>
  return %a, %b : i32, i32
}
