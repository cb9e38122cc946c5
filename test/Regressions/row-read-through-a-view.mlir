// A row that is read through a view of what is written is read where it stands, and a row behind the last isn't written.

// RUN: capstan-opt %s --capstan-distribute-rows | FileCheck %s

// CHECK-LABEL: func.func private @kernel_rows(
// CHECK: scf.if
// CHECK: vector.store
// CHECK: gpu.subgroup_reduce
// CHECK: vector.load
// CHECK: scf.if
// CHECK: vector.store
func.func @main(%x: memref<5x64xf32>) -> memref<5x64xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %y = memref.alloc() : memref<5x64xf32>
  scf.forall (%i) in (5) {
    %v = memref.subview %y[%i, 0] [1, 64] [1, 1] : memref<5x64xf32> to memref<1x64xf32, strided<[64, 1], offset: ?>>
    %a = vector.transfer_read %x[%i, %c0], %zero {in_bounds = [true]} : memref<5x64xf32>, vector<64xf32>
    vector.transfer_write %a, %y[%i, %c0] {in_bounds = [true]} : vector<64xf32>, memref<5x64xf32>
    %sum = vector.reduction <add>, %a, %zero : vector<64xf32> into f32
    %all = vector.broadcast %sum : f32 to vector<64xf32>
    %again = vector.transfer_read %v[%c0, %c0], %zero {in_bounds = [true]} : memref<1x64xf32, strided<[64, 1], offset: ?>>, vector<64xf32>
    %r = arith.mulf %all, %again : vector<64xf32>
    vector.transfer_write %r, %y[%i, %c0] {in_bounds = [true]} : vector<64xf32>, memref<5x64xf32>
  } {capstan.rows}
  return %y : memref<5x64xf32>
}
