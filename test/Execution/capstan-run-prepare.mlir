// Weights that are prepared once are prepared by the tool, too.
// RUN: capstan-opt %s --pass-pipeline='builtin.module(cse,capstan-pack-projections,capstan-prepare-weights)' -o %t.mlir
// RUN: FileCheck %s --check-prefix=PREPARED < %t.mlir
// RUN: capstan-run %t.mlir --input '*=random:3' --shape x=5x8 --out %t.npz --repeat 2 > /dev/null
// RUN: capstan-run %s --input '*=random:3' --shape x=5x8 --compare %t.npz --tolerance 1e-6 | FileCheck %s
// RUN: not capstan-run %t.mlir --input x=zeros --shape x=5x8 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not capstan-run %s --target=tpu 2>&1 | FileCheck %s --check-prefix=TARGET

// PREPARED: func.func @main.prepare
// CHECK: result0: {{equal bit for bit|relative error}}
// CHECK: result1: {{equal bit for bit|relative error}}
// MISSING: nothing is given for argument '{{[wv]}}', f32
// TARGET: capstan-run: unknown target 'tpu'; there are: host, cuda

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>

func.func @main(%x: tensor<?x8xf32> {capstan.name = "x"},
                %w: tensor<4x8xf32> {capstan.frozen, capstan.name = "w"},
                %v: tensor<6x8xf32> {capstan.frozen, capstan.name = "v"})
    -> (tensor<?x4xf32>, tensor<?x6xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = linalg.matmul indexing_maps = [#a, #b, #c] ins(%x, %w : tensor<?x8xf32>, tensor<4x8xf32>) outs(%z : tensor<?x4xf32>) -> tensor<?x4xf32>
  %e2 = tensor.empty(%n) : tensor<?x6xf32>
  %z2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x6xf32>) -> tensor<?x6xf32>
  %y2 = linalg.matmul indexing_maps = [#a, #b, #c] ins(%x, %v : tensor<?x8xf32>, tensor<6x8xf32>) outs(%z2 : tensor<?x6xf32>) -> tensor<?x6xf32>
  return %y, %y2 : tensor<?x4xf32>, tensor<?x6xf32>
}
