// RUN: capstan-opt %s --pass-pipeline="builtin.module(func.func(capstan-fuse-rows),canonicalize)" --split-input-file | FileCheck %s

#rows = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#same = affine_map<(i, j) -> (j)>

// Sum, its use and what both read are one loop; what others use is written.

// CHECK-LABEL: func.func @norm
// CHECK-SAME: (%[[X:.*]]: tensor<?x1024xbf16>, %[[R:.*]]: tensor<?x1024xbf16>, %[[W:.*]]: tensor<1024xbf16>)
// CHECK-NOT: linalg.generic
// CHECK: %[[LOOP:.*]]:2 = scf.forall (%[[I:.*]]) in
// CHECK: vector.transfer_read %[[X]][%[[I]], %{{.*}}]{{.*}}vector<1024xbf16>
// CHECK: vector.transfer_read %[[R]][%[[I]], %{{.*}}]{{.*}}vector<1024xbf16>
// CHECK: vector.transfer_write
// CHECK: %[[SUM:.*]] = vector.reduction <add>, %{{.*}} : vector<1024xf32> into f32
// CHECK: %[[ROOT:.*]] = math.rsqrt %[[SUM]] : f32
// CHECK: vector.broadcast %[[ROOT]] : f32 to vector<1024xf32>
// CHECK: vector.transfer_write
// CHECK: capstan.rows
// CHECK: return %[[LOOP]]#1, %[[LOOP]]#0
func.func @norm(%x: tensor<?x1024xbf16>, %r: tensor<?x1024xbf16>, %w: tensor<1024xbf16>) -> (tensor<?x1024xbf16>, tensor<?x1024xbf16>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x1024xbf16>
  %e = tensor.empty(%n) : tensor<?x1024xbf16>
  %s = tensor.empty(%n) : tensor<?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%s : tensor<?xf32>) -> tensor<?xf32>
  %h = linalg.generic {indexing_maps = [#rows, #rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%x, %r : tensor<?x1024xbf16>, tensor<?x1024xbf16>) outs(%e : tensor<?x1024xbf16>) {
  ^bb0(%a: bf16, %b: bf16, %o: bf16):
    %t = arith.addf %a, %b : bf16
    linalg.yield %t : bf16
  } -> tensor<?x1024xbf16>
  %ss = linalg.generic {indexing_maps = [#rows, #row], iterator_types = ["parallel", "reduction"]} ins(%h : tensor<?x1024xbf16>) outs(%f : tensor<?xf32>) {
  ^bb0(%a: bf16, %o: f32):
    %af = arith.extf %a : bf16 to f32
    %q = arith.mulf %af, %af : f32
    %t = arith.addf %o, %q : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  %y = linalg.generic {indexing_maps = [#rows, #row, #same, #rows], iterator_types = ["parallel", "parallel"]} ins(%h, %ss, %w : tensor<?x1024xbf16>, tensor<?xf32>, tensor<1024xbf16>) outs(%e : tensor<?x1024xbf16>) {
  ^bb0(%a: bf16, %q: f32, %g: bf16, %o: bf16):
    %rs = math.rsqrt %q : f32
    %af = arith.extf %a : bf16 to f32
    %m = arith.mulf %af, %rs : f32
    %t = arith.truncf %m : f32 to bf16
    %u = arith.mulf %t, %g : bf16
    linalg.yield %u : bf16
  } -> tensor<?x1024xbf16>
  return %h, %y : tensor<?x1024xbf16>, tensor<?x1024xbf16>
}

// -----

// A length with a rest, a length that isn't known, and a read of another
// element have a thread for each element.

#rows = affine_map<(i, j) -> (i, j)>
#turned = affine_map<(i, j) -> (j, i)>

// CHECK-LABEL: func.func @left
// CHECK-NOT: scf.forall
func.func @left(%a: tensor<8x7xf32>, %b: tensor<8x?xf32>, %c: tensor<8x8xf32>) -> (tensor<8x7xf32>, tensor<8x?xf32>, tensor<8x8xf32>) {
  %x = linalg.generic {indexing_maps = [#rows], iterator_types = ["parallel", "parallel"]} outs(%a : tensor<8x7xf32>) {
  ^bb0(%o: f32):
    %t = arith.negf %o : f32
    linalg.yield %t : f32
  } -> tensor<8x7xf32>
  %y = linalg.generic {indexing_maps = [#rows], iterator_types = ["parallel", "parallel"]} outs(%b : tensor<8x?xf32>) {
  ^bb0(%o: f32):
    %t = arith.negf %o : f32
    linalg.yield %t : f32
  } -> tensor<8x?xf32>
  %z = linalg.generic {indexing_maps = [#turned, #rows], iterator_types = ["parallel", "parallel"]} ins(%c : tensor<8x8xf32>) outs(%c : tensor<8x8xf32>) {
  ^bb0(%i: f32, %o: f32):
    %t = arith.negf %i : f32
    linalg.yield %t : f32
  } -> tensor<8x8xf32>
  return %x, %y, %z : tensor<8x7xf32>, tensor<8x?xf32>, tensor<8x8xf32>
}
