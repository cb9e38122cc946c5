// RUN: capstan-opt %s --pass-pipeline="builtin.module(gpu.module(capstan-lower-reductions))" | FileCheck %s

// CHECK-LABEL: gpu.func @sum
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK-NOT: gpu.subgroup_reduce
gpu.module @kernels {
  gpu.func @sum(%x: memref<32xf32>) kernel {
    %i = gpu.thread_id x
    %a = memref.load %x[%i] : memref<32xf32>
    %sum = gpu.subgroup_reduce add %a : (f32) -> f32
    memref.store %sum, %x[%i] : memref<32xf32>
    gpu.return
  }
}
