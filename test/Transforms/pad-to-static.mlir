// Masks where live results would depend on padding, none elsewhere.
// RUN: capstan-opt %s --capstan-pad-to-static=buckets=T=16/B=4 --split-input-file | FileCheck %s

// The original stays.
// CHECK-LABEL: func.func @main(%{{.*}}: tensor<?x4xf32> {capstan.dims
// CHECK-LABEL: func.func @main_T16_B4(
// CHECK-SAME: %[[X:.*]]: tensor<16x4xf32> {capstan.live = [#capstan.dim<"T", max = 64>, 4]}
// CHECK-SAME: %[[L:.*]]: tensor<4xi32> {capstan.live = [#capstan.dim<"B", max = 8>]}
// CHECK-SAME: %[[T:.*]]: tensor<i64> {capstan.extent = "T"}, %[[B:.*]]: tensor<i64> {capstan.extent = "B"})
// CHECK-SAME: -> (tensor<16x4xf32> {capstan.live = [#capstan.dim<"T">, 4]}, tensor<4xf32> {capstan.live = [4]}
// CHECK-SAME: attributes {capstan.bucket = {B = 4 : i64, T = 16 : i64}, capstan.bucket_of = @main}
func.func @main(%x: tensor<?x4xf32> {capstan.dims = [#capstan.dim<"T", max = 64>, 4]},
                %lens: tensor<?xi32> {capstan.dims = [#capstan.dim<"B", max = 8>], capstan.lengths = "T"})
    -> (tensor<?x4xf32>, tensor<4xf32>, tensor<?x?xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %least = arith.constant dense<0> : tensor<i32>
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  // CHECK: %[[Y:.*]] = linalg.exp ins(%[[X]] :
  %y = linalg.exp ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %se = tensor.empty() : tensor<4xf32>
  %sz = linalg.fill ins(%zero : f32) outs(%se : tensor<4xf32>) -> tensor<4xf32>
  // CHECK: linalg.generic {{.*}}iterator_types = ["reduction", "parallel"]} ins(%[[Y]], %[[T]] :
  // CHECK: ^bb0(%[[IN:.*]]: f32, %[[LIVE:.*]]: i64, %[[ACC:.*]]: f32)
  // CHECK: %[[SUM:.*]] = arith.addf
  // CHECK: %[[I:.*]] = linalg.index 0
  // CHECK: %[[END:.*]] = arith.index_cast %[[LIVE]]
  // CHECK: %[[IS:.*]] = arith.cmpi slt, %[[I]], %[[END]]
  // CHECK: %[[NEXT:.*]] = arith.select %[[IS]], %[[SUM]], %[[ACC]]
  // CHECK: linalg.yield %[[NEXT]]
  %s = linalg.reduce { arith.addf } ins(%y : tensor<?x4xf32>) outs(%sz : tensor<4xf32>) dimensions = [0]
  // The longest is not read: its bound is T's, and the device checks it.
  // CHECK: %[[MAX:.*]] = linalg.generic {{.*}} ins(%[[L]], %[[B]] :
  // CHECK-NOT: capstan.item
  // CHECK: capstan.device_check %{{.*}}, "a size read from the data is over the bound of this bucket"
  %max = linalg.reduce { arith.maxsi } ins(%lens : tensor<?xi32>) outs(%least : tensor<i32>) dimensions = [0]
  %l = capstan.item %max[] : tensor<i32>
  %li = arith.index_cast %l : i32 to index
  %ge = tensor.empty(%n, %li) : tensor<?x?xf32>
  // A sum beside padding needs no mask.
  // CHECK: %[[G:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<16x16xf32>)
  // CHECK-NOT: select
  // CHECK: linalg.yield
  %g = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (i, j)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%y : tensor<?x4xf32>) outs(%ge : tensor<?x?xf32>) {
  ^bb0(%a: f32, %out: f32):
    %j = linalg.index 1 : index
    %ji = arith.index_cast %j : index to i32
    %jf = arith.sitofp %ji : i32 to f32
    %r = arith.addf %a, %jf : f32
    linalg.yield %r : f32
  } -> tensor<?x?xf32>
  // Neutral already: zeros where padded.
  // CHECK: return
  return %y, %s, %g : tensor<?x4xf32>, tensor<4xf32>, tensor<?x?xf32>
}

// -----

// What is padded holds zeros: an integer sum of that is none the worse.
// CHECK-LABEL: func.func @neutral_T16_B4
// CHECK: linalg.fill
// CHECK: linalg.generic {{.*}} ["reduction"]
// CHECK-NOT: select
// CHECK: return
func.func @neutral(%x: tensor<?xi32> {capstan.dims = [#capstan.dim<"T", max = 64>]},
                   %y: tensor<?xi32> {capstan.dims = [#capstan.dim<"B", max = 64>]}) -> tensor<i32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0 : i32
  %n = tensor.dim %x, %c0 : tensor<?xi32>
  %e = tensor.empty(%n) : tensor<?xi32>
  %f = linalg.fill ins(%zero : i32) outs(%e : tensor<?xi32>) -> tensor<?xi32>
  %se = tensor.empty() : tensor<i32>
  %sz = linalg.fill ins(%zero : i32) outs(%se : tensor<i32>) -> tensor<i32>
  %s = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%f : tensor<?xi32>) outs(%sz : tensor<i32>) {
  ^bb0(%a: i32, %out: i32):
    %r = arith.addi %out, %a : i32
    linalg.yield %r : i32
  } -> tensor<i32>
  return %s : tensor<i32>
}
