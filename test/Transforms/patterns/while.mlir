// Layers as a foreign loop that runs while a read says so: llama3_2_1b_while.
// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// The longest length leaves the loop, the loop's own condition stays.
// CHECK: "torch.aten.Int.Tensor"
// CHECK: "torch.prim.Loop"
// CHECK-NOT: "torch.aten.Int.Tensor"
// CHECK: "torch.aten.Bool.Tensor"
func.func @forward(%lens: !torch.vtensor<[?],si64>, %x: !torch.vtensor<[],f32>) -> !torch.vtensor<[],f32> {
  %n = "torch.constant.int"() <{value = 9223372036854775807 : i64}> : () -> !torch.int
  %true = "torch.constant.bool"() <{value = true}> : () -> !torch.bool
  %f0 = "torch.constant.float"() <{value = 0.0 : f64}> : () -> !torch.float
  %r = "torch.prim.Loop"(%n, %true, %x) ({
  ^bb0(%i: !torch.int, %h: !torch.vtensor<[],f32>):
    %m = "torch.aten.max"(%lens) : (!torch.vtensor<[?],si64>) -> !torch.vtensor<[],si64>
    %k = "torch.aten.Int.Tensor"(%m) : (!torch.vtensor<[],si64>) -> !torch.int
    %y = "torch.aten.mul.Scalar"(%h, %k) : (!torch.vtensor<[],f32>, !torch.int) -> !torch.vtensor<[],f32>
    %c = "torch.aten.gt.Scalar"(%y, %f0) : (!torch.vtensor<[],f32>, !torch.float) -> !torch.vtensor<[],i1>
    %again = "torch.aten.Bool.Tensor"(%c) : (!torch.vtensor<[],i1>) -> !torch.bool
    "torch.prim.Loop.condition"(%again, %y) : (!torch.bool, !torch.vtensor<[],f32>) -> ()
  }) : (!torch.int, !torch.bool, !torch.vtensor<[],f32>) -> !torch.vtensor<[],f32>
  return %r : !torch.vtensor<[],f32>
}
