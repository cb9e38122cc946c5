// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-hoist-host-syncs | FileCheck %s

// CHECK-LABEL: func.func @known_trips
// CHECK: capstan.item
// CHECK-NEXT: scf.for
func.func @known_trips(%t: tensor<i32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  scf.for %i = %c0 to %c16 step %c1 {
    %n = capstan.item %t[] : tensor<i32>
    "foo.use"(%n) : (i32) -> ()
  }
  return
}

// With the slice that feeds it; what can't fail needs no guard.
// CHECK-LABEL: func.func @unknown_trips
// CHECK: %[[S:.*]] = arith.addi
// CHECK: %[[C:.*]] = arith.cmpi slt, %{{.*}}, %{{.*}} : index
// CHECK: %[[N:.*]] = scf.if %[[C]] -> (i32)
// CHECK-NEXT: capstan.item %[[S]]
// CHECK: else
// CHECK: scf.for
// CHECK-NEXT: "foo.use"(%[[N]])
func.func @unknown_trips(%t: tensor<i32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %s = arith.addi %t, %t : tensor<i32>
    %x = capstan.item %s[] : tensor<i32>
    "foo.use"(%x) : (i32) -> ()
  }
  return
}

// CHECK-LABEL: func.func @outermost_invariant_level
// CHECK: scf.for
// CHECK-NEXT: tensor.splat
// CHECK-NEXT: capstan.item
// CHECK-NEXT: scf.for
// CHECK-NEXT: scf.for
func.func @outermost_invariant_level() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    scf.for %j = %c0 to %c4 step %c1 {
      scf.for %k = %c0 to %c4 step %c1 {
        %p = tensor.splat %i : tensor<index>
        %x = capstan.item %p[] : tensor<index>
        "foo.use"(%x) : (index) -> ()
      }
    }
  }
  return
}

// CHECK-LABEL: func.func @condition
// CHECK-NEXT: capstan.item
// CHECK-NEXT: scf.while
func.func @condition(%t: tensor<i1>) {
  scf.while : () -> () {
    %c = capstan.item %t[] : tensor<i1>
    scf.condition(%c)
  } do {
    scf.yield
  }
  return
}

// CHECK-LABEL: func.func @forall
// CHECK: capstan.item
// CHECK: scf.forall
func.func @forall(%t: tensor<i32>) {
  scf.forall (%i) in (4) {
    %n = capstan.item %t[] : tensor<i32>
    "foo.use"(%n) : (i32) -> ()
  }
  return
}

// The branch's condition goes with it.
// CHECK-LABEL: func.func @branch
// CHECK: scf.if
// CHECK: capstan.item
// CHECK: scf.for
// CHECK-NOT: capstan.item
func.func @branch(%t: tensor<i32>, %c: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    scf.if %c {
      %n = capstan.item %t[] : tensor<i32>
      "foo.use"(%n) : (i32) -> ()
    }
  }
  return
}
