// RUN: capstan-opt %s --capstan-contiguous-operands | FileCheck %s

// CHECK-LABEL: func.func @columns(
// CHECK-SAME: %[[A:.*]]: memref<?x4xf32, strided<[1, ?]>>, %[[B:.*]]: memref<4x2xf32, strided<[8, 1]>>, %[[C:.*]]: memref<?x2xf32, strided<[?, ?], offset: ?>>
// CHECK: %[[NA:.*]] = memref.dim %[[A]]
// CHECK: %[[CA:.*]] = memref.alloc(%[[NA]]) : memref<?x4xf32>
// CHECK: memref.copy %[[A]], %[[CA]]
// CHECK: %[[CC:.*]] = memref.alloc(%{{.*}}) : memref<?x2xf32>
// CHECK: memref.copy %[[C]], %[[CC]]
// CHECK: capstan.gemm ins(%[[CA]], %[[B]] : {{.*}}) outs(%[[CC]] : memref<?x2xf32>)
// CHECK: memref.copy %[[CC]], %[[C]]
// CHECK: memref.dealloc %[[CC]]
// CHECK: memref.dealloc %[[CA]]
func.func @columns(%a: memref<?x4xf32, strided<[1, ?]>>, %b: memref<4x2xf32, strided<[8, 1]>>,
                   %c: memref<?x2xf32, strided<[?, ?], offset: ?>>) {
  capstan.gemm ins(%a, %b : memref<?x4xf32, strided<[1, ?]>>, memref<4x2xf32, strided<[8, 1]>>)
      outs(%c : memref<?x2xf32, strided<[?, ?], offset: ?>>) {accumulate}
  return
}

// Rows of one element are contiguous.
// CHECK-LABEL: func.func @one_column(
// CHECK-NOT: memref.alloc
// CHECK: return
func.func @one_column(%a: memref<3x4xf32>, %b: memref<4x1xf32, strided<[8, 8]>>, %c: memref<3x1xf32>) {
  capstan.gemm ins(%a, %b : memref<3x4xf32>, memref<4x1xf32, strided<[8, 8]>>) outs(%c : memref<3x1xf32>)
  return
}

// Whoever calls wants rows one after the other.
// CHECK-LABEL: func.func @slice(
// CHECK: %[[S:.*]] = memref.subview
// CHECK: %[[N:.*]] = memref.dim %[[S]]
// CHECK: %[[COPY:.*]] = memref.alloc(%[[N]], %{{.*}}) : memref<?x?x4xf32>
// CHECK: memref.copy %[[S]], %[[COPY]] : memref<?x?x4xf32, strided<[?, 4, 1]>> to memref<?x?x4xf32>
// CHECK: return %[[COPY]]
func.func @slice(%n: index, %k: index) -> memref<?x?x4xf32> {
  %m = memref.alloc(%n, %n) : memref<?x?x4xf32>
  %s = memref.subview %m[0, 0, 0] [%n, %k, 4] [1, 1, 1] : memref<?x?x4xf32> to memref<?x?x4xf32, strided<[?, 4, 1]>>
  %c = memref.cast %s : memref<?x?x4xf32, strided<[?, 4, 1]>> to memref<?x?x4xf32>
  return %c : memref<?x?x4xf32>
}

// Attention takes tokens of q, k and v that are apart, as projections in one tensor are, but no others.
// CHECK-LABEL: func.func @attention(
// CHECK-SAME: %[[Q:[^:]*]]: {{[^,]*}}, {{.*}}: memref<?x2x8xf32, strided<[64, 16, 1]>>
// CHECK: memref.copy
// CHECK: capstan.varlen_attention ins(%[[Q]],
// CHECK-NOT: memref.copy
// CHECK: memref.dealloc
func.func @attention(%q: memref<?x4x8xf32, strided<[64, 8, 1]>>, %k: memref<?x2x8xf32, strided<[64, 16, 1]>>,
                     %v: memref<?x2x8xf32>, %cu: memref<?xi32>, %max: index, %out: memref<?x4x8xf32>) {
  capstan.varlen_attention
      ins(%q, %k, %v, %cu, %cu, %max, %max : memref<?x4x8xf32, strided<[64, 8, 1]>>,
          memref<?x2x8xf32, strided<[64, 16, 1]>>, memref<?x2x8xf32>, memref<?xi32>, memref<?xi32>, index, index)
      outs(%out : memref<?x4x8xf32>) {causal, scale = 0.25 : f64}
  return
}
