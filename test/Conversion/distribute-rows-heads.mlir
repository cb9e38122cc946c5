// RUN: capstan-opt %s --capstan-distribute-rows --cse | FileCheck %s

// A head is aligned in a row of heads.
func.func @heads(%x: memref<?x512xbf16>, %n: index) -> memref<?x4x128xbf16> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : bf16
  %y = memref.alloc(%n) : memref<?x4x128xbf16>
  scf.forall (%i, %h) in (%n, 4) {
    %at = affine.linearize_index [%h, %c0] by (4, 128) : index
    %row = vector.transfer_read %x[%i, %at], %zero {in_bounds = [true]} : memref<?x512xbf16>, vector<128xbf16>
    vector.transfer_write %row, %y[%i, %h, %c0] {in_bounds = [true]} : vector<128xbf16>, memref<?x4x128xbf16>
  } {capstan.rows}
  return %y : memref<?x4x128xbf16>
}

// So is one behind others, at a multiple of 16 bytes. Blocks of 32 rows have no
// rest here: each thread has a row.
func.func @heads_behind(%x: memref<64x1024xbf16>) -> memref<64x4x128xbf16> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : bf16
  %y = memref.alloc() : memref<64x4x128xbf16>
  scf.forall (%i, %h) in (64, 4) {
    %head = affine.linearize_index [%h, %c0] by (4, 128) : index
    %at = affine.apply affine_map<()[s0] -> (s0 + 512)>()[%head]
    %row = vector.transfer_read %x[%i, %at], %zero {in_bounds = [true]} : memref<64x1024xbf16>, vector<128xbf16>
    vector.transfer_write %row, %y[%i, %h, %c0] {in_bounds = [true]} : vector<128xbf16>, memref<64x4x128xbf16>
  } {capstan.rows}
  return %y : memref<64x4x128xbf16>
}

// Two heads of a token have the same threads, which read what is the same for
// both once, and all that they read first.
// CHECK-LABEL: func.func @tables
// CHECK: %[[C3:.*]] = arith.constant 3 : index
// CHECK: %[[PAIRS:.*]] = arith.muli %{{.*}}, %[[C3]]
// CHECK: capstan.launch @kernel_rows_1({{.*}}) extent %[[PAIRS]]
func.func @tables(%x: memref<?x6x64xf32>, %cos: memref<?x64xf32>, %n: index) -> memref<?x6x64xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %y = memref.alloc(%n) : memref<?x6x64xf32>
  scf.forall (%i, %h) in (%n, 6) {
    %row = vector.transfer_read %x[%i, %h, %c0], %zero {in_bounds = [true]} : memref<?x6x64xf32>, vector<64xf32>
    %sum = vector.reduction <add>, %row, %zero : vector<64xf32> into f32
    %all = vector.broadcast %sum : f32 to vector<64xf32>
    %table = vector.transfer_read %cos[%i, %c0], %zero {in_bounds = [true]} : memref<?x64xf32>, vector<64xf32>
    %r = arith.mulf %all, %table : vector<64xf32>
    vector.transfer_write %r, %y[%i, %h, %c0] {in_bounds = [true]} : vector<64xf32>, memref<?x6x64xf32>
  } {capstan.rows}
  return %y : memref<?x6x64xf32>
}

// An odd number of heads.
func.func @odd(%x: memref<?x3x64xf32>, %n: index) -> memref<?x3x64xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %y = memref.alloc(%n) : memref<?x3x64xf32>
  scf.forall (%i, %h) in (%n, 3) {
    %row = vector.transfer_read %x[%i, %h, %c0], %zero {in_bounds = [true]} : memref<?x3x64xf32>, vector<64xf32>
    vector.transfer_write %row, %y[%i, %h, %c0] {in_bounds = [true]} : vector<64xf32>, memref<?x3x64xf32>
  } {capstan.rows}
  return %y : memref<?x3x64xf32>
}

// CHECK-LABEL: func.func private @kernel_rows(
// CHECK: vector.load {{.*}} {alignment = 16 : i64} : memref<?x512xbf16>, vector<8xbf16>

// CHECK-LABEL: func.func private @kernel_rows_0(
// CHECK-NOT: arith.cmpi
// CHECK-COUNT-4: vector.load {{.*}} {alignment = 16 : i64} : memref<64x1024xbf16>, vector<8xbf16>
// CHECK-NOT: scf.if
// CHECK: return

// CHECK-LABEL: func.func private @kernel_rows_1(
// CHECK-SAME: %[[X:.*]]: memref<?x6x64xf32> {llvm.noalias}, %[[COS:.*]]: memref<?x64xf32> {llvm.noalias}
// CHECK: %[[PAIR:.*]] = arith.remui
// CHECK: %[[TOKEN:.*]] = arith.divui
// CHECK: %[[FIRST:.*]] = arith.muli %[[PAIR]]
// CHECK: %[[SECOND:.*]] = arith.addi %[[FIRST]]
// CHECK-COUNT-2: vector.load %[[X]][%[[TOKEN]], %[[FIRST]],
// CHECK-COUNT-2: vector.load %[[X]][%[[TOKEN]], %[[SECOND]],
// CHECK-COUNT-2: vector.load %[[COS]][%[[TOKEN]],
// CHECK-NOT: vector.load
// CHECK-COUNT-2: gpu.subgroup_reduce
// CHECK-COUNT-4: vector.store
// CHECK: return

// CHECK-LABEL: func.func private @kernel_rows_2(
// CHECK-COUNT-2: vector.load
// CHECK-NOT: vector.load
