// Arithmetic on a condition is the same inside the branch that decides it.

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-host-sync-pipeline="coalesce=0 overlap=0 eliminate=0" -o %t
// RUN: capstan-verify %s %t

func.func private @layer0(%arg0: !torch.vtensor<[?],si32>, %arg1: !torch.vtensor<[?],si32>, %arg2: !torch.vtensor<[?,8,64],bf16>, %arg3: !torch.bool, %arg4: !torch.int) -> !torch.vtensor<[?,8,64],bf16> {
  %0 = "torch.aten.Int.bool"(%arg3) : (!torch.bool) -> !torch.int
  %1 = "torch.prim.Loop"(%0, %arg3, %arg2) ({
  ^bb0(%arg5: !torch.int, %arg6: !torch.vtensor<[?,8,64],bf16>):
    %2 = "torch.aten.max"(%arg1) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
    %3 = "torch.aten.Int.Tensor"(%2) : (!torch.vtensor<[],si32>) -> !torch.int
    "torch.prim.Loop.condition"(%arg3, %arg6) : (!torch.bool, !torch.vtensor<[?,8,64],bf16>) -> ()
  }) : (!torch.int, !torch.bool, !torch.vtensor<[?,8,64],bf16>) -> !torch.vtensor<[?,8,64],bf16>
  return %arg2 : !torch.vtensor<[?,8,64],bf16>
}
func.func @main(%arg0: !torch.vtensor<[?],si32>, %arg1: !torch.vtensor<[?],si32>, %arg2: !torch.vtensor<[?,8,64],bf16>, %arg3: !torch.bool, %arg4: !torch.int) -> (!torch.vtensor<[?,8,64],bf16>, !torch.int) {
  %0 = call @layer0(%arg0, %arg1, %arg2, %arg3, %arg4) : (!torch.vtensor<[?],si32>, !torch.vtensor<[?],si32>, !torch.vtensor<[?,8,64],bf16>, !torch.bool, !torch.int) -> !torch.vtensor<[?,8,64],bf16>
  return %0, %arg4 : !torch.vtensor<[?,8,64],bf16>, !torch.int
}
