// Arguments by name from the command line; results, counters and failed checks.
// RUN: capstan-run %s --entry double --input n=21 --print | FileCheck %s --check-prefix=SCALAR
// RUN: capstan-run %s --entry sum --input 'x=[1, 2, 3.5]' --print | FileCheck %s --check-prefix=SUM
// RUN: capstan-run %s --entry sum --input x=zeros --shape x=0 --print | FileCheck %s --check-prefix=EMPTY
// RUN: capstan-run %s --entry sum --input 'x=[1, 2, 3.5]' --out %t.npz
// RUN: capstan-run %s --entry sum --input 'x=[1, 2, 3.5]' --compare %t.npz --tolerance 0 | FileCheck %s --check-prefix=EQUAL
// RUN: not capstan-run %s --entry sum --input 'x=[1, 2, 3]' --compare %t.npz --tolerance 0.01 | FileCheck %s --check-prefix=DIFFERS
// RUN: capstan-run %s --entry longest --input 'lens=[3, 9, 4]' --print --trace %t.json | FileCheck %s --check-prefix=READ
// RUN: FileCheck %s --check-prefix=TRACE < %t.json
// RUN: capstan-run %s --entry sum --input 'x=[1, 2, 3.5]' --repeat 4 --profile | FileCheck %s --check-prefix=PROFILE
// RUN: not capstan-run %s --entry sum --input 'x=[1]' --profile 2>&1 | FileCheck %s --check-prefix=ONE-CALL
// RUN: not capstan-run %s --entry longest --input 'lens=[0, 0]' 2>&1 | FileCheck %s --check-prefix=CHECK-FAILED
// RUN: not capstan-run %s --entry pick --input 'i=[5]' 2>&1 | FileCheck %s --check-prefix=KERNEL

// SCALAR: result0: i32[] = 42
// SUM: total: f32[] = 6.5
// EMPTY: total: f32[] = 0
// EQUAL: total: equal bit for bit
// DIFFERS: total: relative error 0.0769
// READ: result0: i32[] = 9
// READ: host syncs: 1 blocking, 0 overlapped; 4 bytes read back
// TRACE: "traceEvents"
// PROFILE: kernel calls us time GB/s GFLOP/s of the limit where
// PROFILE: kernel_reduce{{[a-z_]*}} 3 {{.*}}%{{.*}}capstan-run.mlir:
// PROFILE: all {{.*}} us; a copy moves {{[0-9.]+}} GB/s
// ONE-CALL: capstan-run: --profile: of the calls after the first; add --repeat
// CHECK-FAILED: capstan-run: CHECK_FAILED: {{.*}}capstan-run.mlir:[[#@LINE+32]]:3: {{.*}}no document has a token
// KERNEL: capstan-run: CHECK_FAILED: {{.*}}no such row

func.func @double(%n: i32 {capstan.name = "n"}) -> i32 {
  %r = arith.addi %n, %n : i32
  return %r : i32
}

func.func @sum(%x: tensor<?xf32> {capstan.name = "x"}) -> (tensor<f32> {capstan.name = "total"}) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<f32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %r = linalg.reduce ins(%x : tensor<?xf32>) outs(%f : tensor<f32>) dimensions = [0]
    (%in: f32, %acc: f32) {
      %s = arith.addf %in, %acc : f32
      linalg.yield %s : f32
    }
  return %r : tensor<f32>
}

func.func @longest(%lens: tensor<?xi32> {capstan.name = "lens"}) -> i32 {
  %least = arith.constant -2147483648 : i32
  %one = arith.constant 1 : i32
  %e = tensor.empty() : tensor<i32>
  %f = linalg.fill ins(%least : i32) outs(%e : tensor<i32>) -> tensor<i32>
  %m = linalg.reduce ins(%lens : tensor<?xi32>) outs(%f : tensor<i32>) dimensions = [0]
    (%in: i32, %acc: i32) {
      %s = arith.maxsi %in, %acc : i32
      linalg.yield %s : i32
    }
  %n = tensor.extract %m[] : tensor<i32>
  %ok = arith.cmpi sge, %n, %one : i32
  cf.assert %ok, "no document has a token"
  return %n : i32
}

func.func @pick(%i: tensor<1xi32> {capstan.name = "i"}) -> tensor<1xi32> {
  %table = arith.constant dense<[10, 20, 30]> : tensor<3xi32>
  %three = arith.constant 3 : index
  %e = tensor.empty() : tensor<1xi32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
                       iterator_types = ["parallel"]}
      ins(%i : tensor<1xi32>) outs(%e : tensor<1xi32>) {
  ^bb0(%in: i32, %out: i32):
    %at = arith.index_cast %in : i32 to index
    %ok = arith.cmpi ult, %at, %three : index
    cf.assert %ok, "no such row"
    %v = tensor.extract %table[%at] : tensor<3xi32>
    linalg.yield %v : i32
  } -> tensor<1xi32>
  return %r : tensor<1xi32>
}
