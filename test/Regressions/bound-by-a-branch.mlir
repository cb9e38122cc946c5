// The size that bounds an operand is that of a value which a branch hands out, in that branch.

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-host-sync-pipeline -o %t
// RUN: capstan-verify %s %t

func.func @layer0(%arg0: !torch.vtensor<[?],si32>, %arg1: !torch.vtensor<[?],si32>, %arg2: !torch.vtensor<[?,8,64],bf16>, %arg3: !torch.bool, %arg4: !torch.int) -> !torch.vtensor<[?,8,64],bf16> {
  %0 = "torch.prim.If"(%arg3) ({
    %1 = "torch.aten.max"(%arg1) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
    %2 = "torch.aten.Int.Tensor"(%1) : (!torch.vtensor<[],si32>) -> !torch.int
    %3 = "torch.constant.float"() <{value = 1.250000e-01 : f64}> : () -> !torch.float
    %4 = "torch.operator"(%arg2, %arg2, %arg2, %arg1, %2, %3) <{name = "torch.varlen.attention"}> : (!torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?],si32>, !torch.int, !torch.float) -> !torch.vtensor<[?,8,64],bf16>
    "torch.prim.If.yield"(%4) : (!torch.vtensor<[?,8,64],bf16>) -> ()
  }, {
    "torch.prim.If.yield"(%arg2) : (!torch.vtensor<[?,8,64],bf16>) -> ()
  }) : (!torch.bool) -> !torch.vtensor<[?,8,64],bf16>
  return %0 : !torch.vtensor<[?,8,64],bf16>
}
func.func @main(%arg0: !torch.vtensor<[?],si32>, %arg1: !torch.vtensor<[?],si32>, %arg2: !torch.vtensor<[?,8,64],bf16>, %arg3: !torch.bool, %arg4: !torch.int) -> (!torch.int, !torch.int) {
  %0 = call @layer0(%arg0, %arg1, %arg2, %arg3, %arg4) : (!torch.vtensor<[?],si32>, !torch.vtensor<[?],si32>, !torch.vtensor<[?,8,64],bf16>, !torch.bool, !torch.int) -> !torch.vtensor<[?,8,64],bf16>
  %1 = call @layer0(%arg0, %arg0, %0, %arg3, %arg4) : (!torch.vtensor<[?],si32>, !torch.vtensor<[?],si32>, !torch.vtensor<[?,8,64],bf16>, !torch.bool, !torch.int) -> !torch.vtensor<[?,8,64],bf16>
  return %arg4, %arg4 : !torch.int, !torch.int
}
