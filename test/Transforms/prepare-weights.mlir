// RUN: capstan-opt %s -allow-unregistered-dialect --capstan-prepare-weights | FileCheck %s

// CHECK-LABEL: func.func @main.prepare(
// CHECK-SAME: %[[W:.*]]: tensor<4x8xf32> {capstan.frozen, capstan.name = "w"}, %[[V:.*]]: tensor<2x8xf32> {capstan.frozen, capstan.name = "v"})
// CHECK-SAME: -> (tensor<6x8xf32> {capstan.name = "prepared.0"}, tensor<4x8xf32> {capstan.name = "prepared.1"})
// CHECK: %[[P:.*]] = tensor.concat dim(0) %[[W]], %[[V]]
// CHECK: %[[ONE:.*]] = arith.constant 1.0
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%[[W]]
// CHECK: arith.addf %{{.*}}, %[[ONE]]
// CHECK: return %[[P]], %[[S]]

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x8xf32> {{{[^}]*}}}, %[[B:.*]]: tensor<8xf32> {capstan.frozen, capstan.name = "b"},
// CHECK-SAME: %[[PACKED:.*]]: tensor<6x8xf32> {capstan.frozen, capstan.name = "prepared.0"},
// CHECK-SAME: %[[SUM:.*]]: tensor<4x8xf32> {capstan.frozen, capstan.name = "prepared.1"})
// CHECK-NOT: tensor.concat
// CHECK: tensor.expand_shape %[[B]]
// CHECK: return %{{.*}}, %[[PACKED]], %{{.*}}, %[[SUM]]
func.func @main(%x: tensor<?x8xf32> {capstan.name = "x"}, %w: tensor<4x8xf32> {capstan.frozen, capstan.name = "w"},
                %v: tensor<2x8xf32> {capstan.frozen, capstan.name = "v"}, %b: tensor<8xf32> {capstan.frozen, capstan.name = "b"})
    -> (tensor<?x8xf32>, tensor<6x8xf32>, tensor<2x4xf32>, tensor<4x8xf32>) {
  %p = tensor.concat dim(0) %w, %v : (tensor<4x8xf32>, tensor<2x8xf32>) -> tensor<6x8xf32>
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%w : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %t = arith.addf %in, %one : f32
    linalg.yield %t : f32
  } -> tensor<4x8xf32>
  // What nobody knows has nothing to do with it.
  "unknown.op"() ({ ^bb0: }) : () -> ()
  // A view alone is made where it is used.
  %view = tensor.expand_shape %b [[0, 1]] output_shape [2, 4] : tensor<8xf32> into tensor<2x4xf32>
  return %x, %p, %view, %s : tensor<?x8xf32>, tensor<6x8xf32>, tensor<2x4xf32>, tensor<4x8xf32>
}

// Somebody in the module calls it, and nothing is frozen in the other.
// CHECK-NOT: @called.prepare
// CHECK-NOT: @thawed.prepare
func.func @called(%w: tensor<4x8xf32> {capstan.frozen}) -> tensor<8x8xf32> {
  %p = tensor.concat dim(0) %w, %w : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>
  return %p : tensor<8x8xf32>
}
func.func @thawed(%w: tensor<4x8xf32>) -> tensor<8x8xf32> {
  %p = call @called(%w) : (tensor<4x8xf32>) -> tensor<8x8xf32>
  return %p : tensor<8x8xf32>
}

// CHECK-NOT: @recursive.prepare
func.func @recursive(%w: tensor<4x8xf32> {capstan.frozen}) -> tensor<8x8xf32> {
  %p = tensor.concat dim(0) %w, %w : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>
  %q = tensor.extract_slice %p[2, 0] [4, 8] [1, 1] : tensor<8x8xf32> to tensor<4x8xf32>
  %r = call @recursive(%q) : (tensor<4x8xf32>) -> tensor<8x8xf32>
  return %r : tensor<8x8xf32>
}
