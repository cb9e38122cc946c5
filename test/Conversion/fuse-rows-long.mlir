// RUN: capstan-opt %s --pass-pipeline="builtin.module(func.func(capstan-fuse-rows),canonicalize)" --split-input-file | FileCheck %s

#rows = affine_map<(i, j) -> (i, j)>

// Rows without a sum need not fit the registers of a block: 17 parts of 1024.

// CHECK: #[[$PART:.*]] = affine_map<(d0) -> (d0 * 1024)>
// CHECK: #[[$SECOND:.*]] = affine_map<(d0) -> (d0 * 1024 + 17408)>
// CHECK-LABEL: func.func @gate
// CHECK-SAME: (%[[X:.*]]: tensor<?x34816xbf16>
// CHECK: scf.forall (%[[I:.*]], %[[J:.*]]) in (%{{.*}}, 17)
// CHECK: %[[FIRST:.*]] = affine.apply #[[$PART]](%[[J]])
// CHECK: vector.transfer_read %[[X]][%[[I]], %{{.*}}vector<1024xbf16>
// CHECK: %[[OTHER:.*]] = affine.apply #[[$SECOND]](%[[J]])
// CHECK: vector.transfer_read %[[X]][%[[I]], %[[OTHER]]]{{.*}}vector<1024xbf16>
// CHECK: tensor.parallel_insert_slice {{.*}}[%[[I]], %[[FIRST]]] [1, 1024]
// CHECK: capstan.rows
func.func @gate(%x: tensor<?x34816xbf16>, %n: index) -> tensor<?x17408xbf16> {
  %e = tensor.empty(%n) : tensor<?x17408xbf16>
  %a = tensor.extract_slice %x[0, 0] [%n, 17408] [1, 1] : tensor<?x34816xbf16> to tensor<?x17408xbf16>
  %b = tensor.extract_slice %x[0, 17408] [%n, 17408] [1, 1] : tensor<?x34816xbf16> to tensor<?x17408xbf16>
  %y = linalg.generic {indexing_maps = [#rows, #rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%a, %b : tensor<?x17408xbf16>, tensor<?x17408xbf16>) outs(%e : tensor<?x17408xbf16>) {
  ^bb0(%g: bf16, %u: bf16, %o: bf16):
    %t = arith.mulf %g, %u : bf16
    linalg.yield %t : bf16
  } -> tensor<?x17408xbf16>
  return %y : tensor<?x17408xbf16>
}

// -----

#rows = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// The sum of such a row has a thread; what is done with it is not joined.

// CHECK-LABEL: func.func @sum
// CHECK: %[[SUM:.*]] = linalg.generic
// CHECK: scf.forall (%[[I:.*]], %{{.*}}) in (3, 17)
// CHECK: vector.transfer_read %[[SUM]][%[[I]]]
func.func @sum(%x: tensor<3x136xbf16>, %zero: tensor<3xbf16>) -> tensor<3x136xbf16> {
  %e = tensor.empty() : tensor<3x136xbf16>
  %s = linalg.generic {indexing_maps = [#rows, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<3x136xbf16>) outs(%zero : tensor<3xbf16>) {
  ^bb0(%a: bf16, %o: bf16):
    %t = arith.addf %a, %o : bf16
    linalg.yield %t : bf16
  } -> tensor<3xbf16>
  %y = linalg.generic {indexing_maps = [#rows, #row, #rows], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<3x136xbf16>, tensor<3xbf16>) outs(%e : tensor<3x136xbf16>) {
  ^bb0(%a: bf16, %b: bf16, %o: bf16):
    %t = arith.mulf %a, %b : bf16
    linalg.yield %t : bf16
  } -> tensor<3x136xbf16>
  return %y : tensor<3x136xbf16>
}
