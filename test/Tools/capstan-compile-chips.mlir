// Kernels of rows compile for each generation that has bf16.
// RUN: capstan-compile %s --target=cuda --chip=sm_80 --emit=ptx | FileCheck %s -DCHIP=sm_80
// RUN: capstan-compile %s --target=cuda --chip=sm_89 --emit=ptx | FileCheck %s -DCHIP=sm_89
// RUN: capstan-compile %s --target=cuda --chip=sm_90 --emit=ptx | FileCheck %s -DCHIP=sm_90
// RUN: capstan-compile %s --target=cuda --chip=sm_100 --emit=ptx | FileCheck %s -DCHIP=sm_100
// RUN: capstan-compile %s --target=cuda --chip=sm_80 -o %t.80.so
// RUN: capstan-compile %s --target=cuda --chip=sm_89 -o %t.89.so
// RUN: capstan-compile %s --target=cuda --chip=sm_100 -o %t.100.so
// RUN: not capstan-compile %s --target=cuda --chip=sm_9 -o %t.so 2>&1 | FileCheck %s --check-prefix=BAD

// CHECK: .target [[CHIP]]
// CHECK: .entry {{.*}}rows
// CHECK: ld.global{{.*}}.v4
// CHECK: shfl.sync.bfly
// BAD: error: {{.*}}SM version

func.func @norm(%x: tensor<?x1024xbf16>, %w: tensor<1024xbf16>) -> tensor<?x1024xbf16> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x1024xbf16>
  %sums = tensor.empty(%n) : tensor<?xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%sums : tensor<?xf32>) -> tensor<?xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x1024xbf16>) outs(%zeros : tensor<?xf32>) {
  ^bb0(%a: bf16, %sum: f32):
    %f = arith.extf %a : bf16 to f32
    %q = arith.mulf %f, %f : f32
    %t = arith.addf %sum, %q : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?x1024xbf16>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>,
      affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s, %w : tensor<?x1024xbf16>, tensor<?xf32>, tensor<1024xbf16>) outs(%e : tensor<?x1024xbf16>) {
  ^bb0(%a: bf16, %sum: f32, %scale: bf16, %out: bf16):
    %f = arith.extf %a : bf16 to f32
    %g = arith.extf %scale : bf16 to f32
    %r = math.rsqrt %sum : f32
    %p = arith.mulf %f, %r : f32
    %q = arith.mulf %p, %g : f32
    %t = arith.truncf %q : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x1024xbf16>
  return %y : tensor<?x1024xbf16>
}
