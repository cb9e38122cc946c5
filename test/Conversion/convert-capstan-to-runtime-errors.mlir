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

// -----

func.func @groups(%a: memref<2x4xf32, strided<[1, 2]>>, %b: memref<3x4x2xf32>, %ends: memref<3xi32>, %c: memref<2x2xf32>) {
  // expected-error@+1 {{has no lowering: rows must be contiguous}}
  capstan.grouped_gemm ins(%a, %b, %ends : memref<2x4xf32, strided<[1, 2]>>, memref<3x4x2xf32>, memref<3xi32>) outs(%c : memref<2x2xf32>)
  return
}

// -----

func.func @checks(%ok: memref<2xi1>) {
  // expected-error@+1 {{has no lowering: its condition must be one element}}
  capstan.device_check %ok, "two" : memref<2xi1>
  return
}
