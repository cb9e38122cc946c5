// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-hoist-host-syncs | FileCheck %s

// The condition is true and the trip count positive for certain.
// CHECK-LABEL: func.func @first_trip_certain
// CHECK: "torch.aten.Int.Tensor"
// CHECK-NEXT: "torch.prim.Loop"
func.func @first_trip_certain(%t: !torch.vtensor<[],si64>) {
  %n = "torch.constant.int"() <{value = 9223372036854775807 : i64}> : () -> !torch.int
  %c1 = "torch.constant.int"() <{value = 1 : i64}> : () -> !torch.int
  %c2 = "torch.constant.int"() <{value = 2 : i64}> : () -> !torch.int
  %c = "torch.aten.lt.int"(%c1, %c2) : (!torch.int, !torch.int) -> !torch.bool
  "torch.prim.Loop"(%n, %c) ({
  ^bb0(%i: !torch.int):
    %x = "torch.aten.Int.Tensor"(%t) : (!torch.vtensor<[],si64>) -> !torch.int
    %again = "torch.aten.lt.int"(%i, %x) : (!torch.int, !torch.int) -> !torch.bool
    "torch.prim.Loop.condition"(%again) : (!torch.bool) -> ()
  }) : (!torch.int, !torch.bool) -> ()
  return
}

// CHECK-LABEL: func.func @guarded
// CHECK-SAME: %{{.*}}: !torch.vtensor<[],si64>, %[[N:.*]]: !torch.int, %[[C:.*]]: !torch.bool
// CHECK: %[[P:.*]] = "torch.aten.gt.int"(%[[N]], %{{.*}}) : (!torch.int, !torch.int) -> !torch.bool
// CHECK: "torch.prim.If"(%[[C]])
// CHECK: "torch.prim.If"(%[[P]])
// CHECK: "torch.aten.Int.Tensor"
// CHECK: "torch.prim.Loop"
// CHECK-NOT: "torch.aten.Int.Tensor"
func.func @guarded(%t: !torch.vtensor<[],si64>, %n: !torch.int, %c: !torch.bool) {
  "torch.prim.Loop"(%n, %c) ({
  ^bb0(%i: !torch.int):
    %x = "torch.aten.Int.Tensor"(%t) : (!torch.vtensor<[],si64>) -> !torch.int
    %again = "torch.aten.lt.int"(%i, %x) : (!torch.int, !torch.int) -> !torch.bool
    "torch.prim.Loop.condition"(%again) : (!torch.bool) -> ()
  }) : (!torch.int, !torch.bool) -> ()
  return
}

// No value of the result's type can be made for the other path.
// CHECK-LABEL: func.func @no_default
// CHECK: "torch.prim.Loop"
// CHECK: "torch.aten.cpu"
func.func @no_default(%t: !torch.vtensor<[],si64>, %n: !torch.int, %c: !torch.bool) {
  "torch.prim.Loop"(%n, %c) ({
  ^bb0(%i: !torch.int):
    %x = "torch.aten.cpu"(%t) : (!torch.vtensor<[],si64>) -> !torch.vtensor<[],si64>
    "unknown.use"(%x) : (!torch.vtensor<[],si64>) -> ()
    "torch.prim.Loop.condition"(%c) : (!torch.bool) -> ()
  }) : (!torch.int, !torch.bool) -> ()
  return
}
