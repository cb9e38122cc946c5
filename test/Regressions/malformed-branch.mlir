// A branch that is not what its model says is a barrier.

// RUN: capstan-opt %s --allow-unregistered-dialect \
// RUN:   --capstan-host-sync-pipeline="coalesce=false overlap=false eliminate=false" | FileCheck %s

// CHECK-LABEL: func.func @no_block
// CHECK-COUNT-2: "torch.aten.Int.Tensor"
func.func @no_block(%c: !torch.bool, %t: !torch.vtensor<[],si64>) {
  "torch.prim.If"(%c) ({
    %a = "torch.aten.Int.Tensor"(%t) : (!torch.vtensor<[],si64>) -> !torch.int
    "unknown.use"(%a) : (!torch.int) -> ()
  }, {
  }) : (!torch.bool) -> ()
  "torch.prim.If"(%c) ({
    %a = "torch.aten.Int.Tensor"(%t) : (!torch.vtensor<[],si64>) -> !torch.int
    "unknown.use"(%a) : (!torch.int) -> ()
  }, {
  }) : (!torch.bool) -> ()
  return
}

// CHECK-LABEL: func.func @no_yield
// CHECK-COUNT-2: "torch.aten.Int.Tensor"
func.func @no_yield(%c: !torch.bool, %t: !torch.vtensor<[],si64>) {
  "torch.prim.If"(%c) ({
  ^bb0:
  }, {
    %a = "torch.aten.Int.Tensor"(%t) : (!torch.vtensor<[],si64>) -> !torch.int
    "unknown.use"(%a) : (!torch.int) -> ()
    "torch.prim.If.yield"() : () -> ()
  }) : (!torch.bool) -> ()
  "torch.prim.If"(%c) ({
  ^bb0:
  }, {
    %a = "torch.aten.Int.Tensor"(%t) : (!torch.vtensor<[],si64>) -> !torch.int
    "unknown.use"(%a) : (!torch.int) -> ()
    "torch.prim.If.yield"() : () -> ()
  }) : (!torch.bool) -> ()
  return
}

// CHECK-LABEL: func.func @two_blocks
// CHECK-COUNT-2: "torch.aten.Int.Tensor"
func.func @two_blocks(%c: !torch.bool, %t: !torch.vtensor<[],si64>) {
  "torch.prim.If"(%c) ({
    %a = "torch.aten.Int.Tensor"(%t) : (!torch.vtensor<[],si64>) -> !torch.int
    "unknown.use"(%a) : (!torch.int) -> ()
    "torch.prim.If.yield"() : () -> ()
  }, {
    cf.br ^bb1
  ^bb1:
    "torch.prim.If.yield"() : () -> ()
  }) : (!torch.bool) -> ()
  "torch.prim.If"(%c) ({
    %a = "torch.aten.Int.Tensor"(%t) : (!torch.vtensor<[],si64>) -> !torch.int
    "unknown.use"(%a) : (!torch.int) -> ()
    "torch.prim.If.yield"() : () -> ()
  }, {
    "torch.prim.If.yield"() : () -> ()
  }) : (!torch.bool) -> ()
  return
}
