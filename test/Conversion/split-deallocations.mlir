// RUN: capstan-opt %s --pass-pipeline='builtin.module(func.func(capstan-split-deallocations))' | FileCheck %s

// CHECK-LABEL: func.func @two(
// CHECK-SAME: %[[A:.*]]: memref<?xf32>, %[[B:.*]]: memref<?xf32>, %[[R:.*]]: memref<?xf32>, %[[CA:.*]]: i1, %[[CB:.*]]: i1
// CHECK-DAG: %[[PA:.*]] = memref.extract_aligned_pointer_as_index %[[A]]
// CHECK-DAG: %[[PB:.*]] = memref.extract_aligned_pointer_as_index %[[B]]
// CHECK-DAG: %[[PR:.*]] = memref.extract_aligned_pointer_as_index %[[R]]
// CHECK: %[[NA:.*]] = arith.cmpi ne, %[[PA]], %[[PR]]
// CHECK: %[[FA:.*]] = arith.andi %[[CA]], %[[NA]]
// CHECK: bufferization.dealloc (%[[A]] : memref<?xf32>) if (%[[FA]])
// CHECK: arith.cmpi ne, %[[PB]], %[[PR]]
// CHECK: arith.cmpi eq, %[[PB]], %[[PA]]
// CHECK: bufferization.dealloc (%[[B]] : memref<?xf32>) if (%{{.*}})
func.func @two(%a: memref<?xf32>, %b: memref<?xf32>, %r: memref<?xf32>, %ca: i1, %cb: i1) -> i1 {
  %0 = bufferization.dealloc (%a, %b : memref<?xf32>, memref<?xf32>) if (%ca, %cb) retain (%r : memref<?xf32>)
  return %0 : i1
}

// CHECK-LABEL: func.func @one(
// CHECK-NOT: extract_aligned_pointer_as_index
func.func @one(%a: memref<?xf32>, %r: memref<?xf32>, %ca: i1) -> i1 {
  %0 = bufferization.dealloc (%a : memref<?xf32>) if (%ca) retain (%r : memref<?xf32>)
  return %0 : i1
}
