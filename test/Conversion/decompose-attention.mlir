// RUN: capstan-opt %s --capstan-decompose-attention --split-input-file -verify-diagnostics | FileCheck %s

// Scores of all pairs, their maximum, total and weighted sum; groups of heads are
// a dimension of their own.
// CHECK-LABEL: func.func @attention(
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// CHECK: arith.minsi
// CHECK: tensor.expand_shape %{{.*}} {{\[\[}}0], [1, 2], [3]] output_shape [%{{.*}}, 2, 2, 8]
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]
// CHECK: arith.maximumf
// CHECK: math.exp
// CHECK: arith.divf
// CHECK: math.log
// CHECK-NOT: varlen_attention
// CHECK: return
func.func @attention(%q: tensor<?x4x8xf16>, %k: tensor<?x2x8xf16>, %cu: tensor<?xi32>, %max: index,
                     %out: tensor<?x4x8xf16>, %lse: tensor<4x?xf32>) -> (tensor<?x4x8xf16>, tensor<4x?xf32>) {
  %0:2 = capstan.varlen_attention
      ins(%q, %k, %k, %cu, %cu, %max, %max : tensor<?x4x8xf16>, tensor<?x2x8xf16>,
          tensor<?x2x8xf16>, tensor<?xi32>, tensor<?xi32>, index, index)
      outs(%out, %lse : tensor<?x4x8xf16>, tensor<4x?xf32>) {causal, scale = 0.25 : f64}
      -> tensor<?x4x8xf16>, tensor<4x?xf32>
  return %0#0, %0#1 : tensor<?x4x8xf16>, tensor<4x?xf32>
}

// -----

func.func @buffers(%q: memref<?x4x8xf32>, %cu: memref<?xi32>, %max: index) {
  // expected-remark@+1 {{is on buffers; only attention on tensors has a decomposition}}
  capstan.varlen_attention
      ins(%q, %q, %q, %cu, %cu, %max, %max : memref<?x4x8xf32>, memref<?x4x8xf32>,
          memref<?x4x8xf32>, memref<?xi32>, memref<?xi32>, index, index)
      outs(%q : memref<?x4x8xf32>) {scale = 0.25 : f64}
  return
}
