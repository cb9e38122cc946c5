// RUN: capstan-opt %s --capstan-stage-graph-inputs --split-input-file | FileCheck %s

!part = memref<1x?x8xf32, strided<[128, 8, 1]>>

// The wrapper goes; the batch, the number and the result need no buffers.
// CHECK-LABEL: func @batch
// CHECK-SAME: (%[[X:.*]]: memref<1x?x8xf32>, %[[W:.*]]: memref<8x4xf32>, %[[N:.*]]: i64)
// CHECK: %[[ROWS:.*]] = memref.dim %[[X]]
// CHECK-NOT: memref.alloc
// CHECK: capstan.count_padding
// CHECK: %[[Y:.*]] = capstan.call_graph @body(%[[X]], %[[W]], %[[N]], %[[X]]) sizes(%[[ROWS]])
// CHECK-SAME: (memref<1x?x8xf32>, memref<8x4xf32>, i64, memref<1x?x8xf32>) -> memref<1x?x4xf32>
// CHECK-NEXT: return %[[Y]]
// CHECK-NOT: func private @bucket
func.func @batch(%x: memref<1x?x8xf32>, %w: memref<8x4xf32>, %n: i64) -> memref<1x?x4xf32> {
  %c1 = arith.constant 1 : index
  %rows = memref.dim %x, %c1 : memref<1x?x8xf32>
  %p = memref.alloc() : memref<1x16x8xf32>
  %s = memref.subview %p[0, 0, 0] [1, %rows, 8] [1, 1, 1] : memref<1x16x8xf32> to !part
  memref.copy %x, %s : memref<1x?x8xf32> to !part
  capstan.count_padding %n of %n
  %size = memref.alloc() : memref<i64>
  memref.store %n, %size[] : memref<i64>
  %y = call @bucket(%p, %w, %size) : (memref<1x16x8xf32>, memref<8x4xf32>, memref<i64>) -> memref<1x16x4xf32>
  %flat = memref.collapse_shape %y [[0, 1], [2]] : memref<1x16x4xf32> into memref<16x4xf32>
  %live = memref.subview %flat[0, 0] [%rows, 4] [1, 1] : memref<16x4xf32> to memref<?x4xf32, strided<[4, 1]>>
  %again = memref.expand_shape %live [[0, 1], [2]] output_shape [1, %rows, 4]
      : memref<?x4xf32, strided<[4, 1]>> into memref<1x?x4xf32, strided<[?, 4, 1]>>
  %count = memref.dim %again, %c1 : memref<1x?x4xf32, strided<[?, 4, 1]>>
  %z = memref.alloc(%count) : memref<1x?x4xf32>
  memref.copy %again, %z : memref<1x?x4xf32, strided<[?, 4, 1]>> to memref<1x?x4xf32>
  return %z : memref<1x?x4xf32>
}
func.func private @bucket(%p: memref<1x16x8xf32>, %w: memref<8x4xf32>, %n: memref<i64>) -> memref<1x16x4xf32> {
  %y = call @body(%p, %w, %n, %p) {capstan.graph} : (memref<1x16x8xf32>, memref<8x4xf32>, memref<i64>, memref<1x16x8xf32>) -> memref<1x16x4xf32>
  return %y : memref<1x16x4xf32>
}
func.func private @body(%p: memref<1x16x8xf32>, %w: memref<8x4xf32>, %n: memref<i64>, %q: memref<1x16x8xf32>) -> memref<1x16x4xf32> {
  %y = memref.alloc() : memref<1x16x4xf32>
  return %y : memref<1x16x4xf32>
}

// -----

// What changes between, is used again, or doesn't begin the buffer stays.
// CHECK-LABEL: func @kept
// CHECK: %[[P:.*]] = memref.alloc
// CHECK: %[[Q:.*]] = memref.alloc
// CHECK: %[[R:.*]] = memref.alloc
// CHECK: %[[Y:.*]] = capstan.call_graph @body(%[[P]], %[[Q]], %[[R]]) : (memref<16xf32>, memref<16xf32>, memref<16xf32>) -> memref<16xf32>
// CHECK: memref.copy %{{.*}}, %{{.*}} : memref<?xf32, strided<[1], offset: 1>>
func.func @kept(%x: memref<?xf32>, %n: index, %v: f32) -> (memref<?xf32>, memref<16xf32>) {
  %c0 = arith.constant 0 : index
  %p = memref.alloc() : memref<16xf32>
  %ps = memref.subview %p[0] [%n] [1] : memref<16xf32> to memref<?xf32, strided<[1]>>
  memref.copy %x, %ps : memref<?xf32> to memref<?xf32, strided<[1]>>
  memref.store %v, %x[%c0] : memref<?xf32>
  %q = memref.alloc() : memref<16xf32>
  %qs = memref.subview %q[1] [%n] [1] : memref<16xf32> to memref<?xf32, strided<[1], offset: 1>>
  memref.copy %x, %qs : memref<?xf32> to memref<?xf32, strided<[1], offset: 1>>
  %r = memref.alloc() : memref<16xf32>
  %rs = memref.subview %r[0] [%n] [1] : memref<16xf32> to memref<?xf32, strided<[1]>>
  memref.copy %x, %rs : memref<?xf32> to memref<?xf32, strided<[1]>>
  %y = call @body(%p, %q, %r) {capstan.graph} : (memref<16xf32>, memref<16xf32>, memref<16xf32>) -> memref<16xf32>
  %ys = memref.subview %y[1] [%n] [1] : memref<16xf32> to memref<?xf32, strided<[1], offset: 1>>
  %z = memref.alloc(%n) : memref<?xf32>
  memref.copy %ys, %z : memref<?xf32, strided<[1], offset: 1>> to memref<?xf32>
  return %z, %r : memref<?xf32>, memref<16xf32>
}
func.func private @body(%p: memref<16xf32>, %q: memref<16xf32>, %r: memref<16xf32>) -> memref<16xf32> {
  return %p : memref<16xf32>
}

// -----

// Columns are no first elements.
// CHECK-LABEL: func @columns
// CHECK: capstan.call_graph @body(%{{.*}}) : (memref<4x8xf32>) -> memref<4x8xf32>
func.func @columns(%x: memref<4x?xf32>, %n: index) -> memref<4x8xf32> {
  %p = memref.alloc() : memref<4x8xf32>
  %s = memref.subview %p[0, 0] [4, %n] [1, 1] : memref<4x8xf32> to memref<4x?xf32, strided<[8, 1]>>
  memref.copy %x, %s : memref<4x?xf32> to memref<4x?xf32, strided<[8, 1]>>
  %y = call @body(%p) {capstan.graph} : (memref<4x8xf32>) -> memref<4x8xf32>
  return %y : memref<4x8xf32>
}
func.func private @body(%p: memref<4x8xf32>) -> memref<4x8xf32> {
  return %p : memref<4x8xf32>
}
