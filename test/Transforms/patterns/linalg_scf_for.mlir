// Layers as a loop over stacked weights: *_linalg_scf_for.
// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK: linalg.reduce
// CHECK: capstan.item
// CHECK: scf.for
// CHECK-NOT: linalg.reduce
// CHECK-NOT: capstan.item
func.func @forward(%x: tensor<?xf32>, %lens: tensor<?xi32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %r = scf.for %l = %c0 to %c16 step %c1 iter_args(%h = %x) -> tensor<?xf32> {
    %zero = arith.constant dense<0> : tensor<i32>
    %max = linalg.reduce { arith.maxsi } ins(%lens : tensor<?xi32>) outs(%zero : tensor<i32>) dimensions = [0]
    %n = tensor.extract %max[] : tensor<i32>
    %y = "foo.layer"(%h, %n, %l) : (tensor<?xf32>, i32, index) -> tensor<?xf32>
    scf.yield %y : tensor<?xf32>
  }
  return %r : tensor<?xf32>
}
