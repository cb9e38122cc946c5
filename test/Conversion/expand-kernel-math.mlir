// RUN: capstan-opt %s --pass-pipeline='builtin.module(func.func(capstan-expand-kernel-math))' | FileCheck %s

// CHECK-LABEL: func.func private @kernel(
// CHECK-NOT: math.fpowi
// CHECK-NOT: math.exp
// CHECK: math.sin
// CHECK: arith.addf {{.*}} fastmath<reassoc,contract>
func.func private @kernel(%x: memref<?xf32>, %y: memref<?xf32>, %begin: index, %end: index) attributes {capstan.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : i64
  scf.for %i = %begin to %end step %c1 {
    scf.for %j = %c0 to %end step %c1 {
      %a = memref.load %x[%j] : memref<?xf32>
      %b = math.fpowi %a, %c2 : f32, i64
      %c = math.exp %b : f32
      %d = math.sin %c : f32
      %s = memref.load %y[%i] : memref<?xf32>
      %e = arith.addf %d, %s : f32
      memref.store %e, %y[%i] : memref<?xf32>
    }
  }
  return
}

// CHECK-LABEL: func.func @host_code(
// CHECK: math.exp %{{.*}} : f32
func.func @host_code(%x: f32) -> f32 {
  %0 = math.exp %x : f32
  return %0 : f32
}
