// RUN: capstan-opt %s --capstan-distribute-rows | FileCheck %s

// Eight rows of a warp each; a thread has two chunks of four. Rows behind the
// last one are that again, and not written.

// CHECK-LABEL: func.func @sums
// CHECK-SAME: (%[[X:.*]]: memref<?x256xf32>, %[[N:.*]]: index)
// CHECK: capstan.launch @kernel_rows(%[[X]]) extent %[[N]]
func.func @sums(%x: memref<?x256xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  scf.forall (%i) in (%n) {
    %row = vector.transfer_read %x[%i, %c0], %zero {in_bounds = [true]} : memref<?x256xf32>, vector<256xf32>
    %sum = vector.reduction <add>, %row, %zero : vector<256xf32> into f32
    %all = vector.broadcast %sum : f32 to vector<256xf32>
    %y = arith.divf %row, %all : vector<256xf32>
    vector.transfer_write %y, %x[%i, %c0] {in_bounds = [true]} : vector<256xf32>, memref<?x256xf32>
  } {capstan.rows}
  return
}

// A column that isn't a multiple of 16 bytes away isn't aligned.
// CHECK-LABEL: func.func @moved
func.func @moved(%x: memref<16x64xbf16>, %y: memref<16x48xbf16>) {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : bf16
  scf.forall (%i) in (%c16) {
    %row = vector.transfer_read %x[%i, %c3], %zero {in_bounds = [true]} : memref<16x64xbf16>, vector<48xbf16>
    vector.transfer_write %row, %y[%i, %c0] {in_bounds = [true]} : vector<48xbf16>, memref<16x48xbf16>
  } {capstan.rows}
  return
}

// A number of a row is read by its threads, and written where there is a row.
// CHECK-LABEL: func.func @numbers
func.func @numbers(%x: memref<?x64xf32>, %s: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  scf.forall (%i) in (%n) {
    %old = vector.transfer_read %s[%i], %zero : memref<?xf32>, vector<f32>
    %number = vector.extract %old[] : f32 from vector<f32>
    %row = vector.transfer_read %x[%i, %c0], %zero {in_bounds = [true]} : memref<?x64xf32>, vector<64xf32>
    %sum = vector.reduction <maximumf>, %row, %number : vector<64xf32> into f32
    %new = vector.broadcast %sum : f32 to vector<1xf32>
    vector.transfer_write %new, %s[%i] {in_bounds = [true]} : vector<1xf32>, memref<?xf32>
  } {capstan.rows}
  return
}

// Equal loops are one kernel. New memory is distinct from what was there.
// CHECK-LABEL: func.func @equal
// CHECK-COUNT-2: capstan.launch @kernel_rows_2(
func.func @equal(%x: memref<?x32xf32>, %n: index) -> (memref<?x32xf32>, memref<?x32xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %y = memref.alloc(%n) : memref<?x32xf32>
  %z = memref.alloc(%n) : memref<?x32xf32>
  scf.forall (%i) in (%n) {
    %row = vector.transfer_read %x[%i, %c0], %zero {in_bounds = [true]} : memref<?x32xf32>, vector<32xf32>
    vector.transfer_write %row, %y[%i, %c0] {in_bounds = [true]} : vector<32xf32>, memref<?x32xf32>
  } {capstan.rows}
  scf.forall (%i) in (%n) {
    %row = vector.transfer_read %y[%i, %c0], %zero {in_bounds = [true]} : memref<?x32xf32>, vector<32xf32>
    vector.transfer_write %row, %z[%i, %c0] {in_bounds = [true]} : vector<32xf32>, memref<?x32xf32>
  } {capstan.rows}
  return %y, %z : memref<?x32xf32>, memref<?x32xf32>
}

// CHECK: func.func private @kernel_rows(%[[X:.*]]: memref<?x256xf32>, %{{.*}}: index, %[[END:.*]]: index)
// CHECK-SAME: capstan.block = array<i64: 32, 8>, capstan.kernel
// CHECK: %[[BLOCK:.*]] = gpu.block_id x
// CHECK: %[[FIRST:.*]] = arith.muli %[[BLOCK]]
// CHECK: %[[Y:.*]] = gpu.thread_id y
// CHECK: %[[I:.*]] = arith.addi %[[FIRST]], %[[Y]]
// CHECK: %[[IS:.*]] = arith.cmpi ult, %[[I]], %[[END]]
// CHECK: %[[LAST:.*]] = arith.subi %[[END]]
// CHECK: %[[ROW:.*]] = arith.minui %[[I]], %[[LAST]]
// CHECK-COUNT-2: vector.load %[[X]][%[[ROW]], %{{.*}}] {alignment = 16 : i64} : memref<?x256xf32>, vector<4xf32>
// CHECK: arith.addf %{{.*}} : vector<4xf32>
// CHECK: %[[PART:.*]] = vector.reduction <add>, %{{.*}} fastmath<reassoc> : vector<4xf32> into f32
// CHECK: gpu.subgroup_reduce add %[[PART]] : (f32) -> f32
// CHECK: scf.if %[[IS]]
// CHECK-COUNT-2: vector.store %{{.*}}, %[[X]][%[[ROW]]

// CHECK: func.func private @kernel_rows_0
// CHECK-SAME: capstan.block = array<i64: 2, 128>
// CHECK: vector.load {{.*}} {alignment = 2 : i64} : memref<16x64xbf16>, vector<8xbf16>
// CHECK: vector.store {{.*}} {alignment = 16 : i64} : memref<16x48xbf16>, vector<8xbf16>

// CHECK: func.func private @kernel_rows_1(%[[S:.*]]: memref<?xf32>, %{{.*}}: memref<?x64xf32>
// CHECK: %[[IS:.*]] = arith.cmpi ult
// CHECK: memref.load %[[S]][%[[ROW:.*]]]
// CHECK: gpu.subgroup_reduce maximumf %{{.*}} cluster(size = 8)
// CHECK: gpu.barrier
// CHECK: scf.if %[[IS]]
// CHECK: memref.store %{{.*}}, %[[S]][%[[ROW]]]

// CHECK: func.func private @kernel_rows_2(%{{.*}}: memref<?x32xf32> {llvm.noalias}, %{{.*}}: memref<?x32xf32> {llvm.noalias}
