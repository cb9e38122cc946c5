// A read and the one that it is equal to stand in the same branch op, the first under a
// condition inside it: the value can't come from that op's own results.

// RUN: rm -rf %t && mkdir %t
// RUN: capstan-opt --allow-unregistered-dialect %s --capstan-host-sync-pipeline='coalesce=0 overlap=0 eliminate=0' > %t/after.mlir
// RUN: FileCheck %s < %t/after.mlir
// RUN: capstan-verify %s %t/after.mlir
// RUN: capstan-opt --allow-unregistered-dialect %t/after.mlir --capstan-host-sync-pipeline='coalesce=0 overlap=0 eliminate=0' -o /dev/null

// CHECK-LABEL: @layer0
// CHECK: torch.aten.Int.Tensor

"builtin.module"() ({
  "func.func"() <{function_type = (!torch.vtensor<[?],si32>, !torch.vtensor<[?,8,64],bf16>, !torch.bool, !torch.int) -> (!torch.vtensor<[?,8,64],bf16>, !torch.int), sym_name = "layer0", sym_visibility = "private"}> ({
  ^bb0(%arg0: !torch.vtensor<[?],si32>, %arg1: !torch.vtensor<[?,8,64],bf16>, %arg2: !torch.bool, %arg3: !torch.int):
    %0 = "torch.aten.max"(%arg0) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
    %1 = "torch.prim.If"(%arg2) ({
      %2 = "torch.aten.Int.Tensor"(%0) : (!torch.vtensor<[],si32>) -> !torch.int
    }, {
      %3 = "torch.prim.If"(%arg2) ({
        %4:2 = "torch.prim.Loop"(%arg3, %arg2, %arg3, %arg1) ({
        ^bb0(%arg4: !torch.int, %arg5: !torch.int, %arg6: !torch.vtensor<[?,8,64],bf16>):
          %5 = "torch.aten.Int.Tensor"(%0) : (!torch.vtensor<[],si32>) -> !torch.int
          %6 = "torch.constant.float"() <{value = 1.250000e-01 : f64}> : () -> !torch.float
          %7 = "torch.operator"(%arg1, %arg1, %arg1, %arg0, %5, %6) <{name = "torch.varlen.attention"}> : (!torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?],si32>, !torch.int, !torch.float) -> !torch.vtensor<[?,8,64],bf16>
        }) : (!torch.int, !torch.bool, !torch.int, !torch.vtensor<[?,8,64],bf16>) -> (!torch.int, !torch.vtensor<[?,8,64],bf16>)
        "torch.prim.If.yield"(%4#1) : (!torch.vtensor<[?,8,64],bf16>) -> ()
      }, {
        "torch.prim.If.yield"(%arg1) : (!torch.vtensor<[?,8,64],bf16>) -> ()
      }) : (!torch.bool) -> !torch.vtensor<[?,8,64],bf16>
      "torch.prim.If.yield"(%arg3) : (!torch.int) -> ()
    }) : (!torch.bool) -> !torch.int
    "func.return"(%arg1, %1) : (!torch.vtensor<[?,8,64],bf16>, !torch.int) -> ()
  }) : () -> ()
}) : () -> ()
