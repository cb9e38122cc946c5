// Rows behind padding.
// RUN: capstan-opt %s --capstan-pad-to-static=buckets=T=16 | FileCheck %s

// Padding behind the last operand only: nothing moves.
// CHECK-LABEL: func.func @last_T16(
// CHECK:         tensor.concat dim(0) %{{.*}}, %{{.*}} : (tensor<1x4xf32>, tensor<16x4xf32>) -> tensor<17x4xf32>
func.func @last(%x: tensor<?x4xf32> {capstan.dims = [#capstan.dim<"T", max = 64>, 4]}, %one: tensor<1x4xf32>) -> tensor<?x4xf32> {
  %0 = tensor.concat dim(0) %one, %x : (tensor<1x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// The second operand begins where the live rows of the first end. Its index is 0 where the
// element isn't one of its.
// CHECK-LABEL: func.func @middle_T16(
// CHECK-SAME:    %[[X:.*]]: tensor<16x4xf32> {{.*}}, %[[ONE:.*]]: tensor<1x4xf32>, %[[T:.*]]: tensor<i64>
// CHECK:         linalg.generic {{.*}} ins(%[[T]] : tensor<i64>) outs(%{{.*}} : tensor<17x4xf32>)
// CHECK:         ^bb0(%[[LIVE:.*]]: i64, %{{.*}}: f32):
// CHECK:           %[[I:.*]] = linalg.index 0
// CHECK:           %[[J:.*]] = linalg.index 1
// CHECK:           %[[N:.*]] = arith.index_cast %[[LIVE]]
// CHECK:           %[[END:.*]] = arith.addi %{{.*}}, %[[N]]
// CHECK:           %[[IS:.*]] = arith.andi
// CHECK:           %[[AT:.*]] = arith.select %[[IS]], %{{.*}}, %{{.*}} : index
// CHECK:           %[[A:.*]] = tensor.extract %[[X]][%[[AT]], %[[J]]]
// CHECK:           %[[FIRST:.*]] = arith.select %[[IS]], %[[A]], %{{.*}} : f32
// CHECK:           arith.cmpi sge, %[[I]], %[[END]]
// CHECK:           %[[NEXT:.*]] = arith.subi %[[I]], %[[END]]
// CHECK:           %[[AT2:.*]] = arith.select %[[IS2:.*]], %[[NEXT]], %{{.*}} : index
// CHECK:           %[[B:.*]] = tensor.extract %[[ONE]][%[[AT2]], %[[J]]]
// CHECK:           %[[R:.*]] = arith.select %[[IS2]], %[[B]], %[[FIRST]] : f32
// CHECK:           linalg.yield %[[R]]
func.func @middle(%x: tensor<?x4xf32> {capstan.dims = [#capstan.dim<"T", max = 64>, 4]}, %one: tensor<1x4xf32>) -> tensor<?x4xf32> {
  %0 = tensor.concat dim(0) %x, %one : (tensor<?x4xf32>, tensor<1x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// Offsets of documents: as many as the data says, and the number of tokens behind them. Nothing
// is read; that the count is a size of 64 bits changes nothing.
// CHECK-LABEL: func.func @documents_T16(
// CHECK-SAME:    %{{.*}}: tensor<16xi64> {{.*}}, %[[T:.*]]: tensor<i64>
// CHECK:         %[[COUNT:.*]] = linalg.generic {{.*}}iterator_types = ["reduction"]
// CHECK-NOT:     capstan.item
// CHECK:         capstan.device_check %{{.*}}, "more than there are" : tensor<i1>
// CHECK:         %[[ALL:.*]] = linalg.generic {{.*}} ins(%[[T]] : tensor<i64>) outs(%{{.*}} : tensor<1xi64>)
// CHECK-NEXT:    ^bb0(%[[LIVE:.*]]: i64, %{{.*}}: i64):
// CHECK-NEXT:      linalg.yield %[[LIVE]]
// CHECK:         linalg.generic {{.*}} ins(%[[COUNT]] : tensor<i64>) outs(%{{.*}} : tensor<17xi64>)
// CHECK:           tensor.extract %[[ALL]]
func.func @documents(%places: tensor<?xi64> {capstan.dims = [#capstan.dim<"T", max = 64>]}) -> tensor<i64> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant dense<0> : tensor<i64>
  %t = tensor.dim %places, %c0 : tensor<?xi64>
  %count = linalg.reduce { arith.addi } ins(%places : tensor<?xi64>) outs(%zero : tensor<i64>) dimensions = [0]
  %n = capstan.item %count[] : tensor<i64>
  %size = arith.index_cast %n : i64 to index
  %ok = arith.cmpi sle, %size, %t : index
  cf.assert %ok, "more than there are"
  %some = arith.cmpi sge, %size, %c0 : index
  cf.assert %some, "negative"
  %first = tensor.extract_slice %places[0] [%size] [1] : tensor<?xi64> to tensor<?xi64>
  %all = arith.index_cast %t : index to i64
  %e = tensor.empty() : tensor<1xi64>
  %end = linalg.fill ins(%all : i64) outs(%e : tensor<1xi64>) -> tensor<1xi64>
  %offsets = tensor.concat dim(0) %first, %end : (tensor<?xi64>, tensor<1xi64>) -> tensor<?xi64>
  %most = linalg.reduce { arith.maxsi } ins(%offsets : tensor<?xi64>) outs(%zero : tensor<i64>) dimensions = [0]
  return %most : tensor<i64>
}
