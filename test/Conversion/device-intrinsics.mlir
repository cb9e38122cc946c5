// RUN: capstan-opt %s --pass-pipeline="builtin.module(gpu.module(capstan-device-intrinsics))" | FileCheck %s

// CHECK-LABEL: llvm.func @f
// CHECK: llvm.call_intrinsic "llvm.sqrt.f32"(%{{.*}}) : (f32) -> f32
// CHECK: llvm.call_intrinsic "llvm.roundeven.f64"(%{{.*}}) : (f64) -> f64
// CHECK: llvm.call_intrinsic "llvm.copysign.f32"(%{{.*}}, %{{.*}}) : (f32, f32) -> f32
// CHECK: llvm.intr.fma
// CHECK: llvm.fdiv
gpu.module @kernels {
  llvm.func @f(%x: f32, %d: f64) -> f32 {
    %a = llvm.intr.sqrt(%x) : (f32) -> f32
    %b = llvm.intr.roundeven(%d) : (f64) -> f64
    %c = llvm.intr.copysign(%a, %x) : (f32, f32) -> f32
    %r = llvm.intr.fma(%a, %c, %x) : (f32, f32, f32) -> f32
    %q = llvm.fdiv %r, %x : f32
    llvm.return %q : f32
  }

  // What may be approximate.
  // CHECK-LABEL: llvm.func @approximate
  // CHECK-COUNT-2: llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz.f32"(%{{.*}}) : (f32) -> f32
  // CHECK: %[[N:.*]] = llvm.extractelement %{{.*}}[%{{.*}} : i64] : vector<2xf32>
  // CHECK: %[[D:.*]] = llvm.extractelement %{{.*}}[%{{.*}} : i64] : vector<2xf32>
  // CHECK: %[[Q:.*]] = llvm.call_intrinsic "llvm.nvvm.div.full"(%[[N]], %[[D]]) : (f32, f32) -> f32
  // CHECK: llvm.insertelement %[[Q]]
  // CHECK: llvm.call_intrinsic "llvm.nvvm.div.full"
  // CHECK: llvm.call_intrinsic "llvm.nvvm.rsqrt.approx.f"(%{{.*}}) : (f32) -> f32
  // CHECK: llvm.fdiv %{{.*}} : f64
  llvm.func @approximate(%x: vector<2xf32>, %s: f32, %d: f64) -> f64 {
    %p = llvm.intr.exp2(%x) {fastmathFlags = #llvm.fastmath<afn>} : (vector<2xf32>) -> vector<2xf32>
    %q = llvm.fdiv %p, %x {fastmathFlags = #llvm.fastmath<afn>} : vector<2xf32>
    %one = llvm.mlir.constant(1.0 : f32) : f32
    %root = llvm.intr.sqrt(%s) : (f32) -> f32
    %r = llvm.fdiv %one, %root {fastmathFlags = #llvm.fastmath<afn>} : f32
    %w = llvm.fdiv %d, %d {fastmathFlags = #llvm.fastmath<afn>} : f64
    llvm.return %w : f64
  }

  // CHECK-LABEL: llvm.func @widen
  // CHECK: %[[WORDS:.*]] = llvm.bitcast %{{.*}} : vector<4xbf16> to vector<2xi32>
  // CHECK: %[[FIRST:.*]] = llvm.shl %[[WORDS]], %{{.*}}
  // CHECK: %[[MASK:.*]] = llvm.mlir.constant(dense<-65536> : vector<2xi32>)
  // CHECK: %[[SECOND:.*]] = llvm.and %[[WORDS]], %[[MASK]]
  // CHECK: llvm.shufflevector %[[FIRST]], %[[SECOND]] [0, 2, 1, 3]
  // CHECK: llvm.fpext %{{.*}} : vector<4xf16>
  llvm.func @widen(%x: vector<4xbf16>, %y: vector<4xf16>) -> vector<4xf32> {
    %a = llvm.fpext %x : vector<4xbf16> to vector<4xf32>
    %b = llvm.fpext %y : vector<4xf16> to vector<4xf32>
    %c = llvm.fadd %a, %b : vector<4xf32>
    llvm.return %c : vector<4xf32>
  }
}
