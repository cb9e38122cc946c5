// RUN: capstan-opt %s --capstan-distribute-rows | FileCheck %s

// What is read behind a sum is read before it, behind a write of another
// buffer too. Rows behind the last one are written as it is.
func.func @norm(%x: memref<?x64xf32>, %w: memref<64xf32>, %n: index) -> (memref<?x64xf32>, memref<?x64xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %h = memref.alloc(%n) : memref<?x64xf32>
  %y = memref.alloc(%n) : memref<?x64xf32>
  scf.forall (%i) in (%n) {
    %row = vector.transfer_read %x[%i, %c0], %zero {in_bounds = [true]} : memref<?x64xf32>, vector<64xf32>
    %twice = arith.addf %row, %row : vector<64xf32>
    vector.transfer_write %twice, %h[%i, %c0] {in_bounds = [true]} : vector<64xf32>, memref<?x64xf32>
    %sum = vector.reduction <add>, %twice, %zero : vector<64xf32> into f32
    %all = vector.broadcast %sum : f32 to vector<64xf32>
    %scale = vector.transfer_read %w[%c0], %zero {in_bounds = [true]} : memref<64xf32>, vector<64xf32>
    %r = arith.mulf %all, %scale : vector<64xf32>
    vector.transfer_write %r, %y[%i, %c0] {in_bounds = [true]} : vector<64xf32>, memref<?x64xf32>
  } {capstan.rows}
  return %h, %y : memref<?x64xf32>, memref<?x64xf32>
}

// A row that is written in its place is read where it was.
func.func @place(%x: memref<?x64xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  scf.forall (%i) in (%n) {
    %row = vector.transfer_read %x[%i, %c0], %zero {in_bounds = [true]} : memref<?x64xf32>, vector<64xf32>
    %twice = arith.addf %row, %row : vector<64xf32>
    vector.transfer_write %twice, %x[%i, %c0] {in_bounds = [true]} : vector<64xf32>, memref<?x64xf32>
    %sum = vector.reduction <add>, %twice, %zero : vector<64xf32> into f32
    %all = vector.broadcast %sum : f32 to vector<64xf32>
    %again = vector.transfer_read %x[%i, %c0], %zero {in_bounds = [true]} : memref<?x64xf32>, vector<64xf32>
    %r = arith.mulf %all, %again : vector<64xf32>
    vector.transfer_write %r, %x[%i, %c0] {in_bounds = [true]} : vector<64xf32>, memref<?x64xf32>
  } {capstan.rows}
  return
}

// CHECK-LABEL: func.func private @kernel_rows(
// CHECK-SAME: %[[X:.*]]: memref<?x64xf32> {llvm.noalias}, %[[H:.*]]: memref<?x64xf32> {llvm.noalias}, %[[W:.*]]: memref<64xf32> {llvm.noalias}
// CHECK: arith.minui
// CHECK-NOT: scf.if
// CHECK: vector.load %[[X]]
// CHECK: vector.store %{{.*}}, %[[H]]
// CHECK: vector.load %[[W]]
// CHECK: gpu.subgroup_reduce
// CHECK-NOT: vector.load
// CHECK: vector.store
// CHECK: return

// CHECK-LABEL: func.func private @kernel_rows_0(
// CHECK: scf.if
// CHECK: vector.store
// CHECK: gpu.subgroup_reduce
// CHECK: vector.load
// CHECK: scf.if
// CHECK: vector.store

// A row that an index picks stays behind the check of it.
func.func @checked(%x: memref<?x64xf32>, %table: memref<9x64xf32>, %ids: memref<?xindex>, %n: index) -> memref<?x64xf32> {
  %c0 = arith.constant 0 : index
  %c9 = arith.constant 9 : index
  %zero = arith.constant 0.0 : f32
  %y = memref.alloc(%n) : memref<?x64xf32>
  scf.forall (%i) in (%n) {
    %at = memref.load %ids[%i] : memref<?xindex>
    %row = vector.transfer_read %x[%i, %c0], %zero {in_bounds = [true]} : memref<?x64xf32>, vector<64xf32>
    %sum = vector.reduction <add>, %row, %zero : vector<64xf32> into f32
    %all = vector.broadcast %sum : f32 to vector<64xf32>
    %ok = arith.cmpi ult, %at, %c9 : index
    cf.assert %ok, "out of range"
    %picked = vector.transfer_read %table[%at, %c0], %zero {in_bounds = [true]} : memref<9x64xf32>, vector<64xf32>
    %r = arith.mulf %all, %picked : vector<64xf32>
    vector.transfer_write %r, %y[%i, %c0] {in_bounds = [true]} : vector<64xf32>, memref<?x64xf32>
  } {capstan.rows}
  return %y : memref<?x64xf32>
}

// CHECK-LABEL: func.func private @kernel_rows_1(
// CHECK: gpu.subgroup_reduce
// CHECK: cf.assert
// CHECK: vector.load {{.*}} : memref<9x64xf32>
