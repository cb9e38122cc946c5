// RUN: capstan-opt %s | capstan-opt | FileCheck %s

// CHECK-LABEL: func.func @scaled_gemm
// CHECK: capstan.gemm ins(%{{.*}}, %{{.*}} : tensor<?x16xf8E4M3FN>, tensor<32x16xf8E4M3FN>) bias(%{{.*}} : tensor<32xbf16>) scales(%{{.*}}, %{{.*}} : tensor<?xf32>, tensor<32xf32>) outs(%{{.*}} : tensor<?x32xbf16>) {transpose_b} -> tensor<?x32xbf16>
func.func @scaled_gemm(%a: tensor<?x16xf8E4M3FN>, %b: tensor<32x16xf8E4M3FN>, %bias: tensor<32xbf16>, %sa: tensor<?xf32>, %sb: tensor<32xf32>, %c: tensor<?x32xbf16>) -> tensor<?x32xbf16> {
  %0 = capstan.gemm ins(%a, %b : tensor<?x16xf8E4M3FN>, tensor<32x16xf8E4M3FN>) bias(%bias : tensor<32xbf16>)
    scales(%sa, %sb : tensor<?xf32>, tensor<32xf32>) outs(%c : tensor<?x32xbf16>) {transpose_b} -> tensor<?x32xbf16>
  return %0 : tensor<?x32xbf16>
}

// CHECK-LABEL: func.func @gemm
// CHECK: capstan.gemm ins(%{{.*}}, %{{.*}} : tensor<?x8xf32>, tensor<4x8xf32>) outs(%{{.*}} : tensor<?x4xf32>) {transpose_b} -> tensor<?x4xf32>
func.func @gemm(%a: tensor<?x8xf32>, %b: tensor<4x8xf32>, %c: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = capstan.gemm ins(%a, %b : tensor<?x8xf32>, tensor<4x8xf32>) outs(%c : tensor<?x4xf32>) {transpose_b} -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// CHECK-LABEL: func.func @attention
// CHECK: capstan.varlen_attention ins(
// CHECK-SAME: outs(%{{.*}}, %{{.*}} : tensor<?x4x8xf32>, tensor<4x?xf32>) {causal, scale = 1.250000e-01 : f64} -> tensor<?x4x8xf32>, tensor<4x?xf32>
func.func @attention(%q: tensor<?x4x8xf32>, %k: tensor<?x2x8xf32>, %cu: tensor<?xi32>, %n: index, %l: tensor<4x?xf32>) -> tensor<?x4x8xf32> {
  %0:2 = capstan.varlen_attention ins(%q, %k, %k, %cu, %cu, %n, %n : tensor<?x4x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, tensor<?xi32>, index, index)
    outs(%q, %l : tensor<?x4x8xf32>, tensor<4x?xf32>) {causal, scale = 0.125 : f64} -> tensor<?x4x8xf32>, tensor<4x?xf32>
  return %0#0 : tensor<?x4x8xf32>
}

// CHECK-LABEL: func.func @experts
// CHECK: capstan.grouped_gemm ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x8xf32>, tensor<3x4x8xf32>, tensor<3xi32>)
// CHECK-SAME: outs(%{{.*}} : tensor<?x4xf32>) {transpose_b} -> tensor<?x4xf32>
func.func @experts(%x: tensor<?x8xf32>, %w: tensor<3x4x8xf32>, %ends: tensor<3xi32>, %init: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = capstan.grouped_gemm ins(%x, %w, %ends : tensor<?x8xf32>, tensor<3x4x8xf32>, tensor<3xi32>)
    outs(%init : tensor<?x4xf32>) {transpose_b} -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// CHECK-LABEL: func.func @launch
// CHECK: capstan.launch @kernel(%{{.*}}, %{{.*}}) extent %{{.*}} : (memref<?xf32>, f32)
func.func @launch(%a: memref<?xf32>, %s: f32, %n: index) {
  capstan.launch @kernel(%a, %s) extent %n : (memref<?xf32>, f32)
  return
}
func.func private @kernel(%a: memref<?xf32>, %s: f32, %begin: index, %end: index) attributes {capstan.kernel} {
  return
}
