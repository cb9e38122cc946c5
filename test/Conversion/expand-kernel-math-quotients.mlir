// RUN: capstan-opt %s --capstan-expand-kernel-math=gpu | FileCheck %s
// RUN: capstan-opt %s --pass-pipeline='builtin.module(func.func(capstan-expand-kernel-math))' | FileCheck %s --check-prefix=HOST

// Of what is rounded to 16 bits, quotients may be approximate; the f32 result
// is exact, and so is what a comparison or an exponent sees.

// HOST-NOT: afn
// HOST-NOT: arcp
// CHECK-LABEL: func.func private @rounded
// CHECK: arith.divf %{{.*}} fastmath<contract,afn> : vector<8xf32>
// CHECK: arith.divf %{{.*}} fastmath<arcp,contract> : vector<8xf32>
// CHECK: arith.divf %{{.*}} fastmath<contract,afn> : f32
func.func private @rounded(%x: memref<64xf32>, %h: memref<64xbf16>, %begin: index, %end: index) attributes {capstan.kernel} {
  %three = arith.constant dense<3.0> : vector<8xf32>
  %one = arith.constant 1.0 : f32
  %a = vector.load %x[%begin] : memref<64xf32>, vector<8xf32>
  %n = memref.load %x[%begin] : memref<64xf32>
  %b = arith.divf %a, %a : vector<8xf32>
  %c = arith.divf %b, %three : vector<8xf32>
  %d = arith.divf %one, %n : f32
  %e = vector.broadcast %d : f32 to vector<8xf32>
  %f = arith.mulf %c, %e : vector<8xf32>
  %g = arith.truncf %f : vector<8xf32> to vector<8xbf16>
  vector.store %g, %h[%begin] : memref<64xbf16>, vector<8xbf16>
  return
}

// CHECK-LABEL: func.func private @seen
// CHECK-NOT: arith.divf {{.*}}fastmath<{{.*}}{{afn|arcp}}
// CHECK: math.exp2 %{{.*}} fastmath<contract,afn>
// CHECK-NOT: arith.divf {{.*}}fastmath<{{.*}}{{afn|arcp}}
// CHECK: return
func.func private @seen(%x: memref<64xf32>, %h: memref<64xbf16>, %begin: index, %end: index) attributes {capstan.kernel} {
  %a = memref.load %x[%begin] : memref<64xf32>
  %b = memref.load %x[%end] : memref<64xf32>
  %stored = arith.divf %a, %b : f32
  memref.store %stored, %x[%begin] : memref<64xf32>
  %compared = arith.divf %b, %a : f32
  %less = arith.cmpf olt, %compared, %a : f32
  %s = arith.select %less, %a, %b : f32
  %raised = arith.divf %s, %b : f32
  %e = math.exp %raised : f32
  %r = arith.truncf %e : f32 to bf16
  memref.store %r, %h[%begin] : memref<64xbf16>
  return
}
