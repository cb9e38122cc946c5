// RUN: capstan-opt %s --capstan-fuse-kernels -canonicalize | FileCheck %s

// CHECK-LABEL: func.func @chain(
// CHECK-COUNT-1: linalg.generic
// CHECK: arith.negf
// CHECK-NEXT: math.exp
// CHECK-NOT: linalg.generic
func.func @chain(%x: tensor<1x?xf32>, %e: tensor<1x?xf32>) -> tensor<1x?xf32> {
  %a = linalg.map { arith.negf } ins(%x : tensor<1x?xf32>) outs(%e : tensor<1x?xf32>)
  %b = linalg.map { math.exp } ins(%a : tensor<1x?xf32>) outs(%e : tensor<1x?xf32>)
  return %b : tensor<1x?xf32>
}

// Once for every row, not once for every element.
// CHECK-LABEL: func.func @costly(
// CHECK: linalg.generic
// CHECK: math.rsqrt
// CHECK: linalg.generic
// CHECK: arith.mulf
func.func @costly(%x: tensor<?x64xf32>, %v: tensor<?xf32>, %e: tensor<?xf32>, %o: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %r = linalg.map { math.rsqrt } ins(%v : tensor<?xf32>) outs(%e : tensor<?xf32>)
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    ins(%x, %r : tensor<?x64xf32>, tensor<?xf32>) outs(%o : tensor<?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// A check runs as often as it did.
// CHECK-LABEL: func.func @check(
// CHECK: linalg.generic
// CHECK: cf.assert
// CHECK: linalg.generic
func.func @check(%x: tensor<?xi64>, %e: tensor<?xi64>) -> tensor<?xi64> {
  %c0 = arith.constant 0 : i64
  %a = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
    ins(%x : tensor<?xi64>) outs(%e : tensor<?xi64>) {
  ^bb0(%in: i64, %out: i64):
    %ok = arith.cmpi sge, %in, %c0 : i64
    cf.assert %ok, "negative"
    linalg.yield %in : i64
  } -> tensor<?xi64>
  %b = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
    ins(%a : tensor<?xi64>) outs(%e : tensor<?xi64>) {
  ^bb0(%in: i64, %out: i64):
    %s = arith.addi %in, %in : i64
    linalg.yield %s : i64
  } -> tensor<?xi64>
  return %b : tensor<?xi64>
}
