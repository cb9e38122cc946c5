// RUN: capstan-opt %s --pass-pipeline='builtin.module(func.func(capstan-lower-expand-shapes))' | FileCheck %s

// CHECK-LABEL: func.func @two_sizes(
// CHECK-SAME: %{{.*}}: memref<?x64xf32>, %[[A:.*]]: index, %[[B:.*]]: index
// CHECK: memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [%[[A]], %[[B]], 64], strides: [%{{.*}}, 64, 1]
func.func @two_sizes(%m: memref<?x64xf32>, %a: index, %b: index) -> memref<?x?x64xf32> {
  %0 = memref.expand_shape %m [[0, 1], [2]] output_shape [%a, %b, 64] : memref<?x64xf32> into memref<?x?x64xf32>
  return %0 : memref<?x?x64xf32>
}

// CHECK-LABEL: func.func @one_size(
// CHECK: memref.expand_shape
func.func @one_size(%m: memref<?xf32>, %a: index) -> memref<?x4xf32> {
  %0 = memref.expand_shape %m [[0, 1]] output_shape [%a, 4] : memref<?xf32> into memref<?x4xf32>
  return %0 : memref<?x4xf32>
}
