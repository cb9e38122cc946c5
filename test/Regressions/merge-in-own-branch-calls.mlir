// The same after promotion through nested branches: the branch was rebuilt while reads in it
// still used its results.

// RUN: rm -rf %t && mkdir %t
// RUN: capstan-opt --allow-unregistered-dialect %s --capstan-host-sync-pipeline='coalesce=0 overlap=0 eliminate=0' > %t/after.mlir
// RUN: FileCheck %s < %t/after.mlir
// RUN: capstan-verify %s %t/after.mlir
// RUN: capstan-opt --allow-unregistered-dialect %t/after.mlir --capstan-host-sync-pipeline='coalesce=0 overlap=0 eliminate=0' -o /dev/null

// CHECK-LABEL: @layer0
// CHECK-LABEL: @main
// CHECK: torch.aten.Int.Tensor

"builtin.module"() ({
  "func.func"() <{function_type = (!torch.vtensor<[?],si32>, !torch.vtensor<[?,8,64],bf16>, !torch.bool) -> (!torch.vtensor<[?,8,64],bf16>, !torch.int), sym_name = "layer0", sym_visibility = "private"}> ({
  ^bb0(%arg0: !torch.vtensor<[?],si32>, %arg1: !torch.vtensor<[?,8,64],bf16>, %arg2: !torch.bool):
    %0 = "torch.aten.max"(%arg0) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
    %1 = "torch.aten.Int.Tensor"(%0) : (!torch.vtensor<[],si32>) -> !torch.int
    %2 = "torch.aten.min"(%arg0) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
    %3 = "torch.aten.Int.Tensor"(%2) : (!torch.vtensor<[],si32>) -> !torch.int
    %4 = "torch.prim.If"(%arg2) ({
      "torch.prim.If.yield"(%3) : (!torch.int) -> ()
    }, {
      %5 = "torch.aten.gt.Scalar"(%arg0, %3) : (!torch.vtensor<[?],si32>, !torch.int) -> !torch.vtensor<[?],i1>
      %6 = "torch.aten.nonzero"(%5) : (!torch.vtensor<[?],i1>) -> !torch.vtensor<[?,1],si64>
      "torch.prim.If.yield"(%3) : (!torch.int) -> ()
    }) : (!torch.bool) -> !torch.int
    "func.return"(%arg1, %4) : (!torch.vtensor<[?,8,64],bf16>, !torch.int) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (!torch.vtensor<[?],si32>, !torch.vtensor<[?,8,64],bf16>, !torch.bool) -> (!torch.int, !torch.int), sym_name = "main"}> ({
  ^bb0(%arg3: !torch.vtensor<[?],si32>, %arg4: !torch.vtensor<[?,8,64],bf16>, %arg5: !torch.bool):
    %7 = "torch.prim.If"(%arg5) ({
      %8 = "torch.prim.If"(%arg5) ({
        %9:2 = "func.call"(%arg3, %arg4, %arg5) <{callee = @layer0}> : (!torch.vtensor<[?],si32>, !torch.vtensor<[?,8,64],bf16>, !torch.bool) -> (!torch.vtensor<[?,8,64],bf16>, !torch.int)
        %10 = "torch.aten.select.int"(%arg3, %9#1, %9#1) : (!torch.vtensor<[?],si32>, !torch.int, !torch.int) -> !torch.vtensor<[],si32>
        %11 = "torch.aten.Int.Tensor"(%10) : (!torch.vtensor<[],si32>) -> !torch.int
        "torch.prim.If.yield"(%arg4) : (!torch.vtensor<[?,8,64],bf16>) -> ()
      }, {
        %12:2 = "func.call"(%arg3, %arg4, %arg5) <{callee = @layer0}> : (!torch.vtensor<[?],si32>, !torch.vtensor<[?,8,64],bf16>, !torch.bool) -> (!torch.vtensor<[?,8,64],bf16>, !torch.int)
        "torch.prim.If.yield"(%12#0) : (!torch.vtensor<[?,8,64],bf16>) -> ()
      }) : (!torch.bool) -> !torch.vtensor<[?,8,64],bf16>
      %13 = "torch.aten.max"(%arg3) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
      %14 = "torch.aten.Int.Tensor"(%13) : (!torch.vtensor<[],si32>) -> !torch.int
      %15 = "torch.aten.lt.Scalar"(%13, %14) : (!torch.vtensor<[],si32>, !torch.int) -> !torch.vtensor<[],i1>
      "torch.prim.If.yield"(%arg4) : (!torch.vtensor<[?,8,64],bf16>) -> ()
    }, {
      "torch.prim.If.yield"(%arg4) : (!torch.vtensor<[?,8,64],bf16>) -> ()
    }) : (!torch.bool) -> !torch.vtensor<[?,8,64],bf16>
    %16 = "torch.constant.int"() <{value = 1 : i64}> : () -> !torch.int
    "func.return"(%16, %16) : (!torch.int, !torch.int) -> ()
  }) : () -> ()
}) : () -> ()
