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
