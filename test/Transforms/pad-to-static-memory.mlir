// The most that is alive at one moment, exactly: one byte less is refused.
// RUN: capstan-opt %s --capstan-pad-to-static="buckets=T=16 memory-limit=98304" | FileCheck %s
// RUN: not capstan-opt %s --capstan-pad-to-static="buckets=T=16 memory-limit=98303" 2>&1 | FileCheck %s --check-prefix=REFUSED

// CHECK: func.func @main_T16(
// REFUSED: error: can't be padded: bucket T=16 needs 98304 bytes at one moment, over the memory limit of 98303

// Weights don't count. The padded input does, what a loop carries, and one of the
// tensors of a trip: the last takes the memory of its init, and views are no more.
func.func @main(%x: tensor<?x512xf32> {capstan.dims = [#capstan.dim<"T", max = 64>, 512]},
                %weights: tensor<1000x512xf32>) -> tensor<?x512xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %n = tensor.dim %x, %c0 : tensor<?x512xf32>
  %e = tensor.empty(%n) : tensor<?x512xf32>
  %first = linalg.exp ins(%x : tensor<?x512xf32>) outs(%e : tensor<?x512xf32>) -> tensor<?x512xf32>
  %last = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %first) -> tensor<?x512xf32> {
    %0 = linalg.exp ins(%h : tensor<?x512xf32>) outs(%e : tensor<?x512xf32>) -> tensor<?x512xf32>
    %1 = tensor.expand_shape %0 [[0], [1, 2]] output_shape [%n, 2, 256] : tensor<?x512xf32> into tensor<?x2x256xf32>
    %2 = tensor.collapse_shape %1 [[0], [1, 2]] : tensor<?x2x256xf32> into tensor<?x512xf32>
    %3 = linalg.exp ins(%2 : tensor<?x512xf32>) outs(%2 : tensor<?x512xf32>) -> tensor<?x512xf32>
    scf.yield %3 : tensor<?x512xf32>
  }
  %after = linalg.exp ins(%last : tensor<?x512xf32>) outs(%e : tensor<?x512xf32>) -> tensor<?x512xf32>
  return %after : tensor<?x512xf32>
}

// Products read weights transposed; they aren't made.
// CHECK: func.func @experts_T16(
func.func @experts(%x: tensor<?x64xf32> {capstan.dims = [#capstan.dim<"T", max = 64>, 64]}, %w: tensor<8x64x64xf32>, %ends: tensor<8xi32>)
    -> tensor<?x64xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x64xf32>
  %we = tensor.empty() : tensor<8x64x64xf32>
  %wt = linalg.transpose ins(%w : tensor<8x64x64xf32>) outs(%we : tensor<8x64x64xf32>) permutation = [0, 2, 1]
  %e = tensor.empty(%n) : tensor<?x64xf32>
  %y = capstan.grouped_gemm ins(%x, %wt, %ends : tensor<?x64xf32>, tensor<8x64x64xf32>, tensor<8xi32>)
      outs(%e : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
