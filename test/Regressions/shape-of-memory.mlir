// Sizes of a mutable tensor may change: an operand of which only the shape
// matters is read all the same.

// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @f
// CHECK: "torch.aten.Int.Tensor"
// CHECK: "unknown.resize"
// CHECK: "torch.aten.Int.Tensor"
func.func @f(%m: !torch.tensor) -> (!torch.int, !torch.int) {
  %0 = "torch.constant.int"() <{value = 0 : i64}> : () -> !torch.int
  %none = "torch.constant.none"() : () -> !torch.none
  %s = "torch.aten.size.int"(%m, %0) : (!torch.tensor, !torch.int) -> !torch.int
  %l = "torch.prim.ListConstruct"(%s) : (!torch.int) -> !torch.list<int>
  %t = "torch.aten.full"(%l, %s, %none, %none, %none, %none) : (!torch.list<int>, !torch.int, !torch.none, !torch.none, !torch.none, !torch.none) -> !torch.vtensor<[?],si64>
  %x = "torch.aten.max"(%t) : (!torch.vtensor<[?],si64>) -> !torch.vtensor<[],si64>
  %a = "torch.aten.Int.Tensor"(%x) : (!torch.vtensor<[],si64>) -> !torch.int
  "unknown.resize"(%m) : (!torch.tensor) -> ()
  %s2 = "torch.aten.size.int"(%m, %0) : (!torch.tensor, !torch.int) -> !torch.int
  %l2 = "torch.prim.ListConstruct"(%s2) : (!torch.int) -> !torch.list<int>
  %t2 = "torch.aten.full"(%l2, %s2, %none, %none, %none, %none) : (!torch.list<int>, !torch.int, !torch.none, !torch.none, !torch.none, !torch.none) -> !torch.vtensor<[?],si64>
  %x2 = "torch.aten.max"(%t2) : (!torch.vtensor<[?],si64>) -> !torch.vtensor<[],si64>
  %b = "torch.aten.Int.Tensor"(%x2) : (!torch.vtensor<[],si64>) -> !torch.int
  return %a, %b : !torch.int, !torch.int
}
