// Padding that the program adds, and windows that slide over it.
// RUN: capstan-opt %s --capstan-pad-to-static=buckets=T=20 --split-input-file | FileCheck %s

// Filled up to whole chunks of 8: from the first slot that isn't live on, every slot has the
// program's value, where the bucket pads as well as where the program does.

// CHECK-LABEL: func.func @chunks_T20(
// CHECK-SAME:    %[[X:.*]]: tensor<20x4xf32> {{.*}}, %[[T:.*]]: tensor<i64>
// CHECK:         %[[M:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[T]] :
// CHECK:           %[[ONE:.*]] = arith.constant 1.000000e+00
// CHECK:           %[[IS:.*]] = arith.cmpi slt
// CHECK:           arith.select %[[IS]], %{{.*}}, %[[ONE]]
// CHECK:         %[[P:.*]] = tensor.pad %[[M]] low[0, 0] high[4, 0]
// CHECK:         : tensor<20x4xf32> to tensor<24x4xf32>
// CHECK:         %[[E:.*]] = tensor.expand_shape %[[P]] {{.*}} : tensor<24x4xf32> into tensor<3x8x4xf32>
// A sum over chunks stays as it was where there is none.
// CHECK:         linalg.generic {{.*}} ins(%[[E]], %[[T]] :
// CHECK:           %[[SUM:.*]] = arith.addf %[[ACC:.*]], %{{.*}} : f32
// CHECK:           %[[N:.*]] = arith.divsi
// CHECK:           %[[NI:.*]] = arith.index_cast %[[N]]
// CHECK:           %[[IS:.*]] = arith.cmpi slt, %{{.*}}, %[[NI]]
// CHECK:           arith.select %[[IS]], %[[SUM]], %[[ACC]]
func.func @chunks(%x: tensor<?x4xf32> {capstan.dims = [#capstan.dim<"T", min = 1, max = 64>, 4]}) -> tensor<8x4xf32> {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %t = tensor.dim %x, %c0 : tensor<?x4xf32>
  %n = arith.ceildivsi %t, %c8 : index
  %whole = arith.muli %n, %c8 : index
  %missing = arith.subi %whole, %t : index
  %p = tensor.pad %x low[0, 0] high[%missing, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %one : f32
  } : tensor<?x4xf32> to tensor<?x4xf32>
  %e = tensor.expand_shape %p [[0, 1], [2]] output_shape [%n, 8, 4] : tensor<?x4xf32> into tensor<?x8x4xf32>
  %se = tensor.empty() : tensor<8x4xf32>
  %sz = linalg.fill ins(%zero : f32) outs(%se : tensor<8x4xf32>) -> tensor<8x4xf32>
  %s = linalg.reduce { arith.addf } ins(%e : tensor<?x8x4xf32>) outs(%sz : tensor<8x4xf32>) dimensions = [0]
  return %s : tensor<8x4xf32>
}

// -----

// A causal convolution: live outputs read live inputs, at the same places; what others read is
// inside of the padded input.

// CHECK-LABEL: func.func @window_T20(
// CHECK:         %[[P:.*]] = tensor.pad %{{.*}} low[3] high[3]
// CHECK:         : tensor<20xf32> to tensor<26xf32>
// CHECK:         %[[Y:.*]] = linalg.generic {{.*}} ins(%[[P]], %{{.*}} : tensor<26xf32>, tensor<4xf32>) outs(%{{.*}} : tensor<23xf32>)
// CHECK-NOT:     select
// CHECK:         tensor.extract_slice %[[Y]][0] [20] [1]
func.func @window(%x: tensor<?xf32> {capstan.dims = [#capstan.dim<"T", min = 1, max = 64>]},
                  %w: tensor<4xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %zero = arith.constant 0.0 : f32
  %t = tensor.dim %x, %c0 : tensor<?xf32>
  %p = tensor.pad %x low[3] high[3] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<?xf32> to tensor<?xf32>
  %n = arith.addi %t, %c3 : index
  %e = tensor.empty(%n) : tensor<?xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i + j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%p, %w : tensor<?xf32>, tensor<4xf32>) outs(%z : tensor<?xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %m = arith.mulf %a, %b : f32
    %r = arith.addf %sum, %m : f32
    linalg.yield %r : f32
  } -> tensor<?xf32>
  %s = tensor.extract_slice %y[0] [%t] [1] : tensor<?xf32> to tensor<?xf32>
  return %s : tensor<?xf32>
}
