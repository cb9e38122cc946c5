// RUN: capstan-opt %s --capstan-kernels-to-gpu | FileCheck %s

// A pointer that includes the offset, what the types don't say of sizes and
// strides, scalars, and the number of iterations.

// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: memref<?x8xf32, strided<[?, 1], offset: ?>>, %[[Y:.*]]: memref<4xi64>, %[[S:.*]]: f32, %[[N:.*]]: index)
// CHECK: %[[AT:.*]] = memref.extract_aligned_pointer_as_index %[[X]]
// CHECK: %{{.*}}, %[[OFFSET:.*]], %[[SIZES:.*]]:2, %[[STRIDES:.*]]:2 = memref.extract_strided_metadata %[[X]]
// CHECK: %[[C4:.*]] = arith.constant 4 : index
// CHECK: %[[BYTES:.*]] = arith.muli %[[OFFSET]], %[[C4]]
// CHECK: %[[SUM:.*]] = arith.addi %[[AT]], %[[BYTES]]
// CHECK: %[[INT:.*]] = arith.index_cast %[[SUM]]
// CHECK: %[[P:.*]] = llvm.inttoptr %[[INT]]
// CHECK: %[[SIZE:.*]] = arith.index_cast %[[SIZES]]#0
// CHECK: %[[STRIDE:.*]] = arith.index_cast %[[STRIDES]]#0
// CHECK: %[[Q:.*]] = llvm.inttoptr
// CHECK: %[[EXTENT:.*]] = arith.index_cast %[[N]]
// CHECK: %[[C256:.*]] = arith.constant 256 : index
// CHECK: %[[BLOCKS:.*]] = arith.ceildivui %[[N]], %[[C256]]
// CHECK: gpu.launch_func @kernels::@scale blocks in (%[[BLOCKS]], %{{.*}}) threads in (%[[C256]],
// CHECK-SAME: args(%[[P]] : !llvm.ptr, %[[SIZE]] : i64, %[[STRIDE]] : i64, %[[Q]] : !llvm.ptr, %[[S]] : f32, %[[EXTENT]] : i64) {capstan.bytes = array<f64: 1.000000e+00, 2.000000e+00>}
func.func @main(%x: memref<?x8xf32, strided<[?, 1], offset: ?>>, %y: memref<4xi64>, %s: f32, %n: index) {
  capstan.launch @scale(%x, %y, %s) extent %n : (memref<?x8xf32, strided<[?, 1], offset: ?>>, memref<4xi64>, f32)
  capstan.launch @checked(%y) extent %n : (memref<4xi64>)
  return
}

// The failure record is known to the runtime.
// CHECK: %[[NULL:.*]] = llvm.mlir.zero
// CHECK: %[[ZERO:.*]] = llvm.mlir.constant(0 : i64)
// CHECK: gpu.launch_func @kernels::@checked
// CHECK-SAME: args(%[[NULL]] : !llvm.ptr, %[[ZERO]] : i64, %

// CHECK: gpu.module @kernels
// CHECK: gpu.func @scale(%[[X:.*]]: !llvm.ptr {llvm.noalias}, %{{.*}}: i64, %{{.*}}: i64, %{{.*}}: !llvm.ptr, %[[S:.*]]: f32, %[[N:.*]]: i64) kernel
// CHECK-SAME: known_block_size = array<i32: 256, 1, 1>
// CHECK: %[[VIEW:.*]] = builtin.unrealized_conversion_cast {{.*}} to memref<?x8xf32
// CHECK: %[[I:.*]] = gpu.global_id x
// CHECK: %[[NEXT:.*]] = arith.addi %[[I]]
// CHECK: %[[END:.*]] = arith.index_cast %[[N]]
// CHECK: %[[WORKS:.*]] = arith.cmpi slt, %[[I]], %[[END]]
// CHECK: cf.cond_br %[[WORKS]]
// CHECK: memref.store %[[S]], %[[VIEW]][%[[I]],
// CHECK: gpu.return
func.func private @scale(%x: memref<?x8xf32, strided<[?, 1], offset: ?>> {llvm.noalias}, %y: memref<4xi64>, %s: f32, %begin: index, %end: index) attributes {capstan.bytes = array<f64: 1.0, 2.0>, capstan.kernel} {
  %c0 = arith.constant 0 : index
  memref.store %s, %x[%begin, %c0] : memref<?x8xf32, strided<[?, 1], offset: ?>>
  return
}

// Nothing is done after a failure but reads at places that are known. The first
// check that fails leaves its code, also at the record's mirror.
// CHECK: gpu.func @checked(%[[RECORD:.*]]: !llvm.ptr, %[[CODE:.*]]: i64, %{{.*}}: !llvm.ptr, %{{.*}}: i64) kernel
// CHECK-SAME: capstan.checks = [{location = {{.*}}, message = "first"}, {location = {{.*}}, message = "second"}]
// CHECK: %[[WORD:.*]] = llvm.load %[[RECORD]] : !llvm.ptr -> i64
// CHECK: %[[FREE:.*]] = llvm.icmp "eq" %[[WORD]]
// CHECK: cf.cond_br
// CHECK: memref.load
// CHECK: %[[GOOD:.*]] = arith.andi %{{.*}}, %[[FREE]]
// CHECK: cf.cond_br %[[GOOD]]
// CHECK: llvm.mlir.constant(1 : i64)
// CHECK: %[[SECOND:.*]] = llvm.add %[[CODE]]
// CHECK: %[[SWAP:.*]] = llvm.cmpxchg %[[RECORD]], %{{.*}}, %[[SECOND]] monotonic monotonic
// CHECK: %[[FIRST:.*]] = llvm.extractvalue %[[SWAP]][1]
// CHECK: cf.cond_br %[[FIRST]]
// CHECK: %[[AT:.*]] = llvm.getelementptr %[[RECORD]][1]
// CHECK: %[[MIRROR:.*]] = llvm.load %[[AT]] : !llvm.ptr -> !llvm.ptr
// CHECK: llvm.store volatile %[[SECOND]], %[[MIRROR]]
func.func private @checked(%y: memref<4xi64>, %begin: index, %end: index) attributes {capstan.kernel} {
  %c0 = arith.constant 0 : i64
  %v = memref.load %y[%begin] : memref<4xi64>
  %a = arith.cmpi sge, %v, %c0 : i64
  cf.assert %a, "first"
  %b = arith.cmpi ne, %v, %c0 : i64
  cf.assert %b, "second"
  return
}

// An index is an i64.
// CHECK: gpu.func @counts(%{{.*}}: !llvm.ptr, %[[K:.*]]: i64, %{{.*}}: i64) kernel
// CHECK: %[[INDEX:.*]] = arith.index_cast %[[K]] : i64 to index
// CHECK: memref.store %[[INDEX]],
func.func @count(%x: memref<4xindex>, %k: index, %n: index) {
  capstan.launch @counts(%x, %k) extent %n : (memref<4xindex>, index)
  return
}
func.func private @counts(%x: memref<4xindex>, %k: index, %begin: index, %end: index) attributes {capstan.kernel} {
  memref.store %k, %x[%begin] : memref<4xindex>
  return
}

// Rows have 128 registers a thread.
// CHECK: gpu.func @rows
// CHECK-SAME: known_block_size = array<i32: 16, 8, 1>, nvvm.minctasm = 4 : i32
func.func private @rows(%x: memref<4xf32>, %begin: index, %end: index) attributes {capstan.block = array<i64: 16, 8>, capstan.kernel} {
  return
}
