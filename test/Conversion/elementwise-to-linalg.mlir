// RUN: capstan-opt %s --capstan-elementwise-to-linalg | FileCheck %s

// CHECK-LABEL: func.func @arithmetic
// CHECK: linalg.generic
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.cmpi
func.func @arithmetic(%a: tensor<?xi32>, %b: tensor<?xi32>) -> tensor<?xi1> {
  %c = arith.cmpi sgt, %a, %b : tensor<?xi32>
  return %c : tensor<?xi1>
}

// One element each is chosen.
// CHECK-LABEL: func.func @of_elements
// CHECK: linalg.generic
func.func @of_elements(%c: tensor<?xi1>, %a: tensor<?xi32>, %b: tensor<?xi32>) -> tensor<?xi32> {
  %r = arith.select %c, %a, %b : tensor<?xi1>, tensor<?xi32>
  return %r : tensor<?xi32>
}

// Tensors of any size.
// CHECK-LABEL: func.func @of_tensors
// CHECK-NOT: linalg
// CHECK: arith.select
func.func @of_tensors(%c: i1, %a: tensor<?xi32>, %b: tensor<?xi32>) -> tensor<?xi32> {
  %r = arith.select %c, %a, %b : tensor<?xi32>
  return %r : tensor<?xi32>
}
