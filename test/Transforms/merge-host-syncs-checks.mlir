// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-merge-host-syncs | FileCheck %s

// CHECK-LABEL: func.func @dominated
func.func @dominated(%t: tensor<i32>, %c: i1, %ok: i1, %other: i1) -> i32 {
  %n = capstan.item %t[] : tensor<i32>
  // CHECK: cf.assert %{{.*}}, "first"
  cf.assert %ok, "first"
  // CHECK-NOT: "second"
  cf.assert %ok, "second"
  // CHECK: cf.assert %{{.*}}, "other"
  cf.assert %other, "other"
  scf.if %c {
    // CHECK-NOT: "nested"
    cf.assert %ok, "nested"
  }
  return %n : i32
}

// CHECK-LABEL: func.func @not_dominated
func.func @not_dominated(%t: tensor<i32>, %c: i1, %ok: i1, %d: tensor<i1>) -> i32 {
  %n = capstan.item %t[] : tensor<i32>
  scf.if %c {
    // CHECK: "in a branch"
    cf.assert %ok, "in a branch"
  }
  // CHECK: "after it"
  cf.assert %ok, "after it"
  // CHECK-COUNT-1: capstan.device_check
  capstan.device_check %d, "one" : tensor<i1>
  // CHECK-NOT: capstan.device_check
  capstan.device_check %d, "two" : tensor<i1>
  return %n : i32
}

// CHECK-LABEL: func.func @on_a_read
func.func @on_a_read(%t: !torch.vtensor<[],si64>, %max: !torch.int, %m: !torch.str) {
  // CHECK-COUNT-1: torch.aten._assert_scalar
  // CHECK-NOT: torch.aten._assert_scalar
  %a = "torch.aten.Int.Tensor"(%t) : (!torch.vtensor<[],si64>) -> !torch.int
  %ok0 = "torch.aten.le.int"(%a, %max) : (!torch.int, !torch.int) -> !torch.bool
  "torch.aten._assert_scalar"(%ok0, %m) : (!torch.bool, !torch.str) -> ()
  %b = "torch.aten.Int.Tensor"(%t) : (!torch.vtensor<[],si64>) -> !torch.int
  %ok1 = "torch.aten.le.int"(%b, %max) : (!torch.int, !torch.int) -> !torch.bool
  "torch.aten._assert_scalar"(%ok1, %m) : (!torch.bool, !torch.str) -> ()
  return
}
