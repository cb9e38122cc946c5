// The guard of a first trip compares with zero: no guard where the default of the
// type is something else, or missing.

// RUN: split-file %s %t
// RUN: capstan-opt %t/input.mlir --allow-unregistered-dialect --capstan-hoist-host-syncs \
// RUN:   | FileCheck %t/input.mlir --check-prefix=ZERO
// RUN: capstan-opt %t/input.mlir --allow-unregistered-dialect --capstan-hoist-host-syncs \
// RUN:   --capstan-op-models=%t/five.mlir | FileCheck %t/input.mlir
// RUN: capstan-opt %t/input.mlir --allow-unregistered-dialect --capstan-hoist-host-syncs \
// RUN:   --capstan-op-models=%t/none.mlir | FileCheck %t/input.mlir

//--- input.mlir
// ZERO: "torch.aten.Float.Tensor"
// ZERO: "torch.prim.Loop"
// CHECK: "torch.prim.Loop"
// CHECK: "torch.aten.Float.Tensor"
func.func @f(%n: !torch.int, %true: !torch.bool, %t: !torch.vtensor<[],f32>) {
  "torch.prim.Loop"(%n, %true) ({
  ^bb0(%i: !torch.int):
    %b = "torch.aten.Float.Tensor"(%t) : (!torch.vtensor<[],f32>) -> !torch.float
    "unknown.use"(%b) : (!torch.float) -> ()
    "torch.prim.Loop.condition"(%true) : (!torch.bool) -> ()
  }) : (!torch.int, !torch.bool) -> ()
  return
}
//--- five.mlir
module {
  capstan.foreign_type "torch.int" {kind = host, default = {op = "torch.constant.int", attrs = {value = 5 : i64}}}
}
//--- none.mlir
module {
  capstan.foreign_type "torch.int" {kind = host}
}
