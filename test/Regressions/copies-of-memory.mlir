// Ops that copy where they must give storage of its own each time.

// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @f
// CHECK-COUNT-2: "torch.aten.cpu"
func.func @f(%m: !torch.tensor<[2],si64>, %z: !torch.int) -> (!torch.tensor<[2],si64>, !torch.tensor<[2],si64>) {
  %c1 = "torch.aten.cpu"(%m) : (!torch.tensor<[2],si64>) -> !torch.tensor<[2],si64>
  %c2 = "torch.aten.cpu"(%m) : (!torch.tensor<[2],si64>) -> !torch.tensor<[2],si64>
  %w = "torch.aten.add_.Scalar"(%c1, %z, %z) : (!torch.tensor<[2],si64>, !torch.int, !torch.int) -> !torch.tensor<[2],si64>
  return %c1, %c2 : !torch.tensor<[2],si64>, !torch.tensor<[2],si64>
}
// CHECK-LABEL: func.func @g
// CHECK: "torch.aten.add_.Scalar"
// CHECK-COUNT-2: "torch.aten.Int.Tensor"
func.func @g(%m: !torch.tensor<[],si64>, %z: !torch.int) -> (!torch.int, !torch.int) {
  %c1 = "torch.aten.contiguous"(%m, %z) : (!torch.tensor<[],si64>, !torch.int) -> !torch.tensor<[],si64>
  %c2 = "torch.aten.contiguous"(%m, %z) : (!torch.tensor<[],si64>, !torch.int) -> !torch.tensor<[],si64>
  %w = "torch.aten.add_.Scalar"(%c1, %z, %z) : (!torch.tensor<[],si64>, !torch.int, !torch.int) -> !torch.tensor<[],si64>
  %a = "torch.aten.Int.Tensor"(%c1) : (!torch.tensor<[],si64>) -> !torch.int
  %b = "torch.aten.Int.Tensor"(%c2) : (!torch.tensor<[],si64>) -> !torch.int
  return %a, %b : !torch.int, !torch.int
}
