// RUN: capstan-opt %s --pass-pipeline="builtin.module(func.func(capstan-fuse-rows),canonicalize,cse)" --split-input-file | FileCheck %s

// What an index tensor picks: the check is made once for a row.

#row = affine_map<(i, j) -> (i)>
#rows = affine_map<(i, j) -> (i, j)>

// CHECK-LABEL: func.func @gather
// CHECK-SAME: (%[[TABLE:.*]]: tensor<100x64xbf16>, %[[IDS:.*]]: tensor<?xi64>
// CHECK-COUNT-1: scf.forall (%[[I:.*]]) in
// CHECK: %[[MINE:.*]] = tensor.extract_slice %[[IDS]][%[[I]]]
// CHECK: %[[ID:.*]] = tensor.extract %[[MINE]]
// CHECK: %[[AT:.*]] = arith.index_cast %[[ID]]
// CHECK: %[[OK:.*]] = arith.cmpi ult, %[[AT]]
// CHECK: cf.assert %[[OK]], "out of range"
// CHECK: vector.transfer_read %[[TABLE]][%[[AT]], %c0]{{.*}} vector<64xbf16>
// CHECK: arith.extf {{.*}} : vector<64xbf16> to vector<64xf32>
// CHECK-NOT: cf.assert
func.func @gather(%table: tensor<100x64xbf16>, %ids: tensor<?xi64>, %e: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %c100 = arith.constant 100 : index
  %y = linalg.generic {indexing_maps = [#row, #rows], iterator_types = ["parallel", "parallel"]} ins(%ids : tensor<?xi64>) outs(%e : tensor<?x64xf32>) {
  ^bb0(%id: i64, %o: f32):
    %at = arith.index_cast %id : i64 to index
    %ok = arith.cmpi ult, %at, %c100 : index
    cf.assert %ok, "out of range"
    %j = linalg.index 1 : index
    %x = tensor.extract %table[%at, %j] : tensor<100x64xbf16>
    %f = arith.extf %x : bf16 to f32
    linalg.yield %f : f32
  } -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

// A place that is computed first.

#one = affine_map<(i) -> (i)>
#row = affine_map<(i, j) -> (i)>
#rows = affine_map<(i, j) -> (i, j)>

// CHECK-LABEL: func.func @computed
// CHECK: scf.forall (
// CHECK-NOT: tensor.empty
// CHECK: %[[HALF:.*]] = arith.shrui %{{.*}} : i64
// CHECK: arith.index_cast %[[HALF]]
func.func @computed(%table: tensor<100x64xbf16>, %ids: tensor<?xi64>, %e0: tensor<?xi64>, %e: tensor<?x64xbf16>) -> tensor<?x64xbf16> {
  %c1 = arith.constant 1 : i64
  %half = linalg.generic {indexing_maps = [#one, #one], iterator_types = ["parallel"]} ins(%ids : tensor<?xi64>) outs(%e0 : tensor<?xi64>) {
  ^bb0(%id: i64, %o: i64):
    %h = arith.shrui %id, %c1 : i64
    linalg.yield %h : i64
  } -> tensor<?xi64>
  %y = linalg.generic {indexing_maps = [#row, #rows], iterator_types = ["parallel", "parallel"]} ins(%half : tensor<?xi64>) outs(%e : tensor<?x64xbf16>) {
  ^bb0(%id: i64, %o: bf16):
    %at = arith.index_cast %id : i64 to index
    %j = linalg.index 1 : index
    %x = tensor.extract %table[%at, %j] : tensor<100x64xbf16>
    linalg.yield %x : bf16
  } -> tensor<?x64xbf16>
  return %y : tensor<?x64xbf16>
}
