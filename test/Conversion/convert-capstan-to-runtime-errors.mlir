// RUN: capstan-opt %s --convert-capstan-to-runtime -verify-diagnostics -split-input-file


// expected-error@+1 {{argument #0 of type 'i7' can't cross the boundary of a module}}
func.func @type(%x: i7) {
  return
}

// -----

func.func @rows(%a: memref<2x4xf32, strided<[1, 2]>>, %b: memref<4x2xf32>, %c: memref<2x2xf32>) {
  // expected-error@+1 {{has no lowering: rows must be contiguous}}
  capstan.gemm ins(%a, %b : memref<2x4xf32, strided<[1, 2]>>, memref<4x2xf32>) outs(%c : memref<2x2xf32>)
  return
}

// -----

// expected-error@+1 {{has no definition; host code can call only what the module defines}}
func.func private @elsewhere(i32)
