// RUN: capstan-opt %s --capstan-fuse-kernels=keep-concats --canonicalize | FileCheck %s

// Parts and what is side by side lose dimensions of size 1, as all else does.
// CHECK-LABEL: func.func @parts(
// CHECK-SAME: %[[X:.*]]: tensor<1x4x?x128xf32>
// CHECK: %[[A:.*]] = tensor.collapse_shape %[[X]]
// CHECK: %[[LOW:.*]] = tensor.extract_slice %[[A]][0, 0, 0] {{.*}} : tensor<4x?x128xf32> to tensor<4x?x64xf32>
// CHECK: tensor.concat dim(2) %{{.*}}, %[[LOW]] : (tensor<4x?x64xf32>, tensor<4x?x64xf32>) -> tensor<4x?x128xf32>
func.func @parts(%x: tensor<1x4x?x128xf32>, %n: index) -> tensor<1x4x?x128xf32> {
  %low = tensor.extract_slice %x[0, 0, 0, 0] [1, 4, %n, 64] [1, 1, 1, 1] : tensor<1x4x?x128xf32> to tensor<1x4x?x64xf32>
  %high = tensor.extract_slice %x[0, 0, 0, 64] [1, 4, %n, 64] [1, 1, 1, 1] : tensor<1x4x?x128xf32> to tensor<1x4x?x64xf32>
  %y = tensor.concat dim(3) %high, %low : (tensor<1x4x?x64xf32>, tensor<1x4x?x64xf32>) -> tensor<1x4x?x128xf32>
  return %y : tensor<1x4x?x128xf32>
}

// What a product reads is computed once, not for each element of the result.
// CHECK-LABEL: func.func @factor(
// CHECK: linalg.generic
// CHECK: arith.addf
// CHECK: linalg.generic
// CHECK: arith.mulf
func.func @factor(%x: tensor<8x16xf32>, %w: tensor<16x4xf32>, %e: tensor<8x16xf32>, %o: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %twice = linalg.map { arith.addf } ins(%x, %x : tensor<8x16xf32>, tensor<8x16xf32>) outs(%e : tensor<8x16xf32>)
  %y = linalg.matmul ins(%twice, %w : tensor<8x16xf32>, tensor<16x4xf32>) outs(%o : tensor<8x4xf32>) -> tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}

// Perhaps nothing of a dimension of size 1.
// CHECK-LABEL: func.func @maybe_none(
// CHECK: tensor.extract_slice %{{.*}}[0, 0] [%{{.*}}, 4] [1, 1] : tensor<1x4xf32> to tensor<?x4xf32>
func.func @maybe_none(%x: tensor<1x4xf32>, %n: index) -> tensor<?x4xf32> {
  %s = tensor.extract_slice %x[0, 0] [%n, 4] [1, 1] : tensor<1x4xf32> to tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}
