// A product of FP8 has both scales, and another none.

// RUN: capstan-opt %s -verify-diagnostics -split-input-file

func.func @lacks_one(%x: tensor<4x16xf8E4M3FN>, %w: tensor<16x16xf8E4M3FN>, %s: tensor<f32>, %e: tensor<4x16xf32>) {
  // expected-error@+1 {{has scales if a and b are f8E4M3FN, and none otherwise}}
  %p = "capstan.gemm"(%x, %w, %s, %e) <{operandSegmentSizes = array<i32: 1, 1, 0, 1, 0, 1>}> : (tensor<4x16xf8E4M3FN>, tensor<16x16xf8E4M3FN>, tensor<f32>, tensor<4x16xf32>) -> tensor<4x16xf32>
  return
}

// -----

func.func @has_one(%x: tensor<4x16xf32>, %w: tensor<16x16xf32>, %s: tensor<f32>, %e: tensor<4x16xf32>) {
  // expected-error@+1 {{has scales if a and b are f8E4M3FN, and none otherwise}}
  %p = "capstan.gemm"(%x, %w, %s, %e) <{operandSegmentSizes = array<i32: 1, 1, 0, 0, 1, 1>}> : (tensor<4x16xf32>, tensor<16x16xf32>, tensor<f32>, tensor<4x16xf32>) -> tensor<4x16xf32>
  return
}
