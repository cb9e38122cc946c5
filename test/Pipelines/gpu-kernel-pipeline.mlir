// RUN: capstan-opt %s --capstan-host-buffer-pipeline=gpu --capstan-gpu-kernel-pipeline="chip=sm_90" | FileCheck %s
// RUN: capstan-opt %s --capstan-host-buffer-pipeline=gpu --capstan-gpu-kernel-pipeline="chip=sm_80" | FileCheck %s --check-prefix=SM80

// Row statistics with a gate, a gather with a check, and a maximum: PTX without
// calls of a library. Conversion of bf16 is an instruction since sm_90 only.

// CHECK-LABEL: func.func @main
// CHECK-COUNT-4: gpu.launch_func @kernels::
// CHECK: gpu.binary @kernels
// CHECK-SAME: chip = "sm_90"
// CHECK-SAME: .target sm_90
// CHECK-NOT: __nv_
// SM80: .target sm_80
// SM80-NOT: __nv_
func.func @main(%x: tensor<?x64xbf16>, %w: tensor<64xbf16>, %ids: tensor<?xi64>, %table: tensor<100x64xbf16>) -> (tensor<?x64xbf16>, tensor<?x64xbf16>, tensor<i32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %n = arith.constant 64.0 : f32
  %T = tensor.dim %x, %c0 : tensor<?x64xbf16>
  %e = tensor.empty(%T) : tensor<?xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(i,j)->(i,j)>, affine_map<(i,j)->(i)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x64xbf16>) outs(%z : tensor<?xf32>) {
  ^bb0(%a: bf16, %acc: f32):
    %b = arith.extf %a : bf16 to f32
    %c = arith.mulf %b, %b : f32
    %d = arith.addf %c, %acc : f32
    linalg.yield %d : f32
  } -> tensor<?xf32>
  %o = tensor.empty(%T) : tensor<?x64xbf16>
  %r = linalg.generic {indexing_maps = [affine_map<(i,j)->(i,j)>, affine_map<(i,j)->(i)>, affine_map<(i,j)->(j)>, affine_map<(i,j)->(i,j)>], iterator_types = ["parallel", "parallel"]} ins(%x, %s, %w : tensor<?x64xbf16>, tensor<?xf32>, tensor<64xbf16>) outs(%o : tensor<?x64xbf16>) {
  ^bb0(%a: bf16, %sum: f32, %g: bf16, %out: bf16):
    %b = arith.extf %a : bf16 to f32
    %m = arith.divf %sum, %n : f32
    %m2 = arith.addf %m, %eps : f32
    %q = math.rsqrt %m2 : f32
    %y = arith.mulf %b, %q : f32
    %gf = arith.extf %g : bf16 to f32
    %yy = arith.mulf %y, %gf : f32
    %neg = arith.negf %yy : f32
    %ex = math.exp %neg : f32
    %one = arith.constant 1.0 : f32
    %den = arith.addf %ex, %one : f32
    %sl = arith.divf %yy, %den : f32
    %h = arith.truncf %sl : f32 to bf16
    linalg.yield %h : bf16
  } -> tensor<?x64xbf16>
  %o2 = tensor.empty(%T) : tensor<?x64xbf16>
  %c100 = arith.constant 100 : index
  %emb = linalg.generic {indexing_maps = [affine_map<(i,j)->(i)>, affine_map<(i,j)->(i,j)>], iterator_types = ["parallel", "parallel"]} ins(%ids : tensor<?xi64>) outs(%o2 : tensor<?x64xbf16>) {
  ^bb0(%id: i64, %out: bf16):
    %j = linalg.index 1 : index
    %i = arith.index_cast %id : i64 to index
    %ok = arith.cmpi ult, %i, %c100 : index
    cf.assert %ok, "id out of range"
    %v = tensor.extract %table[%i, %j] : tensor<100x64xbf16>
    linalg.yield %v : bf16
  } -> tensor<?x64xbf16>
  %e3 = tensor.empty() : tensor<i32>
  %i0 = arith.constant 0 : i32
  %z3 = linalg.fill ins(%i0 : i32) outs(%e3 : tensor<i32>) -> tensor<i32>
  %mx = linalg.generic {indexing_maps = [affine_map<(i)->(i)>, affine_map<(i)->()>], iterator_types = ["reduction"]} ins(%ids : tensor<?xi64>) outs(%z3 : tensor<i32>) {
  ^bb0(%id: i64, %acc: i32):
    %t = arith.trunci %id : i64 to i32
    %m = arith.maxsi %t, %acc : i32
    linalg.yield %m : i32
  } -> tensor<i32>
  return %r, %emb, %mx : tensor<?x64xbf16>, tensor<?x64xbf16>, tensor<i32>
}
