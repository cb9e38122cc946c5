// The second read depends on the first, so they can't be one transfer. Their common block is in
// a region of an unregistered op, where MLIR doesn't check the order of definitions.

// RUN: rm -rf %t && mkdir %t
// RUN: capstan-opt --allow-unregistered-dialect %s --capstan-host-sync-pipeline='overlap=0 eliminate=0' > %t/after.mlir
// RUN: FileCheck %s < %t/after.mlir
// RUN: capstan-verify %s %t/after.mlir
// RUN: capstan-opt --allow-unregistered-dialect %t/after.mlir --capstan-host-sync-pipeline='overlap=0 eliminate=0' -o /dev/null

// CHECK: %[[N:.*]] = "torch.aten.Int.Tensor"
// CHECK: "torch.aten.ne.Scalar"(%{{.*}}, %[[N]])
// CHECK: torch.aten.Bool.Tensor

"builtin.module"() ({
  "func.func"() <{function_type = (!torch.vtensor<[?],si32>, !torch.vtensor<[?],si32>, !torch.vtensor<[?,8,64],bf16>, !torch.bool, !torch.int, !torch.tensor<[?],si32>, !torch.tensor<[?],si32>) -> (!torch.int, !torch.int), sym_name = "main"}> ({
  ^bb0(%arg0: !torch.vtensor<[?],si32>, %arg1: !torch.vtensor<[?],si32>, %arg2: !torch.vtensor<[?,8,64],bf16>, %arg3: !torch.bool, %arg4: !torch.int, %arg5: !torch.tensor<[?],si32>, %arg6: !torch.tensor<[?],si32>):
    "torch.prim.If"(%arg3) ({
      %0 = "torch.aten.min"(%arg0) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
      %1 = "torch.aten.Int.Tensor"(%0) : (!torch.vtensor<[],si32>) -> !torch.int
      %2 = "torch.aten.ne.Scalar"(%0, %1) : (!torch.vtensor<[],si32>, !torch.int) -> !torch.vtensor<[],i1>
      %3 = "torch.aten.Bool.Tensor"(%2) : (!torch.vtensor<[],i1>) -> !torch.bool
      %4 = "torch.prim.If"(%3) ({
        "torch.prim.If.yield"(%1) : (!torch.int) -> ()
      }, {
        "torch.prim.If.yield"(%1) : (!torch.int) -> ()
      }) : (!torch.bool) -> !torch.int
      "torch.prim.If.yield"() : () -> ()
    }, {
      "torch.prim.If.yield"() : () -> ()
    }) : (!torch.bool) -> ()
    "func.return"(%arg4, %arg4) : (!torch.int, !torch.int) -> ()
  }) : () -> ()
}) : () -> ()
