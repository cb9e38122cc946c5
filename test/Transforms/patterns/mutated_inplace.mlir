// Layers that read lengths in memory, one of which writes them:
// llama3_2_1b_mutated_inplace.
// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-COUNT-1: "torch.aten.Int.Tensor"
// CHECK: "torch.aten.add_.Scalar"
// CHECK-COUNT-1: "torch.aten.Int.Tensor"
// CHECK-NOT: "torch.aten.Int.Tensor"
func.func @forward(%lens: !torch.tensor<[?],si64>, %one: !torch.int) -> (!torch.int, !torch.int, !torch.int, !torch.int) {
  %m0 = "torch.aten.max"(%lens) : (!torch.tensor<[?],si64>) -> !torch.tensor<[],si64>
  %n0 = "torch.aten.Int.Tensor"(%m0) : (!torch.tensor<[],si64>) -> !torch.int
  %m1 = "torch.aten.max"(%lens) : (!torch.tensor<[?],si64>) -> !torch.tensor<[],si64>
  %n1 = "torch.aten.Int.Tensor"(%m1) : (!torch.tensor<[],si64>) -> !torch.int
  %w = "torch.aten.add_.Scalar"(%lens, %one, %one) : (!torch.tensor<[?],si64>, !torch.int, !torch.int) -> !torch.tensor<[?],si64>
  %m2 = "torch.aten.max"(%lens) : (!torch.tensor<[?],si64>) -> !torch.tensor<[],si64>
  %n2 = "torch.aten.Int.Tensor"(%m2) : (!torch.tensor<[],si64>) -> !torch.int
  %m3 = "torch.aten.max"(%lens) : (!torch.tensor<[?],si64>) -> !torch.tensor<[],si64>
  %n3 = "torch.aten.Int.Tensor"(%m3) : (!torch.tensor<[],si64>) -> !torch.int
  return %n0, %n1, %n2, %n3 : !torch.int, !torch.int, !torch.int, !torch.int
}
