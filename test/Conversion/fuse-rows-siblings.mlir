// RUN: capstan-opt %s --pass-pipeline="builtin.module(func.func(capstan-fuse-rows),canonicalize)" --split-input-file | FileCheck %s

#rows = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#same = affine_map<(i, j) -> (j)>

// What is computed of the same rows is one loop, and the rows aren't written.

// CHECK-LABEL: func.func @tables
// CHECK-NOT: linalg.generic
// CHECK: %[[LOOP:.*]]:2 = scf.forall {{.*}} -> (tensor<?x64xf32>, tensor<?x64xbf16>)
// CHECK: %[[ANGLES:.*]] = arith.mulf
// CHECK-DAG: math.cos %[[ANGLES]] : vector<64xf32>
// CHECK-DAG: math.sin %[[ANGLES]] : vector<64xf32>
// CHECK-NOT: linalg.generic
// CHECK-NOT: scf.forall (
// CHECK: return %[[LOOP]]#0, %[[LOOP]]#1
func.func @tables(%p: tensor<?xf32>, %w: tensor<64xf32>, %n: index) -> (tensor<?x64xf32>, tensor<?x64xbf16>) {
  %e = tensor.empty(%n) : tensor<?x64xf32>
  %h = tensor.empty(%n) : tensor<?x64xbf16>
  %f = linalg.generic {indexing_maps = [#row, #same, #rows], iterator_types = ["parallel", "parallel"]} ins(%p, %w : tensor<?xf32>, tensor<64xf32>) outs(%e : tensor<?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %t = arith.mulf %a, %b : f32
    linalg.yield %t : f32
  } -> tensor<?x64xf32>
  %cos = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%f : tensor<?x64xf32>) outs(%e : tensor<?x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = math.cos %a : f32
    linalg.yield %t : f32
  } -> tensor<?x64xf32>
  %sin = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%f : tensor<?x64xf32>) outs(%h : tensor<?x64xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %s = math.sin %a : f32
    %t = arith.truncf %s : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x64xbf16>
  return %cos, %sin : tensor<?x64xf32>, tensor<?x64xbf16>
}

// -----

#rows = affine_map<(i, j) -> (i, j)>

// A result that joins what reads it stays alone.

// CHECK-LABEL: func.func @chain
// CHECK-COUNT-2: scf.forall {{.*}} -> (tensor<8x64xf32>) {
func.func @chain(%x: tensor<8x64xf32>, %y: tensor<8x64xf32>) -> (tensor<8x64xf32>, tensor<8x64xf32>) {
  %e = tensor.empty() : tensor<8x64xf32>
  %a = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<8x64xf32>) outs(%e : tensor<8x64xf32>) {
  ^bb0(%i: f32, %o: f32):
    %t = math.cos %i : f32
    linalg.yield %t : f32
  } -> tensor<8x64xf32>
  %b = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<8x64xf32>) outs(%e : tensor<8x64xf32>) {
  ^bb0(%i: f32, %o: f32):
    %t = math.sin %i : f32
    linalg.yield %t : f32
  } -> tensor<8x64xf32>
  %c = linalg.generic {indexing_maps = [#rows, #rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%b, %y : tensor<8x64xf32>, tensor<8x64xf32>) outs(%e : tensor<8x64xf32>) {
  ^bb0(%i: f32, %k: f32, %o: f32):
    %t = arith.addf %i, %k : f32
    linalg.yield %t : f32
  } -> tensor<8x64xf32>
  return %a, %c : tensor<8x64xf32>, tensor<8x64xf32>
}

// -----

#rows = affine_map<(i, j) -> (i, j)>

// So does one that needs a number of later.

// CHECK-LABEL: func.func @later
// CHECK-COUNT-2: scf.forall {{.*}} -> (tensor<8x64xf32>) {
func.func @later(%x: tensor<8x64xf32>, %p: f32) -> (tensor<8x64xf32>, tensor<8x64xf32>) {
  %e = tensor.empty() : tensor<8x64xf32>
  %a = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<8x64xf32>) outs(%e : tensor<8x64xf32>) {
  ^bb0(%i: f32, %o: f32):
    %t = math.cos %i : f32
    linalg.yield %t : f32
  } -> tensor<8x64xf32>
  %q = math.exp %p : f32
  %b = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<8x64xf32>) outs(%e : tensor<8x64xf32>) {
  ^bb0(%i: f32, %o: f32):
    %t = arith.mulf %i, %q : f32
    linalg.yield %t : f32
  } -> tensor<8x64xf32>
  return %a, %b : tensor<8x64xf32>, tensor<8x64xf32>
}
