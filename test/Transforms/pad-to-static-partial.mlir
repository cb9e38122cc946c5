// What can't be padded ends the static part.
// RUN: capstan-opt %s --capstan-pad-to-static="buckets=T=16,T=64 partial=true" --remarks-filter=capstan --remark-policy=all 2> %t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.remarks
// RUN: capstan-opt %s --capstan-static-shape-pipeline="buckets=T=16,T=64 partial=true" | FileCheck %s --check-prefix=DISPATCH

// The rest begins where it takes tensors of declared sizes; it reads what it
// needs itself, and checks before it goes on.

// CHECK-LABEL: func.func @main_T16(
// CHECK-SAME:    -> (tensor<16x4xf32> {capstan.live = [#capstan.dim<"T">, 4]}, tensor<i32> {capstan.live = []})
// CHECK-SAME:    capstan.rest = @main_rest
// CHECK:         %[[Y:.*]] = linalg.exp
// CHECK-NOT:     capstan.item
// CHECK:         %[[S:.*]] = linalg.generic
// CHECK:         capstan.device_check %{{.*}}, "no tokens"
// CHECK-NOT:     extract_slice
// CHECK:         return %[[Y]], %[[S]]

// CHECK-LABEL: func.func private @main_rest(
// CHECK-SAME:    %{{.*}}: tensor<?x4xf32>, %{{.*}}: tensor<?xi32>, %[[Y:.*]]: tensor<?x4xf32>, %[[S:.*]]: tensor<i32>) -> tensor<?x4xf32>
// CHECK:         %[[LONGEST:.*]] = capstan.item %[[S]][]
// CHECK:         cf.assert %{{.*}}, "no tokens"
// CHECK:         tensor.extract_slice %[[Y]]
// CHECK:         %[[Z:.*]] = tensor.insert_slice
// CHECK:         return %[[Z]]

// REMARK: dynamic | Category:capstan | Reason="it takes padded tensors, and has no PaddingOpInterface", Remark=tensor.insert_slice
// REMARK: dynamic | Category:capstan | Reason="the rest needs what it gives {{.*}}", Remark=tensor.extract_slice
// REMARK: dynamic | {{.*}} Remark=func.call
// REMARK: dynamic | {{.*}} Reason="the rest needs {{.*}}checks, {{.*}}", Remark=scf.for

// DISPATCH-LABEL: func.func @main(
// DISPATCH:       case 0 {
// DISPATCH:         %[[STATIC:.*]]:2 = func.call @main_T16
// DISPATCH:         %[[LIVE:.*]] = bufferization.alloc_tensor() copy(%{{.*}}) : tensor<?x4xf32>
// DISPATCH:         %[[RESULT:.*]] = func.call @main_rest(%arg0, %arg1, %[[LIVE]], %[[STATIC]]#1)
// DISPATCH:         scf.yield %[[RESULT]]
// DISPATCH:       func.func private @main_T16
// DISPATCH:         capstan.graph
func.func @main(%x: tensor<?x4xf32> {capstan.dims = [#capstan.dim<"T", max = 64>, 4]},
                %lens: tensor<?xi32> {capstan.dims = [#capstan.dim<"T">], capstan.lengths = "T"}) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %izero = arith.constant 0 : i32
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %y = linalg.exp ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %se = tensor.empty() : tensor<i32>
  %sz = linalg.fill ins(%izero : i32) outs(%se : tensor<i32>) -> tensor<i32>
  %s = linalg.reduce { arith.maxsi } ins(%lens : tensor<?xi32>) outs(%sz : tensor<i32>) dimensions = [0]
  %longest = capstan.item %s[] : tensor<i32>
  %l = arith.index_cast %longest : i32 to index
  %some = arith.cmpi sgt, %longest, %izero : i32
  cf.assert %some, "no tokens"
  %first = tensor.extract_slice %y[0, 0] [%l, 4] [1, 1] : tensor<?x4xf32> to tensor<?x4xf32>
  %0 = tensor.insert_slice %first into %x[0, 0] [%l, 4] [1, 1] : tensor<?x4xf32> into tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// The host code of the rest may rely on a check inside of a loop.

// CHECK-LABEL: func.func @nested_T16(
// CHECK:         linalg.exp
// CHECK-NOT:     scf.for
// CHECK-LABEL: func.func private @nested_rest(
// CHECK:         scf.for
// CHECK:         call @unknown
func.func @nested(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>]}) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %y = linalg.exp ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %some = arith.cmpi sgt, %n, %c0 : index
  scf.for %i = %c0 to %c1 step %c1 {
    cf.assert %some, "no tokens"
  }
  %z = call @unknown(%y) : (tensor<?xf32>) -> tensor<?xf32>
  return %z : tensor<?xf32>
}
func.func private @unknown(tensor<?xf32>) -> tensor<?xf32>

// All of it can be padded: nothing changes.

// CHECK-LABEL: func.func @whole_T16(
// CHECK-NOT:     capstan.rest
// CHECK-NOT:   @whole_rest
func.func @whole(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", max = 64>]}) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}
