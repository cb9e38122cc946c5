// Each trip makes storage that the loop hands out: it stays in the loop.

// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @f
// CHECK: "torch.prim.Loop"
// CHECK: "torch.aten.ones"
// CHECK-NEXT: "torch.aten.Int.Tensor"
func.func @f() -> (!torch.tensor<[],si64>, !torch.tensor<[],si64>) {
  %0 = "torch.constant.int"() <{value = 0 : i64}> : () -> !torch.int
  %n4 = "torch.constant.int"() <{value = 4 : i64}> : () -> !torch.int
  %true = "torch.constant.bool"() <{value = true}> : () -> !torch.bool
  %none = "torch.constant.none"() : () -> !torch.none
  %sz = "torch.prim.ListConstruct"() : () -> !torch.list<int>
  %i0 = "torch.aten.ones"(%sz, %none, %none, %none, %none) : (!torch.list<int>, !torch.none, !torch.none, !torch.none, !torch.none) -> !torch.tensor<[],si64>
  %i1 = "torch.aten.ones"(%sz, %none, %none, %none, %none) : (!torch.list<int>, !torch.none, !torch.none, !torch.none, !torch.none) -> !torch.tensor<[],si64>
  %r:2 = "torch.prim.Loop"(%n4, %true, %i0, %i1) ({
  ^bb0(%i: !torch.int, %x: !torch.tensor<[],si64>, %y: !torch.tensor<[],si64>):
    %m = "torch.aten.ones"(%sz, %none, %none, %none, %none) : (!torch.list<int>, !torch.none, !torch.none, !torch.none, !torch.none) -> !torch.tensor<[],si64>
    %n = "torch.aten.Int.Tensor"(%m) : (!torch.tensor<[],si64>) -> !torch.int
    %u = "torch.aten.eq.int"(%n, %0) : (!torch.int, !torch.int) -> !torch.bool
    "torch.prim.Loop.condition"(%u, %m, %x) : (!torch.bool, !torch.tensor<[],si64>, !torch.tensor<[],si64>) -> ()
  }) : (!torch.int, !torch.bool, !torch.tensor<[],si64>, !torch.tensor<[],si64>) -> (!torch.tensor<[],si64>, !torch.tensor<[],si64>)
  %w = "torch.aten.add_.Scalar"(%r#0, %n4, %n4) : (!torch.tensor<[],si64>, !torch.int, !torch.int) -> !torch.tensor<[],si64>
  return %r#0, %r#1 : !torch.tensor<[],si64>, !torch.tensor<[],si64>
}
