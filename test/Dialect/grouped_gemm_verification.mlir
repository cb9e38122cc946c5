// RUN: capstan-opt %s -verify-diagnostics -split-input-file

func.func @offsets(%a: tensor<?x8xf32>, %b: tensor<3x8x4xf32>, %ends: tensor<2xi32>, %c: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error@+1 {{there must be an offset for each matrix of b}}
  %0 = capstan.grouped_gemm ins(%a, %b, %ends : tensor<?x8xf32>, tensor<3x8x4xf32>, tensor<2xi32>) outs(%c : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

func.func @wide_offsets(%a: tensor<?x8xf32>, %b: tensor<3x8x4xf32>, %ends: tensor<3xi64>, %c: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error@+1 {{offsets must have rank 1 and elements of i32}}
  %0 = capstan.grouped_gemm ins(%a, %b, %ends : tensor<?x8xf32>, tensor<3x8x4xf32>, tensor<3xi64>) outs(%c : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

func.func @sizes(%a: tensor<?x8xf32>, %b: tensor<3x8x4xf32>, %ends: tensor<3xi32>, %c: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error@+1 {{sizes of a, b and c don't match}}
  %0 = capstan.grouped_gemm ins(%a, %b, %ends : tensor<?x8xf32>, tensor<3x8x4xf32>, tensor<3xi32>) outs(%c : tensor<?x4xf32>) {transpose_b} -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

func.func @ranks(%a: tensor<?x8xf32>, %b: tensor<8x4xf32>, %ends: tensor<8xi32>, %c: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error@+1 {{a and c must have rank 2, b rank 3}}
  %0 = capstan.grouped_gemm ins(%a, %b, %ends : tensor<?x8xf32>, tensor<8x4xf32>, tensor<8xi32>) outs(%c : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

func.func @types(%a: tensor<?x8xf32>, %b: tensor<3x8x4xbf16>, %ends: tensor<3xi32>, %c: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error@+1 {{a, b and c must have one floating-point element type}}
  %0 = capstan.grouped_gemm ins(%a, %b, %ends : tensor<?x8xf32>, tensor<3x8x4xbf16>, tensor<3xi32>) outs(%c : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

func.func @host(%a: tensor<?x8xf32>, %b: tensor<3x8x4xf32>, %ends: tensor<3xi32, #capstan.host>, %c: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error@+1 {{operands must have a rank and be on the device}}
  %0 = capstan.grouped_gemm ins(%a, %b, %ends : tensor<?x8xf32>, tensor<3x8x4xf32>, tensor<3xi32, #capstan.host>) outs(%c : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

func.func @mixed(%a: tensor<?x8xf32>, %b: memref<3x8x4xf32>, %ends: tensor<3xi32>, %c: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error@+1 {{operands must be all tensors or all memrefs}}
  %0 = capstan.grouped_gemm ins(%a, %b, %ends : tensor<?x8xf32>, memref<3x8x4xf32>, tensor<3xi32>) outs(%c : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}
