// RUN: capstan-opt %s --capstan-host-buffer-pipeline=gpu | FileCheck %s
// RUN: capstan-opt %s --capstan-host-buffer-pipeline=gpu --capstan-gpu-kernel-pipeline="chip=sm_90" | FileCheck %s --check-prefix=PTX

// Rows are quantized, each with a scale of its own, by one kernel, and multiplied with weights as they are stored; the residual is
// where the product starts.

// CHECK-LABEL: func @main
// CHECK-COUNT-1: capstan.launch
// CHECK-NOT: capstan.launch
// CHECK: capstan.gemm {{.*}} bias({{.*}}) scales({{.*}}) {{.*}} {accumulate, transpose_b}
// CHECK-NOT: capstan.launch
// PTX: gpu.binary @kernels
// PTX-NOT: __nv_

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

func.func @main(%x: tensor<32x64xbf16>, %w: tensor<48x64xf8E4M3FN>, %scale: tensor<48xf32>, %b: tensor<48xbf16>, %h: tensor<32x48xbf16>) -> tensor<32x48xbf16> {
  %zero = arith.constant 0.0 : f32
  %most = arith.constant 448.0 : f32
  %e = tensor.empty() : tensor<32xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<32xf32>) -> tensor<32xf32>
  %largest = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<32x64xbf16>) outs(%z : tensor<32xf32>) {
  ^bb0(%in: bf16, %acc: f32):
    %f = arith.extf %in : bf16 to f32
    %a = math.absf %f : f32
    %m = arith.maximumf %a, %acc : f32
    linalg.yield %m : f32
  } -> tensor<32xf32>
  %sx = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%largest : tensor<32xf32>) outs(%e : tensor<32xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.divf %in, %most : f32
    linalg.yield %s : f32
  } -> tensor<32xf32>
  %e8 = tensor.empty() : tensor<32x64xf8E4M3FN>
  %q = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %sx : tensor<32x64xbf16>, tensor<32xf32>) outs(%e8 : tensor<32x64xf8E4M3FN>) {
  ^bb0(%in: bf16, %s: f32, %out: f8E4M3FN):
    %f = arith.extf %in : bf16 to f32
    %d = arith.divf %f, %s : f32
    %t = arith.truncf %d : f32 to f8E4M3FN
    linalg.yield %t : f8E4M3FN
  } -> tensor<32x64xf8E4M3FN>
  %et = tensor.empty() : tensor<64x48xf8E4M3FN>
  %wt = linalg.transpose ins(%w : tensor<48x64xf8E4M3FN>) outs(%et : tensor<64x48xf8E4M3FN>) permutation = [1, 0]
  %ey = tensor.empty() : tensor<32x48xbf16>
  %y = capstan.gemm ins(%q, %wt : tensor<32x64xf8E4M3FN>, tensor<64x48xf8E4M3FN>) bias(%b : tensor<48xbf16>)
    scales(%sx, %scale : tensor<32xf32>, tensor<48xf32>) outs(%ey : tensor<32x48xbf16>) -> tensor<32x48xbf16>
  %r = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%h, %y : tensor<32x48xbf16>, tensor<32x48xbf16>) outs(%ey : tensor<32x48xbf16>) {
  ^bb0(%p: bf16, %o: bf16, %out: bf16):
    %pe = arith.extf %p : bf16 to f32
    %oe = arith.extf %o : bf16 to f32
    %s = arith.addf %pe, %oe : f32
    %t = arith.truncf %s : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<32x48xbf16>
  return %r : tensor<32x48xbf16>
}
