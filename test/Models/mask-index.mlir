// An index that is a mask waits for the device: as many elements as are true. Integers don't.
// RUN: capstan-verify %s %s | FileCheck %s --check-prefix=COUNT
// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-host-sync-pipeline | FileCheck %s

// COUNT: @integers: host syncs before: 0 in the text
// COUNT: @mask: host syncs before: 1 in the text, 4 a forward

func.func @integers(%x: !torch.vtensor<[?],f32>, %i: !torch.vtensor<[?],si64>) -> !torch.vtensor<[?],f32> {
  %l = "torch.prim.ListConstruct"(%i) : (!torch.vtensor<[?],si64>) -> !torch.list<vtensor>
  %0 = "torch.aten.index.Tensor"(%x, %l) : (!torch.vtensor<[?],f32>, !torch.list<vtensor>) -> !torch.vtensor<[?],f32>
  return %0 : !torch.vtensor<[?],f32>
}

// CHECK-LABEL: func.func @mask
// CHECK: torch.aten.index.Tensor
// CHECK: torch.prim.Loop
func.func @mask(%x: !torch.vtensor<[?],f32>, %m: !torch.vtensor<[?],i1>) -> !torch.vtensor<[?],f32> {
  %n4 = "torch.constant.int"() <{value = 4 : i64}> : () -> !torch.int
  %true = "torch.constant.bool"() <{value = true}> : () -> !torch.bool
  %r = "torch.prim.Loop"(%n4, %true, %x) ({
  ^bb0(%i: !torch.int, %a: !torch.vtensor<[?],f32>):
    %l = "torch.prim.ListConstruct"(%m) : (!torch.vtensor<[?],i1>) -> !torch.list<vtensor>
    %0 = "torch.aten.index.Tensor"(%x, %l) : (!torch.vtensor<[?],f32>, !torch.list<vtensor>) -> !torch.vtensor<[?],f32>
    "torch.prim.Loop.condition"(%true, %0) : (!torch.bool, !torch.vtensor<[?],f32>) -> ()
  }) : (!torch.int, !torch.bool, !torch.vtensor<[?],f32>) -> !torch.vtensor<[?],f32>
  return %r : !torch.vtensor<[?],f32>
}
