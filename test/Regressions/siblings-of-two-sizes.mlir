// Two results of one row for all have their own numbers of rows, and their own types: they aren't one loop.

// RUN: capstan-opt %s --pass-pipeline="builtin.module(func.func(capstan-fuse-rows))" | FileCheck %s

#row = affine_map<(i, j) -> (j)>
#rows = affine_map<(i, j) -> (i, j)>

// CHECK-LABEL: func.func @sizes
// CHECK-SAME: %[[N:[a-z0-9]*]]: index, %[[M:[a-z0-9]*]]: index
// CHECK: %[[A:.*]] = scf.forall {{.*}} in (%[[N]])
// CHECK: %[[B:.*]] = scf.forall {{.*}} in (%[[M]])
// CHECK: return %[[A]], %[[B]]
func.func @sizes(%w: tensor<64xf32>, %n: index, %m: index) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %e = tensor.empty(%n) : tensor<?x64xf32>
  %g = tensor.empty(%m) : tensor<?x64xf32>
  %a = linalg.generic {indexing_maps = [#row, #rows], iterator_types = ["parallel", "parallel"]} ins(%w : tensor<64xf32>) outs(%e : tensor<?x64xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.exp %x : f32
    linalg.yield %y : f32
  } -> tensor<?x64xf32>
  %b = linalg.generic {indexing_maps = [#row, #rows], iterator_types = ["parallel", "parallel"]} ins(%w : tensor<64xf32>) outs(%g : tensor<?x64xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = arith.addf %x, %x : f32
    linalg.yield %y : f32
  } -> tensor<?x64xf32>
  return %a, %b : tensor<?x64xf32>, tensor<?x64xf32>
}

// CHECK-LABEL: func.func @types
// CHECK: scf.forall {{.*}} -> (tensor<?x64xf32>)
// CHECK: scf.forall {{.*}} -> (tensor<8x64xf32>)
func.func @types(%w: tensor<8x64xf32>, %n: index) -> (tensor<?x64xf32>, tensor<8x64xf32>) {
  %e = tensor.empty(%n) : tensor<?x64xf32>
  %g = tensor.empty() : tensor<8x64xf32>
  %a = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%w : tensor<8x64xf32>) outs(%e : tensor<?x64xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.exp %x : f32
    linalg.yield %y : f32
  } -> tensor<?x64xf32>
  %b = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%w : tensor<8x64xf32>) outs(%g : tensor<8x64xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = arith.addf %x, %x : f32
    linalg.yield %y : f32
  } -> tensor<8x64xf32>
  return %a, %b : tensor<?x64xf32>, tensor<8x64xf32>
}
