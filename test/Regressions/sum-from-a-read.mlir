// A sum of a read that starts with that read is computed, and proven: what an initial value holds may be a read.

// RUN: rm -rf %t && mkdir %t
// RUN: capstan-opt %s --capstan-host-sync-pipeline="overlap=0" -o %t/after.mlir
// RUN: FileCheck %s < %t/after.mlir
// RUN: capstan-verify %s %t/after.mlir

// CHECK-LABEL: @main
// CHECK-COUNT-1: capstan.
// CHECK-NOT: capstan.
func.func @main(%values: tensor<?xi32>, %at: index) -> i32 {
  %0 = tensor.extract %values[%at] : tensor<?xi32>
  %1 = linalg.fill ins(%0 : i32) outs(%values : tensor<?xi32>) -> tensor<?xi32>
  %2 = tensor.empty() : tensor<i32>
  %3 = linalg.fill ins(%0 : i32) outs(%2 : tensor<i32>) -> tensor<i32>
  %4 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>],
                       iterator_types = ["reduction"]} ins(%1 : tensor<?xi32>) outs(%3 : tensor<i32>) {
  ^bb0(%in: i32, %out: i32):
    %6 = arith.addi %in, %out : i32
    linalg.yield %6 : i32
  } -> tensor<i32>
  %5 = tensor.extract %4[] : tensor<i32>
  return %5 : i32
}
