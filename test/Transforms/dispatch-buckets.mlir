// RUN: capstan-opt %s --capstan-pad-to-static=buckets=T=64/B=4,T=16/B=4 --capstan-dispatch-buckets --canonicalize | FileCheck %s
// RUN: capstan-opt %s --capstan-pad-to-static=buckets=T=64/B=4,T=16/B=4 --capstan-dispatch-buckets=fallback=false --canonicalize | FileCheck %s --check-prefix=ALONE

// The cheapest bucket comes first, whatever the order of the option.

// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[X:.*]]: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>]}
// CHECK-SAME:    %[[OFFSETS:.*]]: tensor<?xi32> {capstan.dims = [#capstan.dim<"B + 1">]}
// CHECK-SAME:    %[[LENGTHS:.*]]: tensor<?xi32>
// CHECK-SAME:    attributes {note = "kept"}
// CHECK-DAG:     %[[T:.*]] = tensor.dim %[[X]]
// CHECK-DAG:     %[[B1:.*]] = tensor.dim %[[OFFSETS]]
// CHECK-DAG:     %[[B:.*]] = tensor.dim %[[LENGTHS]]
// CHECK:         %[[SMALL:.*]] = arith.andi
// CHECK:         %[[LARGE:.*]] = arith.andi
// CHECK:         scf.index_switch
// CHECK-NEXT:    case 0 {
// CHECK:           %[[PADDED:.*]] = tensor.insert_slice %[[X]] into %{{.*}}[0] [%{{.*}}] [1] : tensor<?xf32> into tensor<16xf32>
// CHECK:           tensor.insert_slice %[[OFFSETS]] into %{{.*}} : tensor<?xi32> into tensor<5xi32>
// CHECK:           capstan.count_padding %{{.*}} of %c25_i64
// CHECK:           %[[EXTENT:.*]] = tensor.from_elements %{{.*}} : tensor<i64>
// CHECK:           %[[Y:.*]]:2 = func.call @main_T16_B4(%[[PADDED]], {{.*}}, %[[EXTENT]], %{{.*}})
// CHECK:           %[[LIVE:.*]] = tensor.extract_slice %[[Y]]#0[0] [%[[T]]] [1] : tensor<16xf32> to tensor<?xf32>
// CHECK:           %[[KEPT:.*]] = bufferization.alloc_tensor() copy(%[[LIVE]])
// CHECK:           scf.yield %[[KEPT]], %[[Y]]#1
// CHECK:         case 1 {
// CHECK:           func.call @main_T64_B4
// CHECK:         default {
// CHECK:           scf.if
// CHECK:             scf.if
// CHECK:               capstan.count_fallback no_combination
// CHECK:               capstan.count_fallback too_large
// CHECK:             capstan.count_fallback bad_sizes
// CHECK:           func.call @main_dynamic(%[[X]], %[[OFFSETS]], %[[LENGTHS]])
// CHECK:       func.func private @main_dynamic(
// CHECK:       func.func private @main_T16_B4({{.*}}capstan.bucket_of = @main_dynamic

// ALONE-LABEL: func.func @main(
// ALONE:         cf.assert %{{.*}}, "no bucket holds this batch"
// ALONE-NOT:   main_dynamic(
func.func @main(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>]},
                %offsets: tensor<?xi32> {capstan.dims = [#capstan.dim<"B + 1">]},
                %lengths: tensor<?xi32> {capstan.dims = [#capstan.dim<"B", max = 4>]})
    -> (tensor<?xf32>, tensor<f32>) attributes {note = "kept"} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %y = linalg.exp ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %se = tensor.empty() : tensor<f32>
  %sz = linalg.fill ins(%zero : f32) outs(%se : tensor<f32>) -> tensor<f32>
  %s = linalg.reduce { arith.addf } ins(%y : tensor<?xf32>) outs(%sz : tensor<f32>) dimensions = [0]
  return %y, %s : tensor<?xf32>, tensor<f32>
}

// All ranks take the same bucket.

// CHECK-LABEL: func.func @ranks(
// CHECK:         arith.select
// CHECK-NEXT:    %[[MINE:.*]] = arith.select
// CHECK:         %[[OURS:.*]] = call @larger(%[[MINE]])
// CHECK:         cf.assert %{{.*}}, "the ranks agreed on a bucket that doesn't hold this batch"
// CHECK:         scf.index_switch %[[OURS]]
func.func private @larger(%bucket: index) -> index {
  return %bucket : index
}
func.func @ranks(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>]},
                 %lengths: tensor<?xi32> {capstan.dims = [#capstan.dim<"B", max = 4>]})
    -> tensor<?xf32> attributes {capstan.agree = @larger} {
  return %x : tensor<?xf32>
}
