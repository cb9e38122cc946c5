// Two bound operands take the same size: its constant and the size go before both.

// RUN: rm -rf %t && mkdir %t
// RUN: capstan-opt --allow-unregistered-dialect %s --capstan-host-sync-pipeline='overlap=0' > %t/after.mlir
// RUN: FileCheck %s < %t/after.mlir
// RUN: capstan-verify %s %t/after.mlir
// RUN: capstan-opt --allow-unregistered-dialect %t/after.mlir --capstan-host-sync-pipeline='overlap=0' -o /dev/null

// CHECK: torch.aten.size.int
// CHECK: torch.varlen.attention
// CHECK: torch.varlen.attention

"builtin.module"() ({
  "func.func"() <{function_type = (!torch.vtensor<[?],si32>, !torch.vtensor<[?,8,64],bf16>, !torch.bool, !torch.int, !torch.tensor<[?],si32>) -> (!torch.vtensor<[?,8,64],bf16>, !torch.int), sym_name = "main"}> ({
  ^bb0(%arg0: !torch.vtensor<[?],si32>, %arg1: !torch.vtensor<[?,8,64],bf16>, %arg2: !torch.bool, %arg3: !torch.int, %arg4: !torch.tensor<[?],si32>):
    %0 = "torch.aten.max"(%arg0) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
    %1 = "torch.aten.Int.Tensor"(%0) : (!torch.vtensor<[],si32>) -> !torch.int
    %2 = "torch.constant.float"() <{value = 1.250000e-01 : f64}> : () -> !torch.float
    %3 = "torch.operator"(%arg1, %arg1, %arg1, %arg0, %1, %2) <{name = "torch.varlen.attention"}> : (!torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?],si32>, !torch.int, !torch.float) -> !torch.vtensor<[?,8,64],bf16>
    %4 = "torch.operator"(%3, %3, %3, %arg0, %1, %2) <{name = "torch.varlen.attention"}> : (!torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?,8,64],bf16>, !torch.vtensor<[?],si32>, !torch.int, !torch.float) -> !torch.vtensor<[?,8,64],bf16>
    %5 = "torch.aten.Int.float"(%2) : (!torch.float) -> !torch.int
    "func.return"(%3, %5) : (!torch.vtensor<[?,8,64],bf16>, !torch.int) -> ()
  }) : () -> ()
}) : () -> ()
