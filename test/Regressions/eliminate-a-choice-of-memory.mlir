// What a choice, a branch or a loop gives may be memory that is written before the kernel runs.
// RUN: capstan-opt %s --capstan-eliminate-host-syncs | FileCheck %s

// CHECK-LABEL: func.func @choice
// CHECK: capstan.item
func.func @choice(%m: memref<i32>, %t: tensor<i32>, %c: i1, %x: i32, %e: tensor<4xi32>) -> tensor<4xi32> {
  %v = bufferization.to_tensor %m : memref<i32> to tensor<i32>
  %s = arith.select %c, %v, %t : tensor<i32>
  %i = capstan.item %s[] : tensor<i32>
  memref.store %x, %m[] : memref<i32>
  %f = linalg.fill ins(%i : i32) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  return %f : tensor<4xi32>
}

// CHECK-LABEL: func.func @branch
// CHECK: capstan.item
func.func @branch(%m: memref<i32>, %t: tensor<i32>, %c: i1, %x: i32, %e: tensor<4xi32>) -> tensor<4xi32> {
  %s = scf.if %c -> tensor<i32> {
    %v = bufferization.to_tensor %m : memref<i32> to tensor<i32>
    scf.yield %v : tensor<i32>
  } else {
    scf.yield %t : tensor<i32>
  }
  %i = capstan.item %s[] : tensor<i32>
  memref.store %x, %m[] : memref<i32>
  %f = linalg.fill ins(%i : i32) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  return %f : tensor<4xi32>
}

// CHECK-LABEL: func.func @of_tensors
// CHECK-NOT: capstan.item
func.func @of_tensors(%t: tensor<i32>, %u: tensor<i32>, %c: i1, %e: tensor<4xi32>) -> tensor<4xi32> {
  %s = arith.select %c, %t, %u : tensor<i32>
  %i = capstan.item %s[] : tensor<i32>
  %f = linalg.fill ins(%i : i32) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  return %f : tensor<4xi32>
}
