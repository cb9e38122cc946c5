// Elements that no data decides are computed, not read.
// RUN: capstan-opt %s --capstan-eliminate-host-syncs | FileCheck %s

#none = affine_map<(d0, d1) -> ()>
#row = affine_map<(d0, d1) -> (d0)>
#all = affine_map<(d0, d1) -> (d0, d1)>

// The number of tokens as a sum of ones.
// CHECK-LABEL: func.func @count
// CHECK-SAME: (%[[X:.*]]: tensor<?x4x?xf32>)
func.func @count(%x: tensor<?x4x?xf32>) -> i64 {
  // CHECK-NOT: capstan.item
  // CHECK: %[[ONE:.*]] = arith.constant 1 : i64
  // CHECK: %[[N:.*]] = tensor.dim %[[X]], %c0
  // CHECK: %[[M:.*]] = tensor.dim %[[X]], %c2
  // CHECK: %[[P:.*]] = arith.muli %[[N]], %[[M]] : index
  // CHECK: %[[I:.*]] = arith.index_cast %[[P]] : index to i64
  // CHECK: %[[S:.*]] = arith.muli %[[I]], %[[ONE]] : i64
  // CHECK: %[[R:.*]] = arith.addi %[[S]], %c0_i64{{.*}} : i64
  // CHECK: return %[[R]]
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %one = arith.constant 1 : i64
  %zero = arith.constant 0 : i64
  %n = tensor.dim %x, %c0 : tensor<?x4x?xf32>
  %m = tensor.dim %x, %c2 : tensor<?x4x?xf32>
  %e = tensor.empty(%n, %m) : tensor<?x?xi64>
  %ones = linalg.fill ins(%one : i64) outs(%e : tensor<?x?xi64>) -> tensor<?x?xi64>
  %se = tensor.empty() : tensor<i64>
  %sz = linalg.fill ins(%zero : i64) outs(%se : tensor<i64>) -> tensor<i64>
  %s = linalg.generic {indexing_maps = [#all, #none], iterator_types = ["reduction", "reduction"]} ins(%ones : tensor<?x?xi64>) outs(%sz : tensor<i64>) {
  ^bb0(%a: i64, %o: i64):
    %q = arith.addi %a, %o : i64
    linalg.yield %q : i64
  } -> tensor<i64>
  %r = capstan.item %s[] : tensor<i64>
  return %r : i64
}

// The last position, through a kernel that only knows indices and a number of the host.
// CHECK-LABEL: func.func @position
// CHECK-SAME: (%[[N:.*]]: index, %[[K:.*]]: i32)
func.func @position(%n: index, %k: i32) -> i32 {
  // CHECK-NOT: capstan.item
  // CHECK: %[[LAST:.*]] = arith.subi %[[N]], %c1
  // CHECK: %[[I:.*]] = arith.index_cast %[[LAST]] : index to i32
  // CHECK: %[[R:.*]] = arith.addi %[[I]], %[[K]] : i32
  // CHECK: return %[[R]]
  %c1 = arith.constant 1 : index
  %e = tensor.empty(%n) : tensor<?xi32>
  %p = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%e : tensor<?xi32>) {
  ^bb0(%o: i32):
    %i = linalg.index 0 : index
    %c = arith.index_cast %i : index to i32
    %s = arith.addi %c, %k : i32
    linalg.yield %s : i32
  } -> tensor<?xi32>
  %last = arith.subi %n, %c1 : index
  %r = capstan.item %p[%last] : tensor<?xi32>
  return %r : i32
}

// Fills, whoever makes them; two in one transfer.
// CHECK-LABEL: func.func @fills
// CHECK-SAME: (%[[K:.*]]: i32, %[[F:.*]]: f32
func.func @fills(%k: i32, %f: f32, %x: tensor<4xf32>) -> (i32, f32) {
  // CHECK-NOT: capstan.fetch
  // CHECK: return %[[K]], %[[F]]
  %s = tensor.splat %k : tensor<4x4xi32>
  %re = tensor.empty() : tensor<4xi32>
  %row = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%s : tensor<4x4xi32>) outs(%re : tensor<4xi32>) {
  ^bb0(%a: i32, %o: i32):
    %m = arith.maxsi %a, %o : i32
    linalg.yield %m : i32
  } -> tensor<4xi32>
  %e = tensor.empty() : tensor<f32>
  %g = linalg.fill ins(%f : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %e1 = tensor.empty() : tensor<1xi32>
  %i = linalg.fill ins(%k : i32) outs(%e1 : tensor<1xi32>) -> tensor<1xi32>
  %a, %b = capstan.fetch %i, %g ["item", "item"] : (tensor<1xi32>, tensor<f32>) -> (i32, f32)
  return %a, %b : i32, f32
}

// Data has a part in it; a sum of floats rounds; a maximum is no sum.
// CHECK-LABEL: func.func @kept
func.func @kept(%t: tensor<4xi32>, %k: i32) -> (i32, f32, i32) {
  // CHECK-COUNT-3: capstan.item
  %c1 = arith.constant 1 : index
  %e = tensor.empty() : tensor<4xi32>
  %p = linalg.add ins(%t, %t : tensor<4xi32>, tensor<4xi32>) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  %a = capstan.item %p[%c1] : tensor<4xi32>
  %one = arith.constant dense<1.0> : tensor<4xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %s = linalg.reduce { arith.addf } ins(%one : tensor<4xf32>) outs(%zero : tensor<f32>) dimensions = [0]
  %b = capstan.item %s[] : tensor<f32>
  %f = linalg.fill ins(%k : i32) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  %least = arith.constant dense<0> : tensor<i32>
  %m = linalg.reduce { arith.maxsi } ins(%f : tensor<4xi32>) outs(%least : tensor<i32>) dimensions = [0]
  %c = capstan.item %m[] : tensor<i32>
  return %a, %b, %c : i32, f32, i32
}
