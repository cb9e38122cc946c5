// RUN: capstan-opt %s --pass-pipeline="builtin.module(gpu.module(capstan-device-intrinsics))" | FileCheck %s

// CHECK-LABEL: llvm.func @f
// CHECK: llvm.call_intrinsic "llvm.sqrt.f32"(%{{.*}}) : (f32) -> f32
// CHECK: llvm.call_intrinsic "llvm.roundeven.f64"(%{{.*}}) : (f64) -> f64
// CHECK: llvm.call_intrinsic "llvm.copysign.f32"(%{{.*}}, %{{.*}}) : (f32, f32) -> f32
// CHECK: llvm.intr.fma
gpu.module @kernels {
  llvm.func @f(%x: f32, %d: f64) -> f32 {
    %a = llvm.intr.sqrt(%x) : (f32) -> f32
    %b = llvm.intr.roundeven(%d) : (f64) -> f64
    %c = llvm.intr.copysign(%a, %x) : (f32, f32) -> f32
    %r = llvm.intr.fma(%a, %c, %x) : (f32, f32, f32) -> f32
    llvm.return %r : f32
  }
}
