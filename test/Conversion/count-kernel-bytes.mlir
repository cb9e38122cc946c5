// RUN: capstan-opt %s --capstan-count-kernel-bytes | FileCheck %s

// A row is 64 elements of 2 bytes, read and written; the weights are read once.
// CHECK: func.func private @rows({{.*}}capstan.bytes = array<f64: 1.280000e+02, 2.560000e+02>
func.func private @rows(%x: memref<?x64xbf16>, %w: memref<64xbf16>, %y: memref<?x64xbf16>, %begin: index, %end: index) attributes {capstan.block = array<i64: 8, 32>, capstan.kernel} {
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c32 = arith.constant 32 : index
  %block = gpu.block_id x
  %first = arith.muli %block, %c32 : index
  %in_block = gpu.thread_id y
  %row = arith.addi %first, %in_block : index
  %is_row = arith.cmpi ult, %row, %end : index
  %last = arith.subi %end, %c1 : index
  %some = arith.minui %row, %last : index
  %thread = gpu.thread_id x
  %lane = arith.muli %thread, %c8 : index
  %a = vector.load %x[%some, %lane] : memref<?x64xbf16>, vector<8xbf16>
  %again = vector.load %x[%some, %lane] : memref<?x64xbf16>, vector<8xbf16>
  %b = vector.load %w[%lane] : memref<64xbf16>, vector<8xbf16>
  %c = arith.mulf %a, %b : vector<8xbf16>
  %d = arith.mulf %c, %again : vector<8xbf16>
  scf.if %is_row {
    vector.store %d, %y[%some, %lane] : memref<?x64xbf16>, vector<8xbf16>
  }
  return
}

// A head of 128 bytes is read and written. Sixteen share a row of the table, also of
// 128, and the 4 bytes of the position that picks it.
// CHECK: func.func private @heads({{.*}}capstan.bytes = array<f64: 0.000000e+00, 2.642500e+02>
func.func private @heads(%x: memref<?x16x32xf32>, %table: memref<?x32xf32>, %at: memref<?xi32>, %y: memref<?x16x32xf32>, %begin: index, %end: index) attributes {capstan.block = array<i64: 8, 32>, capstan.kernel} {
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %block = gpu.block_id x
  %first = arith.muli %block, %c32 : index
  %in_block = gpu.thread_id y
  %i = arith.addi %first, %in_block : index
  %token = arith.divui %i, %c16 : index
  %head = arith.remui %i, %c16 : index
  %thread = gpu.thread_id x
  %lane = arith.muli %thread, %c4 : index
  %position = memref.load %at[%token] : memref<?xi32>
  %row = arith.index_cast %position : i32 to index
  %a = vector.load %x[%token, %head, %lane] : memref<?x16x32xf32>, vector<4xf32>
  %b = vector.load %table[%row, %lane] : memref<?x32xf32>, vector<4xf32>
  %c = arith.mulf %a, %b : vector<4xf32>
  vector.store %c, %y[%token, %head, %lane] : memref<?x16x32xf32>, vector<4xf32>
  return
}

// A thread for each result: 8 of a row of a, which four share, and 4 bytes written; of b
// what has been read once.
// CHECK: func.func private @product({{.*}}capstan.bytes = array<f64: 1.280000e+02, 1.200000e+01>
func.func private @product(%a: memref<?x12xf32>, %b: memref<12x4xf32>, %c: memref<?x4xf32>, %begin: index, %end: index) attributes {capstan.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %begin to %end step %c1 {
    %row = arith.divui %i, %c4 : index
    %column = arith.remui %i, %c4 : index
    scf.for %k = %c0 to %c8 step %c1 {
      %x = memref.load %a[%row, %k] : memref<?x12xf32>
      %y = memref.load %b[%k, %column] : memref<12x4xf32>
      %z = arith.mulf %x, %y : f32
      memref.store %z, %c[%row, %column] : memref<?x4xf32>
    }
  }
  return
}

// CHECK: func.func private @unknown(%{{.*}}) attributes {capstan.kernel}
func.func private @unknown(%x: memref<?xf32>, %n: index, %begin: index, %end: index) attributes {capstan.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %begin to %end step %c1 {
    scf.for %k = %c0 to %n step %c1 {
      %y = memref.load %x[%k] : memref<?xf32>
      memref.store %y, %x[%i] : memref<?xf32>
    }
  }
  return
}

// CHECK: func.func private @either(%{{.*}}) attributes {capstan.kernel}
func.func private @either(%x: memref<?xf32>, %y: memref<?xf32>, %z: memref<?xf32>, %which: i1, %begin: index, %end: index) attributes {capstan.kernel} {
  %c1 = arith.constant 1 : index
  scf.for %i = %begin to %end step %c1 {
    %v = scf.if %which -> f32 {
      %a = memref.load %x[%i] : memref<?xf32>
      scf.yield %a : f32
    } else {
      %b = memref.load %y[%i] : memref<?xf32>
      scf.yield %b : f32
    }
    memref.store %v, %z[%i] : memref<?xf32>
  }
  return
}
