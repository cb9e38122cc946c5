// Two layers, each of which reads sum, max and a list: *_sync3_shared.
// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s
// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="overlap=false eliminate=false" | FileCheck %s --check-prefix=ONE

// CHECK-COUNT-2: "torch.aten.Int.Tensor"
// CHECK-NOT: "torch.aten.Int.Tensor"
// ONE: capstan.fetch %{{.*}}, %{{.*}} ["int", "int"]
// ONE-NOT: capstan.fetch
// ONE-NOT: "torch.aten.Int.Tensor"
func.func @forward(%lens: !torch.vtensor<[?],si64>, %q: !torch.vtensor<[?,64],f32>) -> !torch.vtensor<[?,64],f32> {
  %none = "torch.constant.none"() : () -> !torch.none
  %max0 = "torch.aten.max"(%lens) : (!torch.vtensor<[?],si64>) -> !torch.vtensor<[],si64>
  %n0 = "torch.aten.Int.Tensor"(%max0) : (!torch.vtensor<[],si64>) -> !torch.int
  %sum0 = "torch.aten.sum"(%lens, %none) : (!torch.vtensor<[?],si64>, !torch.none) -> !torch.vtensor<[],si64>
  %t0 = "torch.aten.Int.Tensor"(%sum0) : (!torch.vtensor<[],si64>) -> !torch.int
  %a = "foo.layer"(%q, %n0, %t0) : (!torch.vtensor<[?,64],f32>, !torch.int, !torch.int) -> !torch.vtensor<[?,64],f32>
  %max1 = "torch.aten.max"(%lens) : (!torch.vtensor<[?],si64>) -> !torch.vtensor<[],si64>
  %n1 = "torch.aten.Int.Tensor"(%max1) : (!torch.vtensor<[],si64>) -> !torch.int
  %sum1 = "torch.aten.sum"(%lens, %none) : (!torch.vtensor<[?],si64>, !torch.none) -> !torch.vtensor<[],si64>
  %t1 = "torch.aten.Int.Tensor"(%sum1) : (!torch.vtensor<[],si64>) -> !torch.int
  %b = "foo.layer"(%a, %n1, %t1) : (!torch.vtensor<[?,64],f32>, !torch.int, !torch.int) -> !torch.vtensor<[?,64],f32>
  return %b : !torch.vtensor<[?,64],f32>
}
