// RUN: capstan-opt %s -verify-diagnostics -split-input-file

func.func @k(%a: tensor<2x8xf32>, %b: tensor<4x3xf32>, %c: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error@+1 {{sizes of k don't match: 8 and 4}}
  %0 = capstan.gemm ins(%a, %b : tensor<2x8xf32>, tensor<4x3xf32>) outs(%c : tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @integers(%a: tensor<2x2xi32>) -> tensor<2x2xi32> {
  // expected-error@+1 {{operands must have one floating-point element type}}
  %0 = capstan.gemm ins(%a, %a : tensor<2x2xi32>, tensor<2x2xi32>) outs(%a : tensor<2x2xi32>) -> tensor<2x2xi32>
  return %0 : tensor<2x2xi32>
}

// -----

func.func @host(%a: tensor<2x2xf32>, %b: tensor<2x2xf32, #capstan.host>) -> tensor<2x2xf32> {
  // expected-error@+1 {{operands must be on the device}}
  %0 = capstan.gemm ins(%a, %b : tensor<2x2xf32>, tensor<2x2xf32, #capstan.host>) outs(%a : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// -----

func.func @kernel(%a: memref<2xf32>, %n: index) {
  // expected-error@+1 {{'nothing' is no function with 'capstan.kernel'}}
  capstan.launch @nothing(%a) extent %n : (memref<2xf32>)
  return
}

// -----

func.func @bias_type(%a: tensor<2x2xbf16>, %b: tensor<2xbf16>, %c: tensor<2x2xf32>) -> tensor<2x2xf32> {
  // expected-error@+1 {{the bias must have rank 1 and the type of the init}}
  %0 = capstan.gemm ins(%a, %a : tensor<2x2xbf16>, tensor<2x2xbf16>) bias(%b : tensor<2xbf16>) outs(%c : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// -----

func.func @bias_size(%a: tensor<2x2xf32>, %b: tensor<3xf32>) -> tensor<2x2xf32> {
  // expected-error@+1 {{sizes of bias don't match: 3 and 2}}
  %0 = capstan.gemm ins(%a, %a : tensor<2x2xf32>, tensor<2x2xf32>) bias(%b : tensor<3xf32>) outs(%a : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// -----

func.func @bias_of_doubles(%a: tensor<2x2xf64>, %b: tensor<2xf64>) -> tensor<2x2xf64> {
  // expected-error@+1 {{of 'f64' to 'f64' adds no bias}}
  %0 = capstan.gemm ins(%a, %a : tensor<2x2xf64>, tensor<2x2xf64>) bias(%b : tensor<2xf64>) outs(%a : tensor<2x2xf64>) -> tensor<2x2xf64>
  return %0 : tensor<2x2xf64>
}

// -----

func.func @no_scales(%a: tensor<2x2xf8E4M3FN>, %c: tensor<2x2xf32>) -> tensor<2x2xf32> {
  // expected-error@+1 {{has scales if a and b are f8E4M3FN, and none otherwise}}
  %0 = capstan.gemm ins(%a, %a : tensor<2x2xf8E4M3FN>, tensor<2x2xf8E4M3FN>) outs(%c : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// -----

func.func @other_result(%a: tensor<2x2xf8E4M3FN>, %s: tensor<f32>) -> tensor<2x2xf8E4M3FN> {
  // expected-error@+1 {{an init of f8E4M3FN must be f32, f16 or bf16}}
  %0 = capstan.gemm ins(%a, %a : tensor<2x2xf8E4M3FN>, tensor<2x2xf8E4M3FN>) scales(%s, %s : tensor<f32>, tensor<f32>) outs(%a : tensor<2x2xf8E4M3FN>) -> tensor<2x2xf8E4M3FN>
  return %0 : tensor<2x2xf8E4M3FN>
}

// -----

func.func @mixed_scales(%a: tensor<2x2xf8E4M3FN>, %c: tensor<2x2xf32>, %s: tensor<f32>, %r: tensor<2xf32>) -> tensor<2x2xf32> {
  // expected-error@+1 {{both of rank 0 or both of rank 1}}
  %0 = capstan.gemm ins(%a, %a : tensor<2x2xf8E4M3FN>, tensor<2x2xf8E4M3FN>) scales(%r, %s : tensor<2xf32>, tensor<f32>) outs(%c : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// -----

func.func @sizes_of_scales(%a: tensor<2x2xf8E4M3FN>, %c: tensor<2x2xf32>, %s: tensor<2xf32>, %r: tensor<3xf32>) -> tensor<2x2xf32> {
  // expected-error@+1 {{sizes of scale_b don't match: 3 and 2}}
  %0 = capstan.gemm ins(%a, %a : tensor<2x2xf8E4M3FN>, tensor<2x2xf8E4M3FN>) scales(%s, %r : tensor<2xf32>, tensor<3xf32>) outs(%c : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// -----

func.func @batch_with_row_scales(%a: tensor<1x2x2xf8E4M3FN>, %c: tensor<1x2x2xf32>, %s: tensor<2xf32>) -> tensor<1x2x2xf32> {
  // expected-error@+1 {{of a batch has one scale for all rows}}
  %0 = capstan.gemm ins(%a, %a : tensor<1x2x2xf8E4M3FN>, tensor<1x2x2xf8E4M3FN>) scales(%s, %s : tensor<2xf32>, tensor<2xf32>) outs(%c : tensor<1x2x2xf32>) -> tensor<1x2x2xf32>
  return %0 : tensor<1x2x2xf32>
}
