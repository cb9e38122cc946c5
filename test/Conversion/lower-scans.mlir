// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-lower-scans | FileCheck %s

// CHECK-LABEL: func.func @inclusive
func.func @inclusive(%x: tensor<?x4xi64>, %init: tensor<?x4xi64>, %acc: tensor<4xi64>) -> (tensor<?x4xi64>, tensor<4xi64>) {
  // CHECK: linalg.generic {{.*}}iterator_types = ["reduction", "parallel"]
  // CHECK-SAME: ins(%{{.*}} : tensor<?x4xi64>) outs(%{{.*}}, %{{.*}} : tensor<?x4xi64>, tensor<4xi64>)
  // CHECK: ^bb0(%[[IN:.*]]: i64, %{{.*}}: i64, %[[ACC:.*]]: i64):
  // CHECK: %[[SUM:.*]] = arith.addi %[[ACC]], %[[IN]]
  // CHECK: %[[FIRST:.*]] = arith.cmpi eq
  // CHECK: %[[NEXT:.*]] = arith.select %[[FIRST]], %[[IN]], %[[SUM]]
  // CHECK: linalg.yield %[[NEXT]], %[[NEXT]]
  %0:2 = "tm_tensor.scan"(%x, %init, %acc) <{dimension = 0 : i64, inclusive = true, operandSegmentSizes = array<i32: 1, 2>}> ({
  ^bb0(%a: i64, %b: i64):
    %1 = arith.addi %a, %b : i64
    "tm_tensor.yield"(%1) : (i64) -> ()
  }) : (tensor<?x4xi64>, tensor<?x4xi64>, tensor<4xi64>) -> (tensor<?x4xi64>, tensor<4xi64>)
  return %0#0, %0#1 : tensor<?x4xi64>, tensor<4xi64>
}

// CHECK-LABEL: func.func @exclusive
func.func @exclusive(%x: tensor<?xi64>, %init: tensor<?xi64>, %acc: tensor<i64>) -> tensor<?xi64> {
  // CHECK: ^bb0(%[[IN:.*]]: i64, %{{.*}}: i64, %[[ACC:.*]]: i64):
  // CHECK: %[[SUM:.*]] = arith.addi %[[ACC]], %[[IN]]
  // CHECK-NEXT: linalg.yield %[[ACC]], %[[SUM]]
  %0:2 = "tm_tensor.scan"(%x, %init, %acc) <{dimension = 0 : i64, inclusive = false, operandSegmentSizes = array<i32: 1, 2>}> ({
  ^bb0(%a: i64, %b: i64):
    %1 = arith.addi %a, %b : i64
    "tm_tensor.yield"(%1) : (i64) -> ()
  }) : (tensor<?xi64>, tensor<?xi64>, tensor<i64>) -> (tensor<?xi64>, tensor<i64>)
  return %0#0 : tensor<?xi64>
}
