// RUN: capstan-opt %s --capstan-expand-kernel-math=gpu -split-input-file -verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func private @all
// CHECK-NOT: math.{{exp|sin|cos|tanh|erf|log|rsqrt|pow}}
// CHECK: %[[SUM:.*]] = math.fma {{.*}} : f64
// CHECK: arith.bitcast %[[SUM]] : f64 to i64
// CHECK: math.sqrt
func.func private @all(%x: memref<?xf32>, %h: memref<?xbf16>, %begin: index, %end: index) attributes {capstan.kernel} {
  %a = memref.load %x[%begin] : memref<?xf32>
  %b = math.sin %a : f32
  %c = math.cos %b : f32
  %d = math.exp %c : f32
  %e = math.tanh %d : f32
  %f = math.erf %e : f32
  %g = math.rsqrt %f : f32
  memref.store %g, %x[%begin] : memref<?xf32>
  return
}

// -----

func.func private @refused(%x: memref<?xf64>, %begin: index, %end: index) attributes {capstan.kernel} {
  %a = memref.load %x[%begin] : memref<?xf64>
  // expected-error@+1 {{'math.sin' op of 'f64' has no lowering on a GPU}}
  %b = math.sin %a : f64
  memref.store %b, %x[%begin] : memref<?xf64>
  return
}
