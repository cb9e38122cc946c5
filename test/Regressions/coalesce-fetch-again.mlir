// A second run finds a fetch and a read that depends on it.

// RUN: rm -rf %t && mkdir %t
// RUN: capstan-opt --allow-unregistered-dialect %s --capstan-host-sync-pipeline='' > %t/after.mlir
// RUN: FileCheck %s < %t/after.mlir
// RUN: capstan-verify %s %t/after.mlir
// RUN: capstan-opt --allow-unregistered-dialect %t/after.mlir --capstan-host-sync-pipeline='' -o /dev/null

// CHECK: return

"builtin.module"() ({
  "func.func"() <{function_type = (!torch.vtensor<[?],si32>, !torch.vtensor<[?,8,64],bf16>, !torch.bool, !torch.tensor<[?],si32>, !torch.tensor<[?],si32>) -> (!torch.int, !torch.int), sym_name = "main"}> ({
  ^bb0(%arg0: !torch.vtensor<[?],si32>, %arg1: !torch.vtensor<[?,8,64],bf16>, %arg2: !torch.bool, %arg3: !torch.tensor<[?],si32>, %arg4: !torch.tensor<[?],si32>):
    %0 = "torch.constant.none"() : () -> !torch.none
    %1 = "torch.aten.min"(%arg0) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
    %2 = "torch.aten.Float.Tensor"(%1) : (!torch.vtensor<[],si32>) -> !torch.float
    %3 = "torch.aten.Int.float"(%2) : (!torch.float) -> !torch.int
    %4 = "torch.aten.Int.Tensor"(%1) : (!torch.vtensor<[],si32>) -> !torch.int
    %5 = "torch.prim.ListConstruct"() : () -> !torch.list<int>
    %6 = "torch.aten.full"(%5, %4, %0, %0, %0, %0) : (!torch.list<int>, !torch.int, !torch.none, !torch.none, !torch.none, !torch.none) -> !torch.vtensor<[],si64>
    %7 = "torch.aten.Int.Tensor"(%6) : (!torch.vtensor<[],si64>) -> !torch.int
    "func.return"(%7, %7) : (!torch.int, !torch.int) -> ()
  }) : () -> ()
}) : () -> ()
