// Two layers read a flag, and the longest length under it: llama3_2_1b_guarded.
// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// The longest length is not read where the flag is false.
// CHECK: %[[F:.*]] = "torch.aten.Bool.Tensor"
// CHECK: "torch.prim.If"(%[[F]])
// CHECK-COUNT-1: "torch.aten.Int.Tensor"
// CHECK-NOT: torch.aten.Bool.Tensor
// CHECK-NOT: torch.aten.Int.Tensor
func.func @forward(%lens: !torch.vtensor<[?],si64>, %flag: !torch.vtensor<[],i1>, %x: !torch.vtensor<[?],f32>) -> !torch.vtensor<[?],f32> {
  %f0 = "torch.aten.Bool.Tensor"(%flag) : (!torch.vtensor<[],i1>) -> !torch.bool
  %a = "torch.prim.If"(%f0) ({
    %m = "torch.aten.max"(%lens) : (!torch.vtensor<[?],si64>) -> !torch.vtensor<[],si64>
    %n = "torch.aten.Int.Tensor"(%m) : (!torch.vtensor<[],si64>) -> !torch.int
    %y = "foo.layer"(%x, %n) : (!torch.vtensor<[?],f32>, !torch.int) -> !torch.vtensor<[?],f32>
    "torch.prim.If.yield"(%y) : (!torch.vtensor<[?],f32>) -> ()
  }, {
    "torch.prim.If.yield"(%x) : (!torch.vtensor<[?],f32>) -> ()
  }) : (!torch.bool) -> !torch.vtensor<[?],f32>
  %f1 = "torch.aten.Bool.Tensor"(%flag) : (!torch.vtensor<[],i1>) -> !torch.bool
  %b = "torch.prim.If"(%f1) ({
    %m = "torch.aten.max"(%lens) : (!torch.vtensor<[?],si64>) -> !torch.vtensor<[],si64>
    %n = "torch.aten.Int.Tensor"(%m) : (!torch.vtensor<[],si64>) -> !torch.int
    %y = "foo.layer"(%a, %n) : (!torch.vtensor<[?],f32>, !torch.int) -> !torch.vtensor<[?],f32>
    "torch.prim.If.yield"(%y) : (!torch.vtensor<[?],f32>) -> ()
  }, {
    "torch.prim.If.yield"(%a) : (!torch.vtensor<[?],f32>) -> ()
  }) : (!torch.bool) -> !torch.vtensor<[?],f32>
  return %b : !torch.vtensor<[?],f32>
}
