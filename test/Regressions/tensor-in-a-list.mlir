// A tensor that was put in a list can be written through the list.

// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @f
// CHECK: "torch.aten.Int.Tensor"
// CHECK: "torch.aten.add_.Scalar"
// CHECK: "torch.aten.Int.Tensor"
func.func @f(%z: !torch.int, %v: !torch.vtensor<[],si64>) -> (!torch.int, !torch.int) {
  %m = "torch.copy.to_tensor"(%v) : (!torch.vtensor<[],si64>) -> !torch.tensor<[],si64>
  %l = "torch.prim.ListConstruct"() : () -> !torch.list<tensor>
  "torch.aten.insert.t"(%l, %z, %m) : (!torch.list<tensor>, !torch.int, !torch.tensor<[],si64>) -> ()
  %a = "torch.aten.Int.Tensor"(%m) : (!torch.tensor<[],si64>) -> !torch.int
  %e = "torch.aten.__getitem__.t"(%l, %z) : (!torch.list<tensor>, !torch.int) -> !torch.tensor<[],si64>
  %w = "torch.aten.add_.Scalar"(%e, %z, %z) : (!torch.tensor<[],si64>, !torch.int, !torch.int) -> !torch.tensor<[],si64>
  %b = "torch.aten.Int.Tensor"(%m) : (!torch.tensor<[],si64>) -> !torch.int
  return %a, %b : !torch.int, !torch.int
}
