// A read that moves above branches stands for those in all of them.

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-host-sync-pipeline="coalesce=0 overlap=0 eliminate=0" -o %t
// RUN: FileCheck %s < %t
// RUN: capstan-verify %s %t

// CHECK-LABEL: @main
// CHECK: torch.aten.Int.Tensor
// CHECK-NOT: torch.aten.Int.Tensor

func.func @main(%arg0: !torch.vtensor<[?],si32>, %arg1: !torch.vtensor<[?,8,64],bf16>, %arg2: !torch.bool, %arg3: !torch.tensor<[?],si32>, %arg4: !torch.tensor<[?],si32>) -> !torch.vtensor<[?,8,64],bf16> {
  %0 = "torch.prim.If"(%arg2) ({
    %3 = "torch.aten.max"(%arg0) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
    %4 = "torch.aten.Int.Tensor"(%3) : (!torch.vtensor<[],si32>) -> !torch.int
    "torch.prim.If.yield"(%4) : (!torch.int) -> ()
  }, {
    %3 = "torch.prim.If"(%arg2) ({
      "torch.prim.If.yield"(%arg1) : (!torch.vtensor<[?,8,64],bf16>) -> ()
    }, {
      %5 = "torch.aten.max"(%arg0) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
      %6 = "torch.aten.Int.Tensor"(%5) : (!torch.vtensor<[],si32>) -> !torch.int
      "torch.prim.If.yield"(%arg1) : (!torch.vtensor<[?,8,64],bf16>) -> ()
    }) : (!torch.bool) -> !torch.vtensor<[?,8,64],bf16>
    %4 = "torch.constant.int"() <{value = 3 : i64}> : () -> !torch.int
    "torch.prim.If.yield"(%4) : (!torch.int) -> ()
  }) : (!torch.bool) -> !torch.int
  %1 = "torch.aten.max"(%arg0) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
  %2 = "torch.aten.Int.Tensor"(%1) : (!torch.vtensor<[],si32>) -> !torch.int
  return %arg1 : !torch.vtensor<[?,8,64],bf16>
}
