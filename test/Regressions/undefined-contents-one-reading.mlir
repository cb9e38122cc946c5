// Two undefined tensors are read alike, and one of them once more: that one tells which is which.

// RUN: split-file %s %t
// RUN: capstan-verify %t/before.mlir %t/after.mlir
// RUN: not capstan-verify %t/before.mlir %t/mixed.mlir

//--- before.mlir
func.func @f() {
  %c0 = arith.constant 0 : index
  %u = tensor.empty() : tensor<i32>
  %v = tensor.empty() : tensor<i32>
  %m = memref.alloc() : memref<2xi32>
  %fu = arith.addi %u, %u : tensor<i32>
  %dead = tensor.extract %fu[] : tensor<i32>
  %fv = arith.addi %v, %v : tensor<i32>
  %0 = tensor.extract %fv[] : tensor<i32>
  memref.store %0, %m[%c0] : memref<2xi32>
  %gu = arith.muli %u, %u : tensor<i32>
  %1 = tensor.extract %gu[] : tensor<i32>
  memref.store %1, %m[%c0] : memref<2xi32>
  return
}
//--- after.mlir
func.func @f() {
  %c0 = arith.constant 0 : index
  %u = tensor.empty() : tensor<i32>
  %v = tensor.empty() : tensor<i32>
  %m = memref.alloc() : memref<2xi32>
  %fv = arith.addi %v, %v : tensor<i32>
  %0 = tensor.extract %fv[] : tensor<i32>
  memref.store %0, %m[%c0] : memref<2xi32>
  %gu = arith.muli %u, %u : tensor<i32>
  %1 = tensor.extract %gu[] : tensor<i32>
  memref.store %1, %m[%c0] : memref<2xi32>
  return
}
//--- mixed.mlir
func.func @f() {
  %c0 = arith.constant 0 : index
  %v = tensor.empty() : tensor<i32>
  %w = tensor.empty() : tensor<i32>
  %m = memref.alloc() : memref<2xi32>
  %fv = arith.addi %v, %w : tensor<i32>
  %0 = tensor.extract %fv[] : tensor<i32>
  memref.store %0, %m[%c0] : memref<2xi32>
  return
}
