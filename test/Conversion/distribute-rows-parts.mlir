// RUN: capstan-opt %s --capstan-distribute-rows | FileCheck %s

// A thread has the same places of both halves, so that they change places in
// it: here the first 8 elements of the row and the 8 that are 64 behind.
func.func @halves(%x: memref<?x128xbf16>, %n: index) -> memref<?x128xbf16> {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : bf16
  %none = arith.constant dense<0.0> : vector<128xbf16>
  %y = memref.alloc(%n) : memref<?x128xbf16>
  scf.forall (%i) in (%n) {
    %high = vector.transfer_read %x[%i, %c64], %zero {in_bounds = [true]} : memref<?x128xbf16>, vector<64xbf16>
    %neg = arith.negf %high : vector<64xbf16>
    %low = vector.transfer_read %x[%i, %c0], %zero {in_bounds = [true]} : memref<?x128xbf16>, vector<64xbf16>
    %a = vector.insert_strided_slice %neg, %none {offsets = [0], strides = [1]} : vector<64xbf16> into vector<128xbf16>
    %b = vector.insert_strided_slice %low, %a {offsets = [64], strides = [1]} : vector<64xbf16> into vector<128xbf16>
    vector.transfer_write %b, %y[%i, %c0] {in_bounds = [true]} : vector<128xbf16>, memref<?x128xbf16>
  } {capstan.rows}
  return %y : memref<?x128xbf16>
}

// Threads side by side write what lies side by side: four elements each, since
// f32 is the widest. Four of them are 32 bytes that are on their way.
func.func @cast(%x: memref<?x64xbf16>, %n: index) -> memref<?x64xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : bf16
  %y = memref.alloc(%n) : memref<?x64xf32>
  scf.forall (%i) in (%n) {
    %row = vector.transfer_read %x[%i, %c0], %zero {in_bounds = [true]} : memref<?x64xbf16>, vector<64xbf16>
    %wide = arith.extf %row : vector<64xbf16> to vector<64xf32>
    vector.transfer_write %wide, %y[%i, %c0] {in_bounds = [true]} : vector<64xf32>, memref<?x64xf32>
  } {capstan.rows}
  return %y : memref<?x64xf32>
}

// A check of a row is one of the kernel.
func.func @gather(%table: memref<100x64xbf16>, %ids: memref<?xi64>, %n: index) -> memref<?x64xbf16> {
  %c0 = arith.constant 0 : index
  %c100 = arith.constant 100 : index
  %zero = arith.constant 0.0 : bf16
  %y = memref.alloc(%n) : memref<?x64xbf16>
  scf.forall (%i) in (%n) {
    %id = memref.load %ids[%i] : memref<?xi64>
    %at = arith.index_cast %id : i64 to index
    %ok = arith.cmpi ult, %at, %c100 : index
    cf.assert %ok, "out of range"
    %row = vector.transfer_read %table[%at, %c0], %zero {in_bounds = [true]} : memref<100x64xbf16>, vector<64xbf16>
    vector.transfer_write %row, %y[%i, %c0] {in_bounds = [true]} : vector<64xbf16>, memref<?x64xbf16>
  } {capstan.rows}
  return %y : memref<?x64xbf16>
}

// CHECK-LABEL: func.func private @kernel_rows(
// CHECK-SAME: capstan.block = array<i64: 8, 32>
// CHECK: %[[HIGH:.*]] = vector.load {{.*}} {alignment = 16 : i64} : memref<?x128xbf16>, vector<8xbf16>
// CHECK: %[[NEG:.*]] = arith.negf %[[HIGH]] : vector<8xbf16>
// CHECK: %[[LOW:.*]] = vector.load
// CHECK: vector.store %[[NEG]], %[[Y:.*]][%{{.*}}, %{{.*}}] {alignment = 16
// CHECK: vector.store %[[LOW]], %[[Y]]

// CHECK-LABEL: func.func private @kernel_rows_0(
// CHECK-SAME: capstan.block = array<i64: 4, 64>
// CHECK-COUNT-4: vector.load {{.*}} {alignment = 8 : i64} : memref<?x64xbf16>, vector<4xbf16>
// CHECK-COUNT-4: vector.store {{.*}} {alignment = 16 : i64} : memref<?x64xf32>, vector<4xf32>

// CHECK-LABEL: func.func private @kernel_rows_1(
// CHECK: %[[ID:.*]] = memref.load
// CHECK: %[[AT:.*]] = arith.index_cast %[[ID]]
// CHECK: cf.assert
// CHECK: vector.load %{{.*}}[%[[AT]], %{{.*}}] {alignment = 16
