// A check on a path on which another one has failed may go.

// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-host-sync-pipeline="merge=1 promote=1 hoist=0 coalesce=1 overlap=1 eliminate=1" -o %t
// RUN: capstan-verify %s %t

func.func @main(%arg0: !torch.vtensor<[?],si32>, %arg1: !torch.vtensor<[?],si32>, %arg2: !torch.vtensor<[?,8,64],bf16>, %arg3: !torch.bool, %arg4: !torch.int) -> (!torch.vtensor<[?,8,64],bf16>, !torch.int) {
  %0 = "torch.aten.max"(%arg1) : (!torch.vtensor<[?],si32>) -> !torch.vtensor<[],si32>
  %1 = "torch.aten.Float.Tensor"(%0) : (!torch.vtensor<[],si32>) -> !torch.float
  %2 = "torch.aten.Int.bool"(%arg3) : (!torch.bool) -> !torch.int
  %3 = "torch.constant.str"() <{value = "Runtime assertion failed for u1"}> : () -> !torch.str
  "torch.aten._assert_scalar"(%2, %3) : (!torch.int, !torch.str) -> ()
  "torch.prim.If"(%arg3) ({
    "torch.prim.If.yield"() : () -> ()
  }, {
    %4 = "torch.aten.Int.bool"(%arg3) : (!torch.bool) -> !torch.int
    "torch.aten._assert_scalar"(%4, %3) : (!torch.int, !torch.str) -> ()
    "torch.prim.If.yield"() : () -> ()
  }) : (!torch.bool) -> ()
  return %arg2, %2 : !torch.vtensor<[?,8,64],bf16>, !torch.int
}
