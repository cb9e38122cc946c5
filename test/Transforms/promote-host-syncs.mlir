// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-promote-host-syncs="merge=true hoist=true" | FileCheck %s

// A chain of calls, the last one in a loop: one read in the entry.
// CHECK-LABEL: func.func @entry
// CHECK: %[[N:.*]] = capstan.item
// CHECK: scf.for
// CHECK: call @outer(%{{.*}}, %[[N]])
// CHECK-NOT: capstan.item
func.func @entry(%t: tensor<i32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    func.call @outer(%t) : (tensor<i32>) -> ()
  }
  return
}

// CHECK: func.func private @outer(%[[T:.*]]: tensor<i32>, %[[M:.*]]: i32)
// CHECK-COUNT-2: call @inner(%[[T]], %[[M]])
// CHECK: return
func.func private @outer(%t: tensor<i32>) {
  call @inner(%t) : (tensor<i32>) -> ()
  call @inner(%t) : (tensor<i32>) -> ()
  return
}

// CHECK: func.func private @inner(%{{.*}}: tensor<i32>, %[[K:.*]]: i32)
// CHECK-NEXT: "foo.use"(%[[K]])
func.func private @inner(%t: tensor<i32>) {
  %s = arith.addi %t, %t : tensor<i32>
  %n = capstan.item %s[] : tensor<i32>
  "foo.use"(%n) : (i32) -> ()
  return
}

// CHECK-LABEL: func.func @two_callers_a
// CHECK: capstan.item
// CHECK-LABEL: func.func @two_callers_b
// CHECK: capstan.item
func.func @two_callers_a(%t: tensor<i64>) {
  call @shared(%t) : (tensor<i64>) -> ()
  return
}
func.func @two_callers_b(%t: tensor<i64>) {
  call @shared(%t) : (tensor<i64>) -> ()
  return
}
// CHECK: func.func private @shared(%{{.*}}: tensor<i64>, %{{.*}}: i64)
func.func private @shared(%t: tensor<i64>) {
  %n = capstan.item %t[] : tensor<i64>
  "foo.use"(%n) : (i64) -> ()
  return
}

// The condition goes along.
// CHECK-LABEL: func.func @caller
// CHECK-SAME: %{{.*}}: tensor<i32>, %[[C:.*]]: i1
// CHECK: %[[N:.*]] = scf.if %[[C]]
// CHECK-NEXT: capstan.item
// CHECK: call @conditional(%{{.*}}, %[[C]], %[[N]])
func.func @caller(%t: tensor<i32>, %c: i1) {
  call @conditional(%t, %c) : (tensor<i32>, i1) -> ()
  return
}
// CHECK: func.func private @conditional
// CHECK-NOT: capstan.item
func.func private @conditional(%t: tensor<i32>, %c: i1) {
  scf.if %c {
    %n = capstan.item %t[] : tensor<i32>
    "foo.use"(%n) : (i32) -> ()
  }
  return
}

// The nonzero becomes a parameter; then the loop reads what only depends on
// parameters, and that follows.
// CHECK-LABEL: func.func @loop_caller
// CHECK: %[[Z:.*]] = "torch.aten.nonzero"
// CHECK: %[[N:.*]] = "torch.aten.Int.Tensor"
// CHECK: call @loop_callee(%{{.*}}, %[[Z]], %[[N]])
func.func @loop_caller(%t: !torch.vtensor<[?],si64>) {
  call @loop_callee(%t) : (!torch.vtensor<[?],si64>) -> ()
  return
}
// CHECK: func.func private @loop_callee
// CHECK-NOT: torch.aten.Int.Tensor
func.func private @loop_callee(%t: !torch.vtensor<[?],si64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %z = "torch.aten.nonzero"(%t) : (!torch.vtensor<[?],si64>) -> !torch.vtensor<[?,1],si64>
  scf.for %i = %c0 to %c8 step %c1 {
    %m = "torch.aten.max"(%z) : (!torch.vtensor<[?,1],si64>) -> !torch.vtensor<[],si64>
    %n = "torch.aten.Int.Tensor"(%m) : (!torch.vtensor<[],si64>) -> !torch.int
    "foo.use"(%n) : (!torch.int) -> ()
  }
  return
}
