// RUN: capstan-opt %s --capstan-share-lengths | FileCheck %s

// Layers of a forward share what is computed of their documents.
// CHECK-LABEL: func @layers
func.func @layers(%x: tensor<?x2x8xf32>, %cu: tensor<?xi32>, %other: tensor<?xi32>, %n: index)
    -> (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>) {
  // CHECK: capstan.varlen_attention {{.*}}lengths = 1 : i32
  %a = capstan.varlen_attention ins(%x, %x, %x, %cu, %cu, %n, %n : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, tensor<?xi32>, index, index) outs(%x : tensor<?x2x8xf32>) {scale = 1.0 : f64} -> tensor<?x2x8xf32>
  // CHECK: capstan.varlen_attention {{.*}}lengths = 1 : i32
  %b = capstan.varlen_attention ins(%a, %x, %x, %cu, %cu, %n, %n : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, tensor<?xi32>, index, index) outs(%x : tensor<?x2x8xf32>) {scale = 1.0 : f64, window_left = 5 : i64} -> tensor<?x2x8xf32>
  // CHECK: capstan.varlen_attention {{.*}}lengths = 2 : i32
  %c = capstan.varlen_attention ins(%b, %x, %x, %cu, %other, %n, %n : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, tensor<?xi32>, index, index) outs(%x : tensor<?x2x8xf32>) {scale = 1.0 : f64} -> tensor<?x2x8xf32>
  return %a, %b, %c : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>
}

// A loop may have other documents each time; a value from outside stays the same.
// CHECK-LABEL: func @loop
func.func @loop(%x: tensor<?x2x8xf32>, %all: tensor<?x?xi32>, %cu: tensor<?xi32>, %n: index, %sizes: index) -> tensor<?x2x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %x) -> tensor<?x2x8xf32> {
    %own = tensor.extract_slice %all[%i, 0] [1, %sizes] [1, 1] : tensor<?x?xi32> to tensor<?xi32>
    // CHECK: capstan.varlen_attention
    // CHECK-NOT: lengths
    // CHECK-SAME: scale = 2.0
    %a = capstan.varlen_attention ins(%acc, %x, %x, %own, %own, %n, %n : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, tensor<?xi32>, index, index) outs(%x : tensor<?x2x8xf32>) {scale = 2.0 : f64} -> tensor<?x2x8xf32>
    // CHECK: capstan.varlen_attention {{.*}}lengths = 3 : i32
    %b = capstan.varlen_attention ins(%a, %x, %x, %cu, %cu, %n, %n : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, tensor<?xi32>, index, index) outs(%x : tensor<?x2x8xf32>) {scale = 3.0 : f64} -> tensor<?x2x8xf32>
    scf.yield %b : tensor<?x2x8xf32>
  }
  return %r : tensor<?x2x8xf32>
}

// Called twice, so with other documents perhaps.
// CHECK-LABEL: func private @twice
// CHECK: capstan.varlen_attention
// CHECK-NOT: lengths
// CHECK: return
func.func private @twice(%x: tensor<?x2x8xf32>, %cu: tensor<?xi32>, %n: index) -> tensor<?x2x8xf32> {
  %a = capstan.varlen_attention ins(%x, %x, %x, %cu, %cu, %n, %n : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, tensor<?xi32>, index, index) outs(%x : tensor<?x2x8xf32>) {scale = 1.0 : f64} -> tensor<?x2x8xf32>
  return %a : tensor<?x2x8xf32>
}

// CHECK-LABEL: func private @branch
// CHECK: capstan.varlen_attention {{.*}}lengths = 4 : i32
func.func private @branch(%x: tensor<?x2x8xf32>, %cu: tensor<?xi32>, %n: index) -> tensor<?x2x8xf32> {
  %a = capstan.varlen_attention ins(%x, %x, %x, %cu, %cu, %n, %n : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, tensor<?xi32>, index, index) outs(%x : tensor<?x2x8xf32>) {scale = 1.0 : f64} -> tensor<?x2x8xf32>
  return %a : tensor<?x2x8xf32>
}

func.func @callers(%x: tensor<?x2x8xf32>, %cu: tensor<?xi32>, %other: tensor<?xi32>, %n: index, %if: i1) -> tensor<?x2x8xf32> {
  %a = call @twice(%x, %cu, %n) : (tensor<?x2x8xf32>, tensor<?xi32>, index) -> tensor<?x2x8xf32>
  %b = call @twice(%a, %other, %n) : (tensor<?x2x8xf32>, tensor<?xi32>, index) -> tensor<?x2x8xf32>
  %c = scf.if %if -> tensor<?x2x8xf32> {
    %d = func.call @branch(%b, %cu, %n) : (tensor<?x2x8xf32>, tensor<?xi32>, index) -> tensor<?x2x8xf32>
    scf.yield %d : tensor<?x2x8xf32>
  } else {
    scf.yield %b : tensor<?x2x8xf32>
  }
  return %c : tensor<?x2x8xf32>
}
