// RUN: capstan-opt %s --pass-pipeline='builtin.module(func.func(capstan-expand-kernel-math))' | FileCheck %s

// Conversions of f8E4M3FN are arithmetic on bits, of scalars and vectors.

// CHECK-LABEL: func.func private @kernel(
// CHECK: %[[X:.*]] = memref.load %{{.*}} : memref<?xf8E4M3FN>
// CHECK: %[[BITS:.*]] = arith.bitcast %[[X]] : f8E4M3FN to i8
// CHECK: arith.extui %[[BITS]] : i8 to i32
// CHECK-NOT: arith.extf {{.*}}f8E4M3FN
// CHECK: arith.truncf %{{.*}} : f32 to bf16
// CHECK: vector.load
// CHECK: arith.bitcast %{{.*}} : vector<8xf32> to vector<8xi32>
// CHECK-NOT: arith.truncf
// CHECK: arith.trunci %{{.*}} : vector<8xi32> to vector<8xi8>
// CHECK: arith.bitcast %{{.*}} : vector<8xi8> to vector<8xf8E4M3FN>
func.func private @kernel(%x: memref<?xf8E4M3FN>, %y: memref<?xbf16>, %z: memref<?xf32>, %begin: index, %end: index) attributes {capstan.kernel} {
  %c1 = arith.constant 1 : index
  scf.for %i = %begin to %end step %c1 {
    %a = memref.load %x[%i] : memref<?xf8E4M3FN>
    %b = arith.extf %a : f8E4M3FN to bf16
    memref.store %b, %y[%i] : memref<?xbf16>
    %c = vector.load %z[%i] : memref<?xf32>, vector<8xf32>
    %d = arith.truncf %c : vector<8xf32> to vector<8xf8E4M3FN>
    vector.store %d, %x[%i] : memref<?xf8E4M3FN>, vector<8xf8E4M3FN>
  }
  return
}
