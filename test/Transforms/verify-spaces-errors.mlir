// RUN: capstan-opt %s --capstan-verify-spaces -verify-diagnostics -split-input-file

func.func @cast(%t: tensor<4xi32>) {
  // expected-error@+1 {{mixes host and device tensors; only capstan.item, capstan.to_host and capstan.fetch cross between them}}
  %0 = tensor.cast %t : tensor<4xi32> to tensor<4xi32, #capstan.host>
  return
}

// -----

func.func @memory(%m: memref<4xi32>, %h: memref<4xi32, #capstan.host>) {
  // expected-error@+1 {{mixes host and device tensors}}
  memref.copy %m, %h : memref<4xi32> to memref<4xi32, #capstan.host>
  return
}

// -----

// In device code, too.
func.func @nested(%t: tensor<4xi32>, %n: index) {
  %0 = tensor.generate %n {
  ^bb0(%i: index):
    // expected-error@+1 {{mixes host and device tensors}}
    %h = tensor.cast %t : tensor<4xi32> to tensor<4xi32, #capstan.host>
    %e = tensor.extract %h[%i] : tensor<4xi32, #capstan.host>
    tensor.yield %e : i32
  } : tensor<?xi32>
  return
}
