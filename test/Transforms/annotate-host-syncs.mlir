// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-annotate-host-syncs | FileCheck %s
// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-annotate-host-syncs \
// RUN:   --capstan-annotate-host-syncs | FileCheck %s

// Called twice in a loop of four trips, and once outside.
// CHECK-LABEL: func.func private @layer
func.func private @layer(%max: tensor<i32>) -> i32 {
  // CHECK: capstan.item
  // CHECK-SAME: capstan.sync = {function = "layer", kind = "item", weight = 9 : i64}
  %n = capstan.item %max[] : tensor<i32>
  return %n : i32
}

// CHECK-LABEL: func.func @main
func.func @main(%max: tensor<i32>, %lens: tensor<4xi32>, %cond: i1, %trips: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c10 = arith.constant 10 : index
  func.call @layer(%max) : (tensor<i32>) -> i32
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    func.call @layer(%max) : (tensor<i32>) -> i32
    func.call @layer(%max) : (tensor<i32>) -> i32
  }
  // Not raised yet.
  // CHECK: tensor.extract {{.*}}capstan.sync = {function = "main", kind = "item", weight = 1 : i64}
  %a = tensor.extract %max[] : tensor<i32>
  // CHECK: capstan.to_host {{.*}}kind = "copy", weight = 1
  %h = capstan.to_host %lens : tensor<4xi32> -> tensor<4xi32, #capstan.host>
  // Known on the host.
  // CHECK: tensor.extract
  // CHECK-NOT: capstan.sync
  // CHECK: scf.for
  %b = tensor.extract %h[%c0] : tensor<4xi32, #capstan.host>
  // Trips are 0, 3, 6, 9.
  scf.for %i = %c0 to %c10 step %c3 {
    // CHECK: scf.forall
    scf.forall (%j, %k) in (2, 5) {
      // CHECK: capstan.fetch {{.*}}kind = "fetch", weight = 40
      %x, %y = capstan.fetch %max, %lens ["item", "copy"]
        : (tensor<i32>, tensor<4xi32>) -> (i32, tensor<4xi32, #capstan.host>)
    }
    // Device code.
    // CHECK: linalg.generic
    // CHECK-NOT: capstan.sync
    // CHECK: linalg.yield
    %g = linalg.generic {
        indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
        outs(%lens : tensor<4xi32>) {
    ^bb0(%out: i32):
      %v = tensor.extract %max[] : tensor<i32>
      linalg.yield %v : i32
    } -> tensor<4xi32>
  }
  // A loop that never runs.
  // CHECK: capstan.item {{.*}}weight = 0
  scf.for %i = %c4 to %c4 step %c1 {
    %n = capstan.item %max[] : tensor<i32>
  }
  // CHECK: capstan.item
  // CHECK-SAME: unknown = ["trips of scf.for in @main"], weight = 1
  scf.for %i = %c0 to %trips step %c1 {
    // CHECK: scf.if
    // CHECK: capstan.item
    // CHECK-SAME: unknown = ["trips of scf.for in @main"], weight = 1
    %n = capstan.item %max[] : tensor<i32>
    scf.if %cond {
      %m = capstan.item %max[] : tensor<i32>
    }
  }
  // CHECK: scf.while
  scf.while : () -> () {
    // CHECK: capstan.item
    // CHECK-SAME: unknown = ["trips of scf.while in @main"], weight = 1
    %n = capstan.item %max[] : tensor<i32>
    %more = arith.cmpi sgt, %n, %a : i32
    scf.condition(%more)
  } do {
    scf.yield
  }
  return
}

// A loop of branches.
// CHECK-LABEL: func.func @cfg
func.func @cfg(%max: tensor<i32>) -> i32 {
  // CHECK: capstan.item {{.*}}function = "cfg", kind = "item", weight = 1
  %n = capstan.item %max[] : tensor<i32>
  cf.br ^loop
^loop:
  // CHECK: capstan.item
  // CHECK-SAME: unknown = ["trips of a loop of branches in @cfg"], weight = 1
  %m = capstan.item %max[] : tensor<i32>
  %more = arith.cmpi sgt, %m, %n : i32
  cf.cond_br %more, ^loop, ^exit
^exit:
  // CHECK: capstan.item {{.*}}function = "cfg", kind = "item", weight = 1
  %l = capstan.item %max[] : tensor<i32>
  return %l : i32
}

// CHECK-LABEL: func.func private @recursive
func.func private @recursive(%max: tensor<i32>) {
  // CHECK: capstan.item
  // CHECK-SAME: unknown = ["recursion in @recursive"], weight = 2
  %n = capstan.item %max[] : tensor<i32>
  func.call @recursive(%max) : (tensor<i32>) -> ()
  return
}
func.func @calls_recursive(%max: tensor<i32>) {
  call @recursive(%max) : (tensor<i32>) -> ()
  call @recursive(%max) : (tensor<i32>) -> ()
  return
}

// CHECK-LABEL: func.func private @escapes
func.func private @escapes(%max: tensor<i32>) {
  // CHECK: capstan.item
  // CHECK-SAME: unknown = ["indirect calls in @escapes"], weight = 1
  %n = capstan.item %max[] : tensor<i32>
  return
}
func.func @indirect() {
  "foreign.call"() {callee = @escapes} : () -> ()
  return
}

// CHECK-LABEL: func.func private @dead
func.func private @dead(%max: tensor<i32>) {
  // CHECK: capstan.item {{.*}}weight = 0
  %n = capstan.item %max[] : tensor<i32>
  return
}

// CHECK-LABEL: func.func @overlapped
func.func @overlapped(%max: tensor<i32>) -> i32 {
  // CHECK: capstan.fetch.start
  // CHECK-NOT: capstan.sync
  // CHECK: capstan.fetch.wait {{.*}}kind = "fetch", weight = 1
  %f = capstan.fetch.start %max ["item"] : (tensor<i32>) -> !capstan.future<i32>
  %n = capstan.fetch.wait %f : !capstan.future<i32> -> i32
  return %n : i32
}

// The source of a read may be on the CPU: that is no sync.
// CHECK-LABEL: func.func @foreign
func.func @foreign(%lens: !torch.vtensor<[4],si32>, %max: !torch.vtensor<[],si32>) {
  %one = "torch.constant.int"() <{value = 1 : i64}> : () -> !torch.int
  %three = "torch.constant.int"() <{value = 3 : i64}> : () -> !torch.int
  %true = "torch.constant.bool"() <{value = true}> : () -> !torch.bool
  %literal = "torch.prim.NumToTensor.Scalar"(%one) : (!torch.int) -> !torch.vtensor<[],si64>
  // CHECK: "torch.aten.Int.Tensor"
  // CHECK-NOT: capstan.sync
  // CHECK: "torch.prim.Loop"
  %host = "torch.aten.Int.Tensor"(%literal) : (!torch.vtensor<[],si64>) -> !torch.int
  "torch.prim.Loop"(%three, %true) ({
  ^bb0(%i: !torch.int):
    // CHECK: "torch.aten.Int.Tensor"
    // CHECK-SAME: capstan.sync = {function = "foreign", kind = "int", weight = 3 : i64}
    %n = "torch.aten.Int.Tensor"(%max) : (!torch.vtensor<[],si32>) -> !torch.int
    "torch.prim.Loop.condition"(%true) : (!torch.bool) -> ()
  }) : (!torch.int, !torch.bool) -> ()
  return
}
