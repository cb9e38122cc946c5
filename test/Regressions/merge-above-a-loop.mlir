// A read that moves out of a loop in a branch stands for that in the other branch.

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-host-sync-pipeline="coalesce=0 overlap=0 eliminate=0" -o %t
// RUN: FileCheck %s < %t
// RUN: capstan-verify %s %t

// CHECK-LABEL: @main
// CHECK: torch.aten.Int.Tensor
// CHECK-NOT: torch.aten.Int.Tensor

func.func @main(%arg0: !torch.vtensor<[?],si32>, %arg1: !torch.vtensor<[?,8,64],bf16>, %arg2: !torch.bool, %arg3: !torch.int) -> (!torch.vtensor<[?,8,64],bf16>, !torch.int) {
  %0 = "torch.aten.max"(%arg0) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
  %1 = "torch.prim.If"(%arg2) ({
    %3 = "torch.aten.Int.Tensor"(%0) : (!torch.vtensor<[],si32>) -> !torch.int
    "torch.prim.If.yield"(%arg3) : (!torch.int) -> ()
  }, {
    %3 = "torch.prim.Loop"(%arg3, %arg2, %arg3) ({
    ^bb0(%arg4: !torch.int, %arg5: !torch.int):
      %4 = "torch.aten.Int.Tensor"(%0) : (!torch.vtensor<[],si32>) -> !torch.int
      "torch.prim.Loop.condition"(%arg2, %4) : (!torch.bool, !torch.int) -> ()
    }) : (!torch.int, !torch.bool, !torch.int) -> !torch.int
    "torch.prim.If.yield"(%arg3) : (!torch.int) -> ()
  }) : (!torch.bool) -> !torch.int
  %2 = "torch.aten.Int.Tensor"(%0) : (!torch.vtensor<[],si32>) -> !torch.int
  return %arg1, %2 : !torch.vtensor<[?,8,64],bf16>, !torch.int
}
