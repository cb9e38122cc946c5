// RUN: capstan-opt %s --pass-pipeline="builtin.module(func.func(capstan-fuse-rows),canonicalize,cse)" --split-input-file | FileCheck %s

// Halves of rows, one of them negated, side by side: one loop, which reads what
// it needs of the row.

#rows = affine_map<(t, h, d) -> (t, h, d)>
#turned = affine_map<(t, h, d) -> (h, t, d)>
#table = affine_map<(t, h, d) -> (t, d)>

// CHECK-LABEL: func.func @rotate
// CHECK-SAME: (%[[X:.*]]: tensor<4x?x128xbf16>, %[[SIN:.*]]: tensor<?x128xbf16>
// CHECK-COUNT-1: scf.forall (%[[T:.*]], %[[H:.*]]) in
// CHECK: %[[HIGH:.*]] = vector.transfer_read %[[X]][%[[H]], %[[T]], %c64]{{.*}} vector<64xbf16>
// CHECK: %[[NEG:.*]] = arith.negf %[[HIGH]] : vector<64xbf16>
// CHECK: %[[A:.*]] = vector.insert_strided_slice %[[NEG]], %{{.*}} {offsets = [0]
// CHECK: %[[LOW:.*]] = vector.transfer_read %[[X]][%[[H]], %[[T]], %c0]{{.*}} vector<64xbf16>
// CHECK: %[[B:.*]] = vector.insert_strided_slice %[[LOW]], %[[A]] {offsets = [64]
// CHECK: vector.transfer_read %[[SIN]][%[[T]], %c0]
// CHECK: arith.mulf %[[B]]
// CHECK-NOT: scf.forall (
func.func @rotate(%x: tensor<4x?x128xbf16>, %sin: tensor<?x128xbf16>, %n: index) -> tensor<?x4x128xbf16> {
  %low = tensor.extract_slice %x[0, 0, 0] [4, %n, 64] [1, 1, 1] : tensor<4x?x128xbf16> to tensor<4x?x64xbf16>
  %high = tensor.extract_slice %x[0, 0, 64] [4, %n, 64] [1, 1, 1] : tensor<4x?x128xbf16> to tensor<4x?x64xbf16>
  %e0 = tensor.empty(%n) : tensor<4x?x64xbf16>
  %neg = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel", "parallel"]} ins(%high : tensor<4x?x64xbf16>) outs(%e0 : tensor<4x?x64xbf16>) {
  ^bb0(%a: bf16, %o: bf16):
    %1 = arith.negf %a : bf16
    linalg.yield %1 : bf16
  } -> tensor<4x?x64xbf16>
  %turned = tensor.concat dim(2) %neg, %low : (tensor<4x?x64xbf16>, tensor<4x?x64xbf16>) -> tensor<4x?x128xbf16>
  %e1 = tensor.empty(%n) : tensor<?x4x128xbf16>
  %y = linalg.generic {indexing_maps = [#turned, #table, #rows], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%turned, %sin : tensor<4x?x128xbf16>, tensor<?x128xbf16>) outs(%e1 : tensor<?x4x128xbf16>) {
  ^bb0(%b: bf16, %s: bf16, %o: bf16):
    %2 = arith.mulf %b, %s : bf16
    linalg.yield %2 : bf16
  } -> tensor<?x4x128xbf16>
  return %y : tensor<?x4x128xbf16>
}

// -----

// Rows side by side are a loop of their own, if 16-byte accesses can do the
// parts; else they are slices that are written.

// CHECK-LABEL: func.func @join
// CHECK: scf.forall
// CHECK-COUNT-2: vector.insert_strided_slice
// CHECK: tensor.insert_slice
func.func @join(%a: tensor<?x32xf32>, %b: tensor<?x8xf32>, %c: tensor<?x7xf32>) -> (tensor<?x40xf32>, tensor<?x39xf32>) {
  %x = tensor.concat dim(1) %a, %b : (tensor<?x32xf32>, tensor<?x8xf32>) -> tensor<?x40xf32>
  %y = tensor.concat dim(1) %a, %c : (tensor<?x32xf32>, tensor<?x7xf32>) -> tensor<?x39xf32>
  return %x, %y : tensor<?x40xf32>, tensor<?x39xf32>
}

// -----

// Threads of a GPU have no part in what is on the host.

// CHECK-LABEL: func.func @host
// CHECK-NOT: scf.forall
// CHECK: tensor.insert_slice
func.func @host(%a: tensor<2x8xf32, #capstan.host>) -> tensor<2x16xf32, #capstan.host> {
  %x = tensor.concat dim(1) %a, %a : (tensor<2x8xf32, #capstan.host>, tensor<2x8xf32, #capstan.host>) -> tensor<2x16xf32, #capstan.host>
  return %x : tensor<2x16xf32, #capstan.host>
}
