// RUN: capstan-opt %s --capstan-merge-launches | FileCheck %s

// Launches that stay two.

// The next one writes what the one before it reads.
// CHECK-LABEL: func.func @dependent
// CHECK: capstan.launch @f(
// CHECK: capstan.launch @f(

// A check, and a write of what the first one reads, in between.
// CHECK-LABEL: func.func @between
// CHECK: capstan.launch @f(
// CHECK: cf.assert
// CHECK: capstan.launch @g(
// CHECK: memref.copy
// CHECK: capstan.launch @f(

// CHECK-LABEL: func.func @others
// CHECK: capstan.launch @f(
// CHECK: capstan.launch @wide(
// CHECK: capstan.launch @f(
// CHECK: capstan.launch @f(
// CHECK: capstan.launch @f(

func.func private @f(%x: memref<64x8xf32> {llvm.noalias}, %y: memref<64x8xf32> {llvm.noalias}, %begin: index, %end: index) attributes {capstan.kernel, capstan.block = array<i64: 2, 8>} {
  %c0 = arith.constant 0 : index
  %row = gpu.block_id x
  %a = vector.load %x[%row, %c0] : memref<64x8xf32>, vector<4xf32>
  %is = arith.cmpi ult, %row, %end : index
  scf.if %is {
    vector.store %a, %y[%row, %c0] : memref<64x8xf32>, vector<4xf32>
  }
  return
}
func.func private @g(%x: memref<64x8xf32>, %y: memref<24x8xf32>, %begin: index, %end: index) attributes {capstan.kernel, capstan.block = array<i64: 2, 8>} {
  %c0 = arith.constant 0 : index
  %row = gpu.block_id x
  %a = vector.load %x[%row, %c0] : memref<64x8xf32>, vector<4xf32>
  vector.store %a, %y[%row, %c0] : memref<24x8xf32>, vector<4xf32>
  return
}
func.func private @wide(%x: memref<64x8xf32>, %y: memref<64x8xf32>, %begin: index, %end: index) attributes {capstan.kernel, capstan.block = array<i64: 32, 8>} {
  return
}

func.func @dependent(%x: memref<64x8xf32>) {
  %c64 = arith.constant 64 : index
  %y = memref.alloc() : memref<64x8xf32>
  capstan.launch @f(%x, %y) extent %c64 : (memref<64x8xf32>, memref<64x8xf32>)
  capstan.launch @f(%y, %x) extent %c64 : (memref<64x8xf32>, memref<64x8xf32>)
  return
}

func.func @between(%x: memref<64x8xf32>, %ok: i1, %p: memref<64x8xf32>, %q: memref<24x8xf32>) {
  %c24 = arith.constant 24 : index
  %c64 = arith.constant 64 : index
  %y = memref.alloc() : memref<64x8xf32>
  %z = memref.alloc() : memref<24x8xf32>
  %v = memref.alloc() : memref<64x8xf32>
  capstan.launch @f(%x, %y) extent %c64 : (memref<64x8xf32>, memref<64x8xf32>)
  cf.assert %ok, "no"
  capstan.launch @g(%x, %z) extent %c24 : (memref<64x8xf32>, memref<24x8xf32>)
  memref.copy %p, %x : memref<64x8xf32> to memref<64x8xf32>
  capstan.launch @f(%x, %v) extent %c64 : (memref<64x8xf32>, memref<64x8xf32>)
  return
}

// Other blocks of threads, a number that isn't known, and too many rows.
func.func @others(%x: memref<64x8xf32>, %n: index) {
  %c64 = arith.constant 64 : index
  %many = arith.constant 40000 : index
  %y = memref.alloc() : memref<64x8xf32>
  %z = memref.alloc() : memref<64x8xf32>
  %v = memref.alloc() : memref<64x8xf32>
  %w = memref.alloc() : memref<64x8xf32>
  %u = memref.alloc() : memref<64x8xf32>
  capstan.launch @f(%x, %y) extent %n : (memref<64x8xf32>, memref<64x8xf32>)
  capstan.launch @wide(%x, %z) extent %c64 : (memref<64x8xf32>, memref<64x8xf32>)
  capstan.launch @f(%x, %v) extent %many : (memref<64x8xf32>, memref<64x8xf32>)
  capstan.launch @f(%x, %w) extent %many : (memref<64x8xf32>, memref<64x8xf32>)
  capstan.launch @f(%x, %u) extent %n : (memref<64x8xf32>, memref<64x8xf32>)
  return
}
