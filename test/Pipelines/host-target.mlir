// RUN: capstan-opt %s --capstan-host-buffer-pipeline | FileCheck %s
// RUN: capstan-opt %s --capstan-host-target-pipeline | FileCheck %s --check-prefix=LLVM

// CHECK-LABEL: func.func @main
// CHECK: capstan.launch @kernel_map_exp
// CHECK: capstan.gemm {{.*}} {transpose_b}
// CHECK: memref.dealloc
// CHECK-NOT: memref.dealloc
// CHECK: return

// LLVM: llvm.mlir.global external constant @capstan_module
// LLVM-DAG: llvm.func internal @main(
// LLVM-DAG: llvm.func @capstan_rt_launch(!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64) -> i32
// LLVM-NOT: unrealized_conversion_cast
func.func @main(%x: tensor<?x8xf32>, %w: tensor<4x8xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %y = linalg.exp ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %te = tensor.empty() : tensor<8x4xf32>
  %wt = linalg.transpose ins(%w : tensor<4x8xf32>) outs(%te : tensor<8x4xf32>) permutation = [1, 0]
  %ce = tensor.empty(%n) : tensor<?x4xf32>
  %cz = linalg.fill ins(%zero : f32) outs(%ce : tensor<?x4xf32>) -> tensor<?x4xf32>
  %z = linalg.matmul ins(%y, %wt : tensor<?x8xf32>, tensor<8x4xf32>) outs(%cz : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}
