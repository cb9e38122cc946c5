// RUN: capstan-opt %s --allow-unregistered-dialect --capstan-merge-host-syncs | FileCheck %s

// CHECK-LABEL: func.func @same_condition
func.func @same_condition(%t: tensor<i32>, %c: i1) {
  // CHECK: %[[N:.*]] = scf.if %{{.*}} -> (i32)
  // CHECK-COUNT-1: capstan.item
  // CHECK-NOT: capstan.item
  // CHECK: "foo.second"(%[[N]])
  scf.if %c {
    %a = capstan.item %t[] : tensor<i32>
    "foo.first"(%a) : (i32) -> ()
  }
  scf.if %c {
    %b = capstan.item %t[] : tensor<i32>
    "foo.second"(%b) : (i32) -> ()
  }
  return
}

// CHECK-LABEL: func.func @nested
// CHECK-COUNT-1: capstan.item
// CHECK-NOT: capstan.item
func.func @nested(%t: tensor<i32>, %c: i1, %d: i1) {
  scf.if %c {
    scf.if %d {
      %a = capstan.item %t[] : tensor<i32>
      "foo.use"(%a) : (i32) -> ()
    }
  }
  scf.if %d {
    scf.if %c {
      %a = capstan.item %t[] : tensor<i32>
      "foo.use"(%a) : (i32) -> ()
    }
  }
  return
}

// CHECK-LABEL: func.func @different
// CHECK-COUNT-3: capstan.item
func.func @different(%t: tensor<i32>, %c: i1, %d: i1) {
  scf.if %c {
    %a = capstan.item %t[] : tensor<i32>
    "foo.use"(%a) : (i32) -> ()
  }
  scf.if %d {
    %a = capstan.item %t[] : tensor<i32>
    "foo.use"(%a) : (i32) -> ()
  }
  // The other side.
  scf.if %c {
  } else {
    %a = capstan.item %t[] : tensor<i32>
    "foo.use"(%a) : (i32) -> ()
  }
  return
}

// CHECK-LABEL: func.func @both_sides
// CHECK-NEXT: capstan.item
// CHECK-NEXT: scf.if
// CHECK-NOT: capstan.item
func.func @both_sides(%t: tensor<i32>, %c: i1) {
  scf.if %c {
    %a = capstan.item %t[] : tensor<i32>
    "foo.use"(%a) : (i32) -> ()
  } else {
    %a = capstan.item %t[] : tensor<i32>
    "foo.use"(%a) : (i32) -> ()
  }
  return
}

// CHECK-LABEL: func.func @then_always
// CHECK-NEXT: capstan.item
// CHECK-NOT: capstan.item
func.func @then_always(%t: tensor<i32>, %c: i1) -> i32 {
  scf.if %c {
    %a = capstan.item %t[] : tensor<i32>
    "foo.use"(%a) : (i32) -> ()
  }
  %b = capstan.item %t[] : tensor<i32>
  return %b : i32
}
